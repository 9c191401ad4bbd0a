# SPDX-License-Identifier: MIT
"""Marks of what was erased, so that a browser which still has it queued cannot bring it back.

A mark is a keyed hash, and the key is derived from the seed, which stands outside the database:
whoever reads the database alone cannot tell whose mark it is, not even from a list of tokens.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from consent_ledger.timestamps import DAY_MS

if TYPE_CHECKING:
    from consent_ledger.signing import SigningKeys

LABEL = b"consent-ledger/forgotten-key/v1\n"

# One day more than a browser keeps what it could not deliver.
LIFETIME_MS = 31 * DAY_MS


class Marks:
    """Makes marks with the key of one data directory."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys
        self._key = b""

    def of(self, name: bytes) -> bytes:
        """HMAC-SHA256 of a subject hash (32 bytes) or of a record id (16 bytes)."""
        if not self._key:
            self._key = self._keys.secret(LABEL)
        return hmac.digest(self._key, name, "sha256")
