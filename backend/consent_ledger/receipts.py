# SPDX-License-Identifier: MIT
"""Receipts read again: the proof of a stored record as a file of its own."""

from consent_ledger import statements
from consent_ledger.db import Database
from consent_ledger.errors import LogHalted, RecordUnknown
from consent_ledger.proofs import SignedHead, StoredProver
from consent_ledger.publishing import PublishedHeads
from consent_ledger.tlog.proof_file import ProofFile, format_proof_file


def read_proof(database: Database, published: PublishedHeads, site: str, record_id: bytes) -> bytes:
    """The record's `.tlog-proof` file, to the published checkpoint when that reaches so far.

    It names no person and opens nothing.
    Raises: RecordUnknown; LogHalted when the stored tiles do not prove the record.
    """
    row = database.execute_sql(statements.RECORD, (site, record_id)).fetchone()
    if row is None:
        raise RecordUnknown(f"site {site!r} has no record {record_id.hex()}")
    newest = SignedHead(*row[:6])
    index, entry = row[6:8]
    head = published.of(newest)
    proof = StoredProver(database, head if index < head.size else newest).prove(index, entry)
    if proof is None:
        raise LogHalted("this site's log is damaged; its operator has to repair it first")
    return format_proof_file(ProofFile(index, proof.hashes, proof.checkpoint))
