# SPDX-License-Identifier: MIT
"""The one family of everything that is wrong with untrusted bytes, numbers and signatures."""

from typing import ClassVar

SHOWN_CHARACTERS = 60


class ProofError(ValueError):
    """Base of the family; the message says which field, what was found and what was expected."""

    code: ClassVar[str] = "proof"

    def __init__(self, field: str, found: str, expected: str) -> None:
        super().__init__(f"{field}: found {found}, expected {expected}")
        self.field = field
        self.found = found
        self.expected = expected


class FormatError(ProofError):
    """The bytes do not follow the format."""

    code = "format"


class RangeError(ProofError):
    """Each number is well formed, but they do not fit together: an index beyond its tree."""

    code = "range"


class MissingHashError(ProofError):
    """A hash that the proof needs is not at hand."""

    code = "missing"


class MismatchError(ProofError):
    """Well-formed hashes or names that do not lead to the one that was promised."""

    code = "mismatch"


class SignatureError(ProofError):
    """A signature claims to be by a known key and is not."""

    code = "signature"


class UnknownSignerError(ProofError):
    """None of the known keys signed."""

    code = "unknown_signer"


def shown(value: str | bytes) -> str:
    """*value* as a Python literal, cut to what fits in a sentence."""
    cut = value[:SHOWN_CHARACTERS]
    return repr(cut) if len(cut) == len(value) else f"{cut!r}… ({len(value)} long)"
