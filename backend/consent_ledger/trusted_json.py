# SPDX-License-Identifier: MIT
"""Canonical JSON of what this ledger made itself, on the busy path.

`consent_banner.canonical` looks at each value first, which takes longer than encoding it. Parts and
preferences are built from validated values only, so they lie within the profile; tests compare the
two on them.
"""

import json

_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)


def encode(document: object) -> bytes:
    """The bytes that `canonical.dumps` makes of *document*, which must lie within its profile."""
    return _encoder.encode(document).encode()
