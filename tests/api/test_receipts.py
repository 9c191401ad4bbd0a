# SPDX-License-Identifier: MIT
"""GET /v1/sites/{site}/receipts/{record}: the bare proof, for everybody who has the id."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from consent_ledger.tlog.merkle import leaf_hash
from consent_ledger.tlog.note import VerifierKey
from consent_ledger.tlog.proof_file import parse_proof_file, verify_proof_file
from harness import ORIGIN, SITE

from .conftest import LOG, RECEIPTS, Ledger, Make
from .test_record import problem


def proved_size(ledger: Ledger, receipt: dict[str, Any]) -> int:
    """Size of the tree that the file of *receipt*'s record proves it to be in."""
    response = ledger.client.get(f"{RECEIPTS}/{receipt['subject']['part']['id']}")
    assert response.status_code == 200, response.text
    file = parse_proof_file(response.data)
    assert (file.index, file.extra) == (receipt["index"], base64.b64decode(receipt["entry"]))
    leaf = leaf_hash(base64.b64decode(receipt["entry"]))
    opened = verify_proof_file(file, leaf, receipt["origin"], [VerifierKey.parse(ledger.vkey())])
    return opened.checkpoint.size


def test_the_file_proves_the_entry_and_holds_nothing_of_the_decision(ledger: Ledger) -> None:
    receipt = json.loads(ledger.post(ledger.decision()).data)
    assert proved_size(ledger, receipt) == 2
    response = ledger.client.get(f"{RECEIPTS}/{receipt['subject']['part']['id']}")
    name = f"{receipt['subject']['part']['id']}.tlog-proof"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.data.startswith(b"c2sp.org/tlog-proof@v1\nextra ")
    assert receipt["subject"]["salt"].encode() not in response.data
    assert receipt["evidence"]["salt"].encode() not in response.data


def test_the_proof_leads_to_the_published_checkpoint_when_that_reaches_so_far(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("consent_ledger.publishing.monotonic", lambda: now[0])
    first = json.loads(ledger.post(ledger.decision()).data)
    assert ledger.client.get(f"{LOG}/checkpoint").status_code == 200  # published: size 2
    second = json.loads(ledger.post(ledger.decision()).data)
    assert proved_size(ledger, first) == 2
    assert proved_size(ledger, second) == 3
    now[0] += 61
    assert proved_size(ledger, first) == 3


def test_an_unknown_record_is_named(ledger: Ledger) -> None:
    unknown = "ab" * 16
    found = problem(ledger.client.get(f"{RECEIPTS}/{unknown}"), 404, "record_unknown")
    assert unknown in found["detail"]
    problem(ledger.client.get(f"/v1/sites/nowhere/receipts/{unknown}"), 404, "site_unknown")


def test_a_record_of_another_site_is_unknown_here(ledger: Ledger, visitor: dict[str, Any]) -> None:
    ledger.add_site("elsewhere", "https://elsewhere.example")
    answer = ledger.client.get(f"/v1/sites/elsewhere/receipts/{visitor['id']}")
    problem(answer, 404, "record_unknown")


@pytest.mark.parametrize("record", ["abc", "A" * 32, "0" * 31, "0" * 33, "%00", "x" * 32])
def test_what_is_no_record_id_is_refused(ledger: Ledger, record: str) -> None:
    found = problem(ledger.client.get(f"{RECEIPTS}/{record}"), 422, "invalid_fields")
    assert list(found["errors"]) == ["record"]


def test_pages_of_the_site_may_read_it_and_others_not(
    ledger: Ledger, visitor: dict[str, Any]
) -> None:
    path = f"{RECEIPTS}/{visitor['id']}"
    own = ledger.client.get(path, headers={"Origin": ORIGIN})
    assert own.headers["Access-Control-Allow-Origin"] == ORIGIN
    other = ledger.client.get(path, headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers


def test_a_damaged_log_gives_no_false_proof(ledger: Ledger, visitor: dict[str, Any]) -> None:
    database = ledger.services.database
    with database.connection_context():
        database.execute_sql("UPDATE tile SET hashes = zeroblob(64) WHERE site = ?", (SITE,))
    problem(ledger.client.get(f"{RECEIPTS}/{visitor['id']}"), 503, "log_halted")


def test_the_limit_is_that_of_the_log(make_ledger: Make) -> None:
    ledger = make_ledger(limit_log="1/day")
    path = f"{RECEIPTS}/{'0' * 32}"
    assert [ledger.client.get(path).status_code for _ in range(2)] == [404, 429]
