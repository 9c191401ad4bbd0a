# SPDX-License-Identifier: MIT
"""Ed25519, RFC 8032: the only cryptography beyond hashes, and the only import of its library.

The library is loaded at the first signature, so that hashing and parsing start without it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED_BYTES = 32
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64


def private_key(seed: bytes) -> "Ed25519PrivateKey":
    """The key that signs. Requires 32 secret bytes; raises ValueError, without showing them."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if len(seed) != SEED_BYTES:
        raise ValueError(f"seed has {len(seed)} bytes, expected {SEED_BYTES}")
    return Ed25519PrivateKey.from_private_bytes(seed)


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether *signature* is one of *message* by that key; False for any malformed input."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
