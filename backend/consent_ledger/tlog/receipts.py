# SPDX-License-Identifier: MIT
"""Receipts: a decision, its place in the log and the proof of both, verified offline.

All that is needed is the receipt and the public key of the log.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from consent_ledger.tlog import entry
from consent_ledger.tlog.checkpoint import OpenedCheckpoint
from consent_ledger.tlog.encoding import MAX_INTEGER, parse_base64, parse_hash
from consent_ledger.tlog.entry import Kind, PrivateEntry, parse_entry
from consent_ledger.tlog.errors import FormatError, MismatchError, ProofError, shown
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


def verify_receipt(receipt: bytes, vkeys: Iterable[str]) -> VerifiedReceipt:
    """What *receipt* says, once all of it is verified against one of the verifier keys *vkeys*.

    The entry is rebuilt from both openings, its leaf hash linked to the root of the checkpoint by
    the inclusion proof, and the checkpoint must be signed, of the same log and of the same size.

    Raises: ProofError of every family, naming the field.
    """
    document = _table("receipt", _parse(receipt), _RECEIPT_FIELDS)
    if document["schema"] != SCHEMA:
        raise FormatError("schema", _found(document["schema"]), SCHEMA)
    origin = _text("origin", document["origin"])
    index = _integer("index", document["index"])
    data = parse_base64(_text("entry", document["entry"]), "entry")
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
    proof = _table("proof", document["proof"], _PROOF_FIELDS)
    tree_size = _integer("proof.tree_size", proof["tree_size"])
    hashes = proof["hashes"]
    if not isinstance(hashes, list):
        raise FormatError("proof.hashes", _found(hashes), "a list of hashes")
    file = ProofFile(
        index,
        tuple(
            parse_hash(_text(f"proof.hashes[{at}]", each), f"proof.hashes[{at}]")
            for at, each in enumerate(hashes)
        ),
        _text("proof.checkpoint", proof["checkpoint"]).encode(),
    )
    keys = [VerifierKey.parse(vkey) for vkey in vkeys]
    opened = verify_proof_file(file, leaf_hash(data), origin, keys)
    if opened.checkpoint.size != tree_size:
        raise MismatchError("proof.tree_size", str(tree_size), str(opened.checkpoint.size))
    return VerifiedReceipt(origin, index, subject, evidence, opened)


_RECEIPT_FIELDS = frozenset(("schema", "origin", "index", "entry", "subject", "evidence", "proof"))
_PROOF_FIELDS = frozenset(("tree_size", "hashes", "checkpoint"))
_OPENING_FIELDS = frozenset(("part", "salt"))


def _open(field: str, value: object) -> tuple[Mapping[str, Any], bytes]:
    """The part of an opening, and the commitment that it makes."""
    opening = _table(field, value, _OPENING_FIELDS)
    part = _table(f"{field}.part", opening["part"])
    salt = parse_base64(_text(f"{field}.salt", opening["salt"]), f"{field}.salt")
    if len(salt) != entry.SALT_BYTES:
        raise FormatError(f"{field}.salt", f"{len(salt)} bytes", f"{entry.SALT_BYTES} bytes")
    commit = entry.subject_commitment if field == "subject" else entry.evidence_commitment
    return part, commit(salt, _encode(part))


# --- strict JSON: one spelling for each document -----------------------------------------------


def _parse(data: bytes) -> object:
    if len(data) > MAX_RECEIPT_BYTES:
        raise FormatError("receipt", f"{len(data)} bytes", f"at most {MAX_RECEIPT_BYTES} bytes")
    try:
        document = json.loads(data.decode(), parse_float=_refuse, parse_constant=_refuse)
        canonical = _encode(document)
    except ProofError:
        raise
    except UnicodeDecodeError as error:
        raise FormatError("receipt", f"byte {error.start} not UTF-8", "UTF-8") from None
    except (ValueError, RecursionError):
        raise FormatError("receipt", shown(data), "a JSON document") from None
    if canonical != data:  # a key twice, spaces, another order or another spelling
        at = next(
            (
                at
                for at, pair in enumerate(zip(data, canonical, strict=False))
                if pair[0] != pair[1]
            ),
            min(len(data), len(canonical)),
        )
        raise FormatError("receipt", f"another spelling from byte {at} on", "canonical JSON")
    return document


def _encode(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _refuse(text: str) -> NoReturn:
    raise FormatError("receipt", f"the number {shown(text)}", "whole numbers")


def _table(field: str, value: object, keys: frozenset[str] | None = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(field, _found(value), "an object")
    if keys is not None and value.keys() != keys:
        unknown, missing = sorted(value.keys() - keys), sorted(keys - value.keys())
        found = f"the unknown {shown(unknown[0])}" if unknown else f"no {missing[0]}"
        raise FormatError(field, found, "exactly " + ", ".join(sorted(keys)))
    return value


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise FormatError(field, _found(value), "a string")
    return value


def _integer(field: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_INTEGER:
        raise FormatError(field, _found(value), f"a whole number from 0 to {MAX_INTEGER}")
    return value


def _found(value: object) -> str:
    return shown(value) if isinstance(value, str) else shown(json.dumps(value))
