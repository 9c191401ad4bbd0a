# SPDX-License-Identifier: MIT
"""Receipts: canonical JSON around the stored bytes."""

from __future__ import annotations

import base64
import json

from consent_banner import canonical
from consent_ledger.opening import Opening, Receipt
from consent_ledger.tlog import entry

OPENING = Opening(
    canonical.dumps({"id": "x", "words": 'é"\\ 🍪'}),
    b"s" * 32,
    canonical.dumps({"action": "reject_all"}),
    b"e" * 32,
)


def test_a_receipt_is_canonical_json() -> None:
    receipt = Receipt("ledger.test/meridian/1", 41, OPENING.entry(), OPENING).to_json()
    assert receipt == canonical.dumps(json.loads(receipt))


def test_a_receipt_carries_the_stored_bytes_of_both_parts() -> None:
    receipt = Receipt("ledger.test/meridian/1", 41, OPENING.entry(), OPENING)
    document = json.loads(receipt.to_json())
    assert document["subject"]["part"] == {"id": "x", "words": 'é"\\ 🍪'}
    assert base64.b64decode(document["evidence"]["salt"]) == b"e" * 32
    assert base64.b64decode(document["entry"]) == OPENING.entry()
    assert (document["index"], document["origin"]) == (41, "ledger.test/meridian/1")
    assert OPENING.subject_part in receipt.to_json()


def test_an_entry_commits_to_both_parts_and_the_kind() -> None:
    made = entry.parse_entry(OPENING.entry())
    assert made == entry.PrivateEntry(
        entry.Kind.DECISION,
        entry.subject_commitment(OPENING.subject_salt, OPENING.subject_part),
        entry.evidence_commitment(OPENING.evidence_salt, OPENING.evidence_part),
    )
    assert OPENING.entry(entry.Kind.ACCESS) != OPENING.entry()
