# SPDX-License-Identifier: MIT
"""Cosignatures: a witness saw this checkpoint at this time. C2SP tlog-cosignature, Ed25519 (v1).

The signature is time (uint64, big-endian, POSIX seconds) || Ed25519 signature of the message

    cosignature/v1
    time <decimal>
    <the note's text>
"""

from typing import ClassVar

from consent_ledger.tlog import ed25519
from consent_ledger.tlog.encoding import MAX_INTEGER
from consent_ledger.tlog.errors import FormatError, RangeError
from consent_ledger.tlog.note import Signature, VerifierKey, check_text

COSIGNATURE_V1 = 0x04
TIME_BYTES = 8


class CosignerKey(VerifierKey):
    """The public half of a witness's key; it verifies cosignatures and nothing else."""

    algorithm: ClassVar[int] = COSIGNATURE_V1

    def is_signed(self, text: str, signature: bytes) -> bool:
        time_s = int.from_bytes(signature[:TIME_BYTES], "big")
        if len(signature) != TIME_BYTES + ed25519.SIGNATURE_BYTES or time_s > MAX_INTEGER:
            return False
        return ed25519.is_signed(self.public_key, _message(text, time_s), signature[TIME_BYTES:])


class Cosigner:
    """The private half of a `CosignerKey`. A witness must use its seed for nothing else."""

    def __init__(self, name: str, seed: bytes) -> None:
        """Raises: FormatError for the name; ValueError for a seed that is not of 32 bytes."""
        self._private_key = ed25519.private_key(seed)
        self.key = CosignerKey(name, self._private_key.public_key().public_bytes_raw())

    def cosign(self, text: str, time_s: int) -> Signature:
        """The statement that *text*, of a checkpoint, is the largest tree seen as of *time_s*.

        Raises: FormatError for the text; RangeError for a time before 1970 or beyond 63 bits.
        """
        check_text(text)
        if not 0 <= time_s <= MAX_INTEGER:
            raise RangeError("cosignature time", str(time_s), f"0 to {MAX_INTEGER}")
        signed = self._private_key.sign(_message(text, time_s))
        return Signature(
            self.key.name, self.key.key_id, time_s.to_bytes(TIME_BYTES, "big") + signed
        )


def cosigned_at_s(cosignature: Signature) -> int:
    """The POSIX seconds that a cosignature claims; verify it first. Raises: FormatError."""
    if len(cosignature.signature) != TIME_BYTES + ed25519.SIGNATURE_BYTES:
        raise FormatError(
            f"cosignature of {cosignature.name}",
            f"{len(cosignature.signature)} bytes",
            f"{TIME_BYTES + ed25519.SIGNATURE_BYTES} bytes",
        )
    return int.from_bytes(cosignature.signature[:TIME_BYTES], "big")


def _message(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()
