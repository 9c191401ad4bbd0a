# SPDX-License-Identifier: MIT
"""A visitor is known by the hash of a token that only their browser holds."""

import hashlib
import re

TOKEN = re.compile(r"[0-9a-f]{32}")


def subject_hash(site: str, token: str) -> bytes:
    """SHA-256("consent-ledger/visitor/v1\\n" || site || "\\n" || the token's 16 bytes), 32 bytes.

    Requires *token* as 32 lower-case hexadecimal digits.
    """
    return hashlib.sha256(
        b"consent-ledger/visitor/v1\n" + site.encode() + b"\n" + bytes.fromhex(token)
    ).digest()
