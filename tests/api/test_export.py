# SPDX-License-Identifier: MIT
"""GET /v1/sites/{site}/export: everything the log holds, for an audit."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from consent_ledger import auth
from consent_ledger.export import Export
from harness import SITE, sample_choices

from .conftest import EXPORT, Ledger, Make


def lines(response: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.data.decode().splitlines()]


def test_every_index_is_in_the_export_in_order(
    ledger: Ledger, auditor: dict[str, str], visitor: dict[str, Any]
) -> None:
    for _ in range(3):
        ledger.post(ledger.decision())
    response = ledger.client.get(EXPORT, headers=auditor)
    head, *entries = lines(response)
    assert head["schema"] == "consent-ledger/export/v1"
    assert head["logs"] == [{"origin": f"ledger.test/{SITE}/1", "generation": 1, "size": 5}]
    assert [entry["index"] for entry in entries] == list(range(5))
    assert [entry["kind"] for entry in entries] == [16, 1, 1, 1, 1]
    assert response.headers["X-Entries"] == "5"


def test_evidence_is_handed_over_without_the_subject(
    ledger: Ledger, auditor: dict[str, str], visitor: dict[str, Any]
) -> None:
    response = ledger.client.get(EXPORT, headers=auditor)
    head, _, entry = lines(response)
    assert head["parts"] == ["evidence"]
    assert set(entry) == {"entry", "evidence", "generation", "index", "kind"}
    assert visitor["id"].encode() not in response.data


def test_subject_parts_come_only_when_asked_for(
    ledger: Ledger, auditor: dict[str, str], visitor: dict[str, Any]
) -> None:
    head, _, entry = lines(ledger.client.get(EXPORT + "?parts=all", headers=auditor))
    assert head["parts"] == ["evidence", "subject"]
    assert entry["subject"]["part"]["id"] == visitor["id"]


def test_what_the_receipt_holds_is_what_the_export_holds(
    ledger: Ledger, auditor: dict[str, str]
) -> None:
    receipt = json.loads(ledger.post(ledger.decision()).data)
    entry = lines(ledger.client.get(EXPORT + "?parts=all", headers=auditor))[-1]
    for key in ("index", "entry", "evidence", "subject"):
        assert entry[key] == receipt[key]


def test_csv_has_a_row_for_each_entry(
    ledger: Ledger, auditor: dict[str, str], visitor: dict[str, Any]
) -> None:
    ledger.post(
        ledger.decision(
            action="customise", choices=sample_choices(settings=True, counter=True, speed=False)
        )
    )
    response = ledger.client.get(EXPORT + "?format=csv", headers=auditor)
    assert response.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert [row["index"] for row in rows] == ["0", "1", "2"]
    assert rows[0]["kind"] == "notice"
    last = rows[-1]
    assert last["action"] == "customise"
    assert (last["categories_given"], last["categories_refused"]) == ("functional", "analytics")
    assert (last["services_given"], last["services_refused"]) == ("counter settings", "speed")
    assert last["gpc"] == "false"
    assert visitor["id"] not in response.text
    everything = ledger.client.get(EXPORT + "?format=csv&parts=all", headers=auditor)
    rows = list(csv.DictReader(io.StringIO(everything.text, newline="")))
    assert rows[1]["record"] == visitor["id"]


def test_the_file_gets_a_name(ledger: Ledger, auditor: dict[str, str]) -> None:
    response = ledger.client.get(EXPORT + "?format=csv", headers=auditor)
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="meridian-consents.csv"'
    )
    assert response.headers["Cache-Control"] == "no-store"


def test_an_export_ends_where_it_said_even_when_more_is_recorded_meanwhile(
    ledger: Ledger, auditor: dict[str, str], visitor: dict[str, Any]
) -> None:
    response = ledger.client.get(EXPORT, headers=auditor, buffered=False)
    pieces = iter(response.response)
    head = json.loads(next(pieces))
    for _ in range(3):
        ledger.post(ledger.decision())
    entries = b"".join(bytes(piece) for piece in pieces).splitlines()
    assert len(entries) == head["logs"][0]["size"] == 2
    response.close()


def test_a_long_export_is_read_in_short_pages(
    ledger: Ledger, auditor: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consent_ledger.export.PAGE", 2)
    for _ in range(4):
        ledger.post(ledger.decision())
    response = ledger.client.get(EXPORT, headers=auditor, buffered=False)
    pieces = [bytes(piece) for piece in response.response]
    assert [piece.count(b"\n") for piece in pieces] == [1, 2, 2, 1]
    response.close()


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_an_export_that_breaks_off_says_so_in_its_last_line(
    ledger: Ledger,
    auditor: dict[str, str],
    form: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("consent_ledger.export.PAGE", 2)
    for _ in range(4):
        ledger.post(ledger.decision())
    whole = Export._page

    def page(self: Export, span: Any, start: int, end: int) -> Any:
        if start >= 2:
            raise ZeroDivisionError
        return whole(self, span, start, end)

    monkeypatch.setattr(Export, "_page", page)
    response = ledger.client.get(f"{EXPORT}?format={form}", headers=auditor)
    found = response.text.splitlines()
    assert response.headers["X-Entries"] == "5"
    assert len(found) == 1 + 2 + 1
    assert "this export broke off here" in found[-1]
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("query", "field"),
    [("format=xml", "format"), ("parts=subject", "parts"), ("limit=5", "limit")],
)
def test_a_wrong_query_is_refused(
    ledger: Ledger, auditor: dict[str, str], query: str, field: str
) -> None:
    response = ledger.client.get(f"{EXPORT}?{query}", headers=auditor)
    assert (response.status_code, list(response.get_json()["errors"])) == (422, [field])


def test_only_a_key_with_the_scope_exports(
    ledger: Ledger,
    owner: dict[str, str],
    stranger: dict[str, str],
    visitor: dict[str, Any],
) -> None:
    token = {"Authorization": f"Bearer {visitor['token']}"}
    for headers, status in (({}, 401), (token, 401), (stranger, 401), (owner, 403)):
        response = ledger.client.get(EXPORT, headers=headers)
        assert response.status_code == status
        assert visitor["id"] not in response.text


def test_a_revoked_key_is_refused_at_the_next_request(
    ledger: Ledger, auditor: dict[str, str]
) -> None:
    assert ledger.client.get(EXPORT, headers=auditor).status_code == 200
    database = ledger.services.database
    key_id = auditor["Authorization"].split("_")[1]
    with database.connection_context():
        auth.revoke_key(database, SITE, key_id)
    response = ledger.client.get(EXPORT, headers=auditor)
    assert response.status_code == 401
    assert "revoked" in response.get_json()["detail"]


def test_an_unknown_site_is_named(ledger: Ledger, auditor: dict[str, str]) -> None:
    response = ledger.client.get("/v1/sites/nowhere/export", headers=auditor)
    assert (response.status_code, response.get_json()["code"]) == (404, "site_unknown")


def test_another_method_is_refused(ledger: Ledger, auditor: dict[str, str]) -> None:
    assert ledger.client.post(EXPORT, headers=auditor).status_code == 405


def test_exports_are_limited_by_key(make_ledger: Make) -> None:
    ledger = make_ledger(limit_export="1/minute")
    one, two = ledger.key("audit"), ledger.key("audit")
    assert ledger.client.get(EXPORT, headers=one).status_code == 200
    response = ledger.client.get(EXPORT, headers=one)
    assert (response.status_code, response.get_json()["code"]) == (429, "rate_limited")
    assert ledger.client.get(EXPORT, headers=two).status_code == 200


def test_guessing_keys_is_limited_by_address(make_ledger: Make) -> None:
    ledger = make_ledger(limit_read="2/minute")
    found = []
    for number in range(3):
        headers = {"Authorization": f"Bearer clk_{number:012x}_{'A' * 43}"}
        found.append(ledger.client.get(EXPORT, headers=headers).status_code)
    assert found == [401, 401, 429]
