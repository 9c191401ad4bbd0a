# SPDX-License-Identifier: MIT
"""Receipts read again: the proof of a stored record as a file of its own, and the whole receipt."""

from typing import Any

from consent_ledger import statements
from consent_ledger.db import Database
from consent_ledger.errors import LogHalted, RecordUnknown
from consent_ledger.opening import Opening, Receipt
from consent_ledger.proofs import SignedHead, StoredProver
from consent_ledger.publishing import PublishedHeads
from consent_ledger.tlog.proof_file import ProofFile, format_proof_file


def read_proof(database: Database, published: PublishedHeads, site: str, record_id: bytes) -> bytes:
    """The record's `.tlog-proof` file, to the published checkpoint when that reaches so far.

    Its extra data are the bytes of the entry, so that it verifies by itself. It names no person and
    opens nothing.
    Raises: RecordUnknown; LogHalted when the stored tiles do not prove the record.
    """
    row = _read(database, site, record_id)
    newest = SignedHead(*row[:6])
    index, entry = row[6:8]
    head = published.of(newest)
    proof = StoredProver(database, head if index < head.size else newest).prove(index, entry)
    if proof is None:
        raise LogHalted("this site's log is damaged; its operator has to repair it first")
    return format_proof_file(ProofFile(index, proof.hashes, proof.checkpoint, entry))


def read_receipt(database: Database, site: str, record_id: bytes, subject: bytes | None) -> bytes:
    """The record's receipt as canonical JSON; with *subject*, only when it is that visitor's.

    Raises: RecordUnknown.
    """
    row = _read(database, site, record_id)
    head = SignedHead(*row[:6])
    index, entry, *opened = row[6:12]
    receipt = Receipt(head.origin, index, entry, Opening(*opened))
    if subject is not None and row[12] != subject:
        raise _unknown(site, record_id)
    receipt.proof = StoredProver(database, head).prove(index, entry)
    return receipt.to_json()


def _read(database: Database, site: str, record_id: bytes) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = database.execute_sql(
        statements.RECORD, (site, record_id)
    ).fetchone()
    if row is None:
        raise _unknown(site, record_id)
    return row


def _unknown(site: str, record_id: bytes) -> RecordUnknown:
    return RecordUnknown(f"site {site!r} has no record {record_id.hex()}")
