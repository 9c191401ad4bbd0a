# SPDX-License-Identifier: MIT
"""Receipts and bare proofs: what they prove in plain words, and what they do not."""

import json

import pytest
from consent_ledger.verify.single import verify_proof, verify_receipt_file
from consent_ledger.verify.trust import Pinned
from unit.tlog import rfc6962
from unit.verify.histories import full_logs, keys, small_log
from unit.verify.log_maker import b64, dumps

LOG = small_log()
PINNED = Pinned.read(keys(LOG))
NOBODY = Pinned()
STRANGER = Pinned.read(keys(full_logs()[1]))
INDEX = 2


def receipt(log=LOG, at=INDEX, **changes):
    parts = {
        part: {"part": log.openings[at][part][0], "salt": b64(log.openings[at][part][1])}
        for part in ("evidence", "subject")
    }
    return {
        "schema": "consent-ledger/receipt/v1",
        "origin": log.origin,
        "index": at,
        "entry": b64(log.entries[at]),
        "proof": {
            "tree_size": len(log.entries),
            "hashes": [b64(each) for each in rfc6962.path(at, log.entries)],
            "checkpoint": log.checkpoint().decode(),
        },
        **parts,
        **changes,
    }


def proof(log=LOG, index=INDEX, extra=True):
    lines = ["c2sp.org/tlog-proof@v1"]
    lines += [f"extra {b64(log.entries[index])}"] if extra else []
    lines += [f"index {index}", *(b64(each) for each in rfc6962.path(index, log.entries))]
    return "\n".join(lines).encode() + b"\n\n" + log.checkpoint()


def test_a_receipt_says_what_was_decided_in_plain_words():
    report = verify_receipt_file(dumps(receipt()), PINNED)
    assert (report.verdict, report.exit_code) == ("verified", 0)
    text = report.to_text("receipt.json")
    for words in (
        "entry 2 in a tree of 8 entries",
        "everything that was asked was refused (reject_all)",
        "given      nothing",
        "refused    analytics, page-counter",
        "recorded   2026-11-01T03:00:00.180Z by the ledger's clock",
        "Global Privacy Control off",
        "VERIFIED",
        "Who sat at the keyboard",
    ):
        assert words in text
    found = report.to_dict()
    assert (found["kind"], found["site"]) == ("receipt", "meridian")
    assert found["receipt"]["evidence"]["action"] == "reject_all"


def test_a_proof_says_what_it_proves_and_that_it_opens_nothing():
    report = verify_proof(proof(), PINNED)
    assert (report.verdict, report.exit_code) == ("verified", 0)
    text = report.to_text("x.tlog-proof")
    assert "entry 2 in a tree of 8 entries" in text
    assert "What it says is not shown" in text
    assert report.to_dict()["proof"] == {
        "origin": LOG.origin,
        "index": 2,
        "tree_size": 8,
        "kind": "decision",
    }


def test_a_proof_of_a_public_entry_is_verified_too():
    report = verify_proof(proof(index=0), PINNED)
    assert report.exit_code == 0
    assert "kind notice" in report.to_text("x")


@pytest.mark.parametrize("pinned", [NOBODY, STRANGER])
@pytest.mark.parametrize("kind", ["receipt", "proof"])
def test_only_a_pinned_key_vouches(pinned, kind):
    data = dumps(receipt()) if kind == "receipt" else proof()
    report = (verify_receipt_file if kind == "receipt" else verify_proof)(data, pinned)
    if pinned is NOBODY:
        assert report.verdict == "consistent, signer not authenticated"
        assert report.exit_code == 3
    else:
        assert report.exit_code == 1
        assert report.faults.first[0].field == "signer"


def test_a_proof_without_the_entry_cannot_be_verified_by_itself():
    report = verify_proof(proof(extra=False), PINNED)
    assert report.exit_code == 1
    assert report.faults.first[0].field == "extra"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"index": 3}, "root hash"),
        ({"origin": "ledger.test/other/1"}, "origin"),
        ({"entry": b64(LOG.entries[4])}, "subject commitment"),
        ({"entry": b64(LOG.entries[0])}, "entry"),
        ({"schema": "x"}, "schema"),
        ({"proof": None}, "proof"),
        ({"more": 1}, "receipt"),
    ],
)
def test_a_changed_receipt_is_refused_with_the_field_named(changes, field):
    for pinned in (PINNED, NOBODY):
        report = verify_receipt_file(dumps(receipt(**changes)), pinned)
        assert report.exit_code == 1
        assert report.faults.first[0].field.startswith(field)


def test_a_receipt_of_an_older_tree_than_it_says_is_refused():
    document = receipt()
    document["proof"]["tree_size"] = 9
    report = verify_receipt_file(dumps(document), PINNED)
    assert report.faults.first[0].field == "proof.tree_size"


def test_a_receipt_whose_hour_is_not_that_of_its_time_is_refused():
    log = small_log()
    index = log.decide(recorded_hour="2026-11-02T00Z")
    report = verify_receipt_file(dumps(receipt(log, index)), PINNED)
    assert report.faults.first[0].field == "evidence.recorded_hour"


@pytest.mark.parametrize("kind", ["receipt", "proof"])
def test_a_file_cut_off_anywhere_is_refused(kind):
    data = dumps(receipt()) if kind == "receipt" else proof()
    check = verify_receipt_file if kind == "receipt" else verify_proof
    for size in range(0, len(data), 1 if kind == "proof" else 7):
        assert check(data[:size], PINNED).exit_code == 1


@pytest.mark.parametrize("kind", ["receipt", "proof"])
def test_any_single_changed_byte_is_found(kind):
    data = dumps(receipt()) if kind == "receipt" else proof()
    check = verify_receipt_file if kind == "receipt" else verify_proof
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert check(changed, PINNED).exit_code == 1, (at, data[at : at + 20])


def test_the_reports_document_is_json():
    for report in (verify_receipt_file(b"{}", PINNED), verify_proof(b"", PINNED)):
        found = json.loads(json.dumps(report.to_dict()))
        assert found["verdict"] == "failed"
        assert found["faults_total"] == 1
        assert len(found["cannot_show"]) == 3
