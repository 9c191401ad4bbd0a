# SPDX-License-Identifier: MIT
"""Entry bytes: what one index of a log holds, and the commitments inside. The format is frozen."""

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from consent_ledger.tlog.encoding import HASH_BYTES as COMMITMENT_BYTES
from consent_ledger.tlog.entry_bundle import MAX_ENTRY_BYTES
from consent_ledger.tlog.errors import FormatError, shown

LABEL = b"consent-ledger/entry/v1\n"
SUBJECT_LABEL = b"consent-ledger/subject/v1\n"
EVIDENCE_LABEL = b"consent-ledger/evidence/v1\n"

SALT_BYTES = 32
PRIVATE_ENTRY_BYTES = len(LABEL) + 1 + 2 * COMMITMENT_BYTES  # 89


class Kind(IntEnum):
    """What an entry is about; below 16 the body is two commitments, from 16 on a document."""

    DECISION = 1
    ERASURE = 2
    ACCESS = 3
    NOTICE = 16
    SIGNING_KEY = 17
    ANCHOR = 18

    @property
    def is_private(self) -> bool:
        return self < 16


class EntryError(FormatError):
    """Bytes that are no entry, or parts that make none."""


@dataclass(frozen=True, slots=True)
class PrivateEntry:
    kind: Kind
    subject_commitment: bytes
    evidence_commitment: bytes


@dataclass(frozen=True, slots=True)
class PublicEntry:
    kind: Kind
    body: bytes


def subject_commitment(salt: bytes, part: bytes) -> bytes:
    """c_subject = SHA-256("consent-ledger/subject/v1\\n" || salt32 || JSON(S)).

    Requires a salt of 32 random bytes, used for nothing else, and *part* as canonical JSON.
    Raises: EntryError for a salt of another length.
    """
    return _commitment(SUBJECT_LABEL, salt, part)


def evidence_commitment(salt: bytes, part: bytes) -> bytes:
    """c_evidence = SHA-256("consent-ledger/evidence/v1\\n" || salt32 || JSON(E)); see above."""
    return _commitment(EVIDENCE_LABEL, salt, part)


def _commitment(label: bytes, salt: bytes, part: bytes) -> bytes:
    if len(salt) != SALT_BYTES:
        raise EntryError("salt", f"{len(salt)} bytes", f"{SALT_BYTES} bytes")
    return hashlib.sha256(label + salt + part).digest()


def private_entry(kind: Kind, c_subject: bytes, c_evidence: bytes) -> bytes:
    """ "consent-ledger/entry/v1\\n" || kind(1 byte) || c_subject(32) || c_evidence(32): 89 bytes.

    Raises: EntryError for a public kind or a commitment of another length.
    """
    if not kind.is_private:
        raise EntryError("kind", f"{kind.value}, a public one", "a private one, below 16")
    if len(c_subject) != COMMITMENT_BYTES or len(c_evidence) != COMMITMENT_BYTES:
        raise EntryError(
            "commitments",
            f"{len(c_subject)} and {len(c_evidence)} bytes",
            f"{COMMITMENT_BYTES} bytes each",
        )
    return LABEL + bytes((kind,)) + c_subject + c_evidence


def public_entry(kind: Kind, body: bytes) -> bytes:
    """ "consent-ledger/entry/v1\\n" || kind(1 byte) || canonical JSON, at most 65,535 bytes in all.

    Raises: EntryError for a private kind or an entry that is too long.
    """
    if kind.is_private:
        raise EntryError("kind", f"{kind.value}, a private one", "a public one, from 16 on")
    data = LABEL + bytes((kind,)) + body
    _check_length(data)
    return data


def parse_entry(data: bytes) -> PrivateEntry | PublicEntry:
    """The entry that *data* spells; the body of a public one is not looked into.

    Raises: EntryError, naming what was found and what was expected.
    """
    if not data.startswith(LABEL):
        raise EntryError("entry label", shown(data[: len(LABEL)]), repr(LABEL))
    if len(data) == len(LABEL):
        raise EntryError("entry", "an end before its kind", "a kind after the label")
    number = data[len(LABEL)]
    try:
        kind = Kind(number)
    except ValueError:
        known = ", ".join(str(kind.value) for kind in Kind)
        raise EntryError("entry", f"the kind {number}", f"one of {known}") from None
    body = data[len(LABEL) + 1 :]
    if not kind.is_private:
        _check_length(data)
        return PublicEntry(kind, body)
    if len(data) != PRIVATE_ENTRY_BYTES:
        raise EntryError(
            f"entry of kind {number}", f"{len(data)} bytes", f"{PRIVATE_ENTRY_BYTES} bytes"
        )
    return PrivateEntry(kind, body[:COMMITMENT_BYTES], body[COMMITMENT_BYTES:])


def _check_length(data: bytes) -> None:
    if len(data) > MAX_ENTRY_BYTES:
        raise EntryError("entry", f"{len(data)} bytes", f"at most {MAX_ENTRY_BYTES} bytes")
