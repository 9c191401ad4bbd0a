# SPDX-License-Identifier: MIT
"""Receipts: a decision, its place in the log and the proof of both, verified offline.

All that is needed is the receipt and the public key of the log.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from consent_ledger.tlog import entry
from consent_ledger.tlog.checkpoint import OpenedCheckpoint
from consent_ledger.tlog.encoding import parse_base64, parse_hash
from consent_ledger.tlog.entry import Kind, PrivateEntry, parse_entry
from consent_ledger.tlog.errors import FormatError, MismatchError
from consent_ledger.tlog.json_document import (
    encode_document,
    parse_document,
    read_integer,
    read_list,
    read_table,
    read_text,
    shown_value,
)
from consent_ledger.tlog.merkle import leaf_hash
from consent_ledger.tlog.note import VerifierKey
from consent_ledger.tlog.proof_file import MAX_FILE_BYTES, ProofFile, verify_proof_file

SCHEMA = "consent-ledger/receipt/v1"
MAX_RECEIPT_BYTES = 2 * MAX_FILE_BYTES


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves: these two parts are entry *index* of the log *origin*.

    `opened` is the checkpoint that says so, with the signatures that were verified.
    """

    origin: str
    index: int
    subject: Mapping[str, Any]
    evidence: Mapping[str, Any]
    opened: OpenedCheckpoint


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says: both parts make the entry's commitments; its proof is not verified."""

    origin: str
    index: int
    entry: bytes
    subject: Mapping[str, Any]
    evidence: Mapping[str, Any]
    tree_size: int
    file: ProofFile


def verify_receipt(receipt: bytes, vkeys: Iterable[str]) -> VerifiedReceipt:
    """What *receipt* says, once all of it is verified against one of the verifier keys *vkeys*.

    The entry is rebuilt from both openings, its leaf hash linked to the root of the checkpoint by
    the inclusion proof, and the checkpoint must be signed, of the same log and of the same size.

    Raises: ProofError of every family, naming the field.
    """
    read = read_receipt(receipt)
    keys = [VerifierKey.parse(vkey) for vkey in vkeys]
    opened = verify_proof_file(read.file, leaf_hash(read.entry), read.origin, keys)
    check_tree_size(read, opened.checkpoint.size)
    return VerifiedReceipt(read.origin, read.index, read.subject, read.evidence, opened)


def check_tree_size(receipt: Receipt, size: int) -> None:
    """Raises: MismatchError unless *size*, which the checkpoint says, is the receipt's."""
    if size != receipt.tree_size:
        raise MismatchError("proof.tree_size", str(receipt.tree_size), str(size))


def read_receipt(receipt: bytes) -> Receipt:
    """What *receipt* says, once its parts open its entry. Raises: FormatError, MismatchError."""
    document = read_table(
        "receipt", parse_document("receipt", receipt, MAX_RECEIPT_BYTES), _RECEIPT_FIELDS
    )
    if document["schema"] != SCHEMA:
        raise FormatError("schema", shown_value(document["schema"]), SCHEMA)
    origin = read_text("origin", document["origin"])
    index = read_integer("index", document["index"])
    data = parse_base64(read_text("entry", document["entry"]), "entry")
    parsed = parse_entry(data)
    if not isinstance(parsed, PrivateEntry) or parsed.kind is not Kind.DECISION:
        raise FormatError("entry", f"the kind {parsed.kind}", f"{Kind.DECISION}, a decision")
    subject, c_subject = _open("subject", document["subject"])
    evidence, c_evidence = _open("evidence", document["evidence"])
    for field, found, expected in (
        ("subject", c_subject, parsed.subject_commitment),
        ("evidence", c_evidence, parsed.evidence_commitment),
    ):
        if found != expected:
            raise MismatchError(f"{field} commitment", found.hex(), f"the entry's {expected.hex()}")
    proof = read_table("proof", document["proof"], _PROOF_FIELDS)
    tree_size = read_integer("proof.tree_size", proof["tree_size"])
    file = ProofFile(
        index,
        tuple(
            parse_hash(read_text(f"proof.hashes[{at}]", each), f"proof.hashes[{at}]")
            for at, each in enumerate(read_list("proof.hashes", proof["hashes"]))
        ),
        read_text("proof.checkpoint", proof["checkpoint"]).encode(),
    )
    return Receipt(origin, index, data, subject, evidence, tree_size, file)


_RECEIPT_FIELDS = frozenset(("schema", "origin", "index", "entry", "subject", "evidence", "proof"))
_PROOF_FIELDS = frozenset(("tree_size", "hashes", "checkpoint"))
_OPENING_FIELDS = frozenset(("part", "salt"))


def _open(field: str, value: object) -> tuple[Mapping[str, Any], bytes]:
    """The part of an opening, and the commitment that it makes."""
    opening = read_table(field, value, _OPENING_FIELDS)
    part = read_table(f"{field}.part", opening["part"])
    salt = parse_base64(read_text(f"{field}.salt", opening["salt"]), f"{field}.salt")
    if len(salt) != entry.SALT_BYTES:
        raise FormatError(f"{field}.salt", f"{len(salt)} bytes", f"{entry.SALT_BYTES} bytes")
    commit = entry.subject_commitment if field == "subject" else entry.evidence_commitment
    return part, commit(salt, encode_document(part))
