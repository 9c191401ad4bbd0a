# SPDX-License-Identifier: MIT
"""/v1/sites/{site}/receipts/{record}: the bare proof, the receipt, and erasing by its id."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from consent_ledger.schemas.answers import ReceiptSchema
from consent_ledger.tlog.merkle import leaf_hash
from consent_ledger.tlog.note import VerifierKey
from consent_ledger.tlog.proof_file import parse_proof_file, verify_proof_file
from consent_ledger.tlog.receipts import verify_receipt
from harness import ORIGIN, SITE

from .conftest import CONSENTS, LOG, PREFERENCES, RECEIPTS, Ledger, Make, bearer
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


# With the visitor's token or an audit key


def kinds(ledger: Ledger) -> list[int]:
    """The kind of each private entry, in order."""
    with ledger.services.database.connection_context():
        rows = ledger.services.database.execute_sql("SELECT kind FROM record ORDER BY entry_index")
        return [kind for (kind,) in rows]


def test_the_visitor_reads_their_receipt_by_its_id(ledger: Ledger, visitor: dict[str, Any]) -> None:
    response = ledger.client.get(f"{RECEIPTS}/{visitor['id']}", headers=bearer(visitor))
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert ReceiptSchema().validate(response.get_json()) == {}
    assert verify_receipt(response.data, [ledger.vkey()]).subject["id"] == visitor["id"]
    assert response.headers["Cache-Control"] == "no-store"
    name = f"{visitor['id']}.receipt.json"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert kinds(ledger) == [1]  # a visitor's own reading is nobody's business


def test_another_visitor_does_not_read_it(ledger: Ledger, visitor: dict[str, Any]) -> None:
    other = ledger.decision()
    ledger.post(other)
    found = ledger.client.get(f"{RECEIPTS}/{visitor['id']}", headers=bearer(other))
    problem(found, 404, "record_unknown")


def test_an_auditor_reads_it_and_the_log_tells_so(
    ledger: Ledger, visitor: dict[str, Any], auditor: dict[str, str]
) -> None:
    path = f"{RECEIPTS}/{visitor['id']}"
    assert verify_receipt(ledger.client.get(path, headers=auditor).data, [ledger.vkey()])
    assert ledger.client.get(path, headers=auditor).status_code == 200
    assert kinds(ledger) == [1, 3, 3]
    with ledger.services.database.connection_context():
        sql = "SELECT subject_part, evidence_part FROM record WHERE kind = 3"
        subject, evidence = ledger.services.database.execute_sql(sql).fetchone()
    assert json.loads(subject)["key"] == auditor["Authorization"][11:23]
    told = json.loads(evidence)
    assert (told["scope"], told["operation"]) == ("audit", "receipt")
    assert told["parts"] == ["evidence", "subject"]
    problem(ledger.client.get(f"{RECEIPTS}/{'ab' * 16}", headers=auditor), 404, "record_unknown")
    assert kinds(ledger) == [1, 3, 3]  # nothing was handed over


def test_other_credentials_open_nothing(
    ledger: Ledger, visitor: dict[str, Any], owner: dict[str, str], stranger: dict[str, str]
) -> None:
    path = f"{RECEIPTS}/{visitor['id']}"
    problem(ledger.client.get(path, headers=owner), 403, "scope_missing")
    problem(ledger.client.get(path, headers=stranger), 401, "unauthenticated")
    problem(ledger.client.get(path, headers={"Authorization": "Bearer x"}), 401, "unauthenticated")
    problem(ledger.client.get(path, headers={"Authorization": "Basic x"}), 401, "unauthenticated")
    assert kinds(ledger) == [1]


# DELETE /v1/sites/{site}/receipts/{record}


@pytest.fixture
def manager(ledger: Ledger) -> dict[str, str]:
    """Headers of whoever handles requests to be forgotten."""
    return ledger.key("manage")


def test_the_owner_erases_the_visitor_behind_a_receipt(
    ledger: Ledger, visitor: dict[str, Any], manager: dict[str, str]
) -> None:
    ledger.post(ledger.decision(token=visitor["token"], seq=2))
    path = f"{RECEIPTS}/{visitor['id']}"
    response = ledger.client.delete(path, headers=manager)
    assert response.status_code == 200
    assert (response.get_json()["records"], response.get_json()["gone"]) == (2, True)
    problem(ledger.client.get(path), 404, "record_unknown")
    problem(ledger.client.get(PREFERENCES, headers=bearer(visitor)), 404, "visitor_unknown")
    problem(ledger.post(visitor), 410, "forgotten")
    again = ledger.client.delete(path, headers=manager)
    assert (again.status_code, again.get_json()["records"]) == (200, 0)
    assert kinds(ledger) == [1, 1, 3, 3]  # one entry for each use of the key


def test_the_owner_erases_only_one_record(
    ledger: Ledger, visitor: dict[str, Any], manager: dict[str, str]
) -> None:
    second = ledger.decision(token=visitor["token"], seq=2)
    ledger.post(second)
    response = ledger.client.delete(f"{RECEIPTS}/{visitor['id']}?only=true", headers=manager)
    assert response.get_json()["records"] == 1
    page = ledger.client.get(CONSENTS, headers=bearer(visitor)).get_json()
    assert [record["subject"]["part"]["id"] for record in page["records"]] == [second["id"]]
    current = ledger.client.get(PREFERENCES, headers=bearer(visitor)).get_json()
    assert current["record"] == second["id"]
    problem(ledger.post(visitor), 410, "forgotten")
    assert ledger.post(ledger.decision(token=visitor["token"], seq=3)).status_code == 201


def test_erasing_needs_a_key_that_may_manage(
    ledger: Ledger,
    visitor: dict[str, Any],
    auditor: dict[str, str],
    stranger: dict[str, str],
) -> None:
    path = f"{RECEIPTS}/{visitor['id']}"
    problem(ledger.client.delete(path), 401, "unauthenticated")
    problem(ledger.client.delete(path, headers=bearer(visitor)), 401, "unauthenticated")
    problem(ledger.client.delete(path, headers=stranger), 401, "unauthenticated")
    problem(ledger.client.delete(path, headers=auditor), 403, "scope_missing")
    assert ledger.client.get(path).status_code == 200


def test_what_cannot_be_erased_is_named(
    ledger: Ledger, visitor: dict[str, Any], manager: dict[str, str]
) -> None:
    unknown = ledger.client.delete(f"{RECEIPTS}/{'ab' * 16}", headers=manager)
    problem(unknown, 404, "record_unknown")
    problem(ledger.client.delete(f"{RECEIPTS}/nonsense", headers=manager), 422, "invalid_fields")
    wrong = ledger.client.delete(f"{RECEIPTS}/{visitor['id']}?only=yes", headers=manager)
    problem(wrong, 422, "invalid_fields")
    assert kinds(ledger) == [1]


def test_pages_do_not_erase_with_keys(ledger: Ledger, visitor: dict[str, Any]) -> None:
    """A browser may ask for receipts from the site's pages, and is not told to erase one."""
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "DELETE"}
    preflight = ledger.client.options(f"{RECEIPTS}/{visitor['id']}", headers=asked)
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET"
