# SPDX-License-Identifier: MIT
"""DELETE /v1/sites/{site}/consents: a visitor is forgotten, and the proofs stay."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from consent_ledger.tlog.merkle import leaf_hash
from consent_ledger.tlog.receipts import verify_receipt
from harness import ORIGIN, SITE

from .conftest import CONSENTS, EXPORT, PREFERENCES, RECEIPTS, Ledger, Make, bearer
from .test_record import problem

DAY_MS = 86_400_000


def entries(ledger: Ledger) -> list[dict[str, Any]]:
    """What the log holds, as an export shows it."""
    auditor = ledger.key("audit")
    text = ledger.client.get(f"{EXPORT}?parts=all", headers=auditor).text
    return [json.loads(line) for line in text.splitlines()[1:]]


def test_all_decisions_of_the_visitor_are_erased_and_nobody_elses(
    ledger: Ledger, visitor: dict[str, Any]
) -> None:
    ledger.post(ledger.decision(token=visitor["token"], seq=2))
    other = ledger.decision()
    ledger.post(other)
    response = ledger.client.delete(CONSENTS, headers=bearer(visitor))
    assert response.status_code == 200
    answer = response.get_json()
    assert (answer["site"], answer["records"], answer["gone"]) == (SITE, 2, True)
    assert len(answer["remains"]) == 2
    opened = {
        entry["index"]: (entry["subject"], entry["evidence"])
        for entry in entries(ledger)
        if entry["kind"] == 1
    }
    assert opened[1] == opened[2] == (None, None)
    assert None not in opened[3]
    assert ledger.client.get(PREFERENCES, headers=bearer(other)).status_code == 200


def test_nothing_is_known_of_the_visitor_afterwards(
    ledger: Ledger, visitor: dict[str, Any]
) -> None:
    ledger.client.delete(CONSENTS, headers=bearer(visitor))
    for path in (CONSENTS, PREFERENCES):
        problem(ledger.client.get(path, headers=bearer(visitor)), 404, "visitor_unknown")
    path = f"{RECEIPTS}/{visitor['id']}"
    problem(ledger.client.get(path), 404, "record_unknown")
    problem(ledger.client.get(path, headers=bearer(visitor)), 404, "record_unknown")
    problem(ledger.client.get(path, headers=ledger.key("audit")), 404, "record_unknown")


def test_what_the_browser_still_has_queued_is_refused_for_a_month(
    ledger: Ledger, visitor: dict[str, Any]
) -> None:
    ledger.client.delete(CONSENTS, headers=bearer(visitor))
    size = ledger.size()
    later = ledger.decision(token=visitor["token"], seq=2)
    for decision in (visitor, later):
        found = problem(ledger.post(decision), 410, "forgotten")
        assert visitor["token"] not in json.dumps(found)
    assert ledger.size() == size
    ledger.clock.ms += 31 * DAY_MS - 1
    problem(ledger.post(later), 410, "forgotten")
    ledger.clock.ms += 1
    assert ledger.post(later).status_code == 201


def test_asking_again_is_safe_while_the_mark_stands(
    ledger: Ledger, visitor: dict[str, Any]
) -> None:
    ledger.client.delete(CONSENTS, headers=bearer(visitor))
    again = ledger.client.delete(CONSENTS, headers=bearer(visitor))
    assert (again.status_code, again.get_json()["records"]) == (200, 0)
    ledger.clock.ms += 31 * DAY_MS
    problem(ledger.client.delete(CONSENTS, headers=bearer(visitor)), 404, "visitor_unknown")


def test_a_stranger_erases_nothing(ledger: Ledger, visitor: dict[str, Any]) -> None:
    response = ledger.client.delete(CONSENTS, headers={"Authorization": "Bearer " + "0" * 32})
    problem(response, 404, "visitor_unknown")
    problem(ledger.client.delete(CONSENTS), 401, "unauthenticated")
    problem(ledger.client.delete(CONSENTS, headers=ledger.key("manage")), 401, "unauthenticated")
    ledger.add_site("elsewhere", "https://elsewhere.example")
    elsewhere = ledger.client.delete("/v1/sites/elsewhere/consents", headers=bearer(visitor))
    problem(elsewhere, 404, "visitor_unknown")
    nowhere = ledger.client.delete("/v1/sites/nowhere/consents", headers=bearer(visitor))
    problem(nowhere, 404, "site_unknown")
    assert ledger.client.get(PREFERENCES, headers=bearer(visitor)).status_code == 200


def test_the_sites_own_pages_may_ask_for_it(ledger: Ledger, visitor: dict[str, Any]) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = ledger.client.options(CONSENTS, headers=asked)
    assert preflight.status_code == 204
    assert "DELETE" in preflight.headers["Access-Control-Allow-Methods"].split(", ")
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    response = ledger.client.delete(CONSENTS, headers=bearer(visitor))
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["Cache-Control"] == "no-store"


def test_old_receipts_and_checkpoints_stay_valid(ledger: Ledger) -> None:
    decision = ledger.decision()
    receipt = ledger.post(decision).data
    leaf = leaf_hash(base64.b64decode(json.loads(receipt)["entry"]))
    ledger.client.delete(CONSENTS, headers=bearer(decision))
    assert verify_receipt(receipt, [ledger.vkey()]).index == 1
    (entry,) = [entry for entry in entries(ledger) if entry["index"] == 1]
    assert leaf_hash(base64.b64decode(entry["entry"])) == leaf


def test_it_is_limited(make_ledger: Make) -> None:
    ledger = make_ledger(limit_erase="1/minute")
    headers = {"Authorization": "Bearer " + "0" * 32}
    assert ledger.client.delete(CONSENTS, headers=headers).status_code == 404
    problem(ledger.client.delete(CONSENTS, headers=headers), 429, "rate_limited")


@pytest.mark.parametrize("query", ["only=true", "x=1"])
def test_an_unknown_parameter_is_refused(
    ledger: Ledger, visitor: dict[str, Any], query: str
) -> None:
    response = ledger.client.delete(f"{CONSENTS}?{query}", headers=bearer(visitor))
    problem(response, 422, "invalid_fields")
    assert ledger.client.get(PREFERENCES, headers=bearer(visitor)).status_code == 200


def test_while_somebody_reads_the_answer_is_not_yet(
    ledger: Ledger, visitor: dict[str, Any]
) -> None:
    with closing(sqlite3.connect(ledger.data / "ledger.db")) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM record").fetchone() == (1,)
        response = ledger.client.delete(CONSENTS, headers=bearer(visitor))
        assert (response.status_code, response.get_json()["gone"]) == (202, False)
        assert response.get_json()["records"] == 1
    again = ledger.client.delete(CONSENTS, headers=bearer(visitor))
    assert (again.status_code, again.get_json()["gone"]) == (200, True)
