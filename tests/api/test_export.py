# SPDX-License-Identifier: MIT
"""GET /v1/sites/{site}/export: everything the log holds, for an audit."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from consent_ledger import auth
from consent_ledger.export import ENDS
from consent_ledger.export_pages import StoredLog
from consent_ledger.timestamps import HOUR_MS, moment
from consent_ledger.verify.bundle import verify_bundle
from consent_ledger.verify.trust import Pinned
from harness import SITE, sample_choices

from .conftest import CONSENTS, EXPORT, Clock, Ledger, Make, bearer


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
    assert head["range"] is None
    assert head["logs"] == [
        {"origin": f"ledger.test/{SITE}/1", "generation": 1, "size": 5, "first": 0, "end": 5}
    ]
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
    monkeypatch.setattr("consent_ledger.export_pages.PAGE", 2)
    for _ in range(4):
        ledger.post(ledger.decision())
    response = ledger.client.get(EXPORT, headers=auditor, buffered=False)
    pieces = [bytes(piece) for piece in response.response]
    assert [piece.count(b"\n") for piece in pieces] == [1, 2, 2, 1]
    response.close()


@pytest.fixture
def broken(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading entries 2 and later fails."""
    monkeypatch.setattr("consent_ledger.export_pages.PAGE", 2)
    for _ in range(4):
        ledger.post(ledger.decision())
    whole = StoredLog.fetch

    def fetch(self: StoredLog, sql: str, *parameters: Any) -> Any:
        if parameters[:1] == (2,):
            raise ZeroDivisionError
        return whole(self, sql, *parameters)

    monkeypatch.setattr(StoredLog, "fetch", fetch)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_an_export_that_breaks_off_says_so_in_its_last_line(
    ledger: Ledger, auditor: dict[str, str], form: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = ledger.client.get(f"{EXPORT}?format={form}", headers=auditor)
    found = response.text.splitlines()
    assert response.headers["X-Entries"] == "5"
    assert len(found) == 1 + 2 + 1
    assert "this export broke off here" in found[-1]
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("form", ["jsonld", "bundle"])
def test_a_document_or_a_bundle_that_breaks_off_has_no_end(
    ledger: Ledger,
    auditor: dict[str, str],
    tmp_path: Path,
    form: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = ledger.client.get(f"{EXPORT}?format={form}", headers=auditor)
    assert response.status_code == 200
    assert len(response.data) > 50
    assert ENDS[form].search(response.data) is None
    assert "ZeroDivisionError" in caplog.text
    (tmp_path / "broken").write_bytes(response.data)
    with pytest.raises((zipfile.BadZipFile, json.JSONDecodeError)):
        zipfile.ZipFile(tmp_path / "broken") if form == "bundle" else json.loads(response.data)


def test_records_come_as_json_ld(
    ledger: Ledger, auditor: dict[str, str], visitor: dict[str, Any]
) -> None:
    response = ledger.client.get(EXPORT + "?format=jsonld&parts=all", headers=auditor)
    assert response.mimetype == "application/ld+json"
    (record,) = json.loads(response.data)["dct:hasPart"]
    assert record["dct:identifier"] == visitor["id"]


def test_a_bundle_comes_over_http_and_verifies(
    ledger: Ledger, auditor: dict[str, str], visitor: dict[str, Any], tmp_path: Path
) -> None:
    response = ledger.client.get(EXPORT + "?format=bundle", headers=auditor)
    assert response.mimetype == "application/zip"
    assert ENDS["bundle"].search(response.data)
    assert visitor["id"].encode() not in response.data
    (tmp_path / "bundle.zip").write_bytes(response.data)
    report = verify_bundle(str(tmp_path / "bundle.zip"), Pinned.read([ledger.vkey()]))
    assert report.exit_code == 0, report.faults.first


def test_what_was_erased_is_announced_before_a_bundle(
    ledger: Ledger, auditor: dict[str, str], visitor: dict[str, Any], tmp_path: Path
) -> None:
    erased = ledger.client.delete(CONSENTS, headers=bearer(visitor))
    assert erased.status_code in (200, 202)
    response = ledger.client.get(EXPORT + "?format=bundle&parts=all", headers=auditor)
    (tmp_path / "bundle.zip").write_bytes(response.data)
    report = verify_bundle(str(tmp_path / "bundle.zip"), Pinned.read([ledger.vkey()]))
    assert report.exit_code == 0, report.faults.first
    assert report.to_dict()["logs"][0]["erased"]["visitor"] == {"subject": 1, "evidence": 1}


def test_a_time_cuts_the_export(
    ledger: Ledger, clock: Clock, auditor: dict[str, str], visitor: dict[str, Any]
) -> None:
    clock.ms += 48 * HOUR_MS
    ledger.post(ledger.decision())
    day = moment(clock.ms)[:10]
    head, entry = lines(ledger.client.get(f"{EXPORT}?from={day}", headers=auditor))
    assert head["range"] == {"from": f"{day}T00Z", "to": None}
    assert entry["index"] == 2
    head, *entries = lines(ledger.client.get(f"{EXPORT}?to={day}T00Z", headers=auditor))
    assert [each["index"] for each in entries] == [0, 1]


def test_the_log_says_who_exported_and_what(ledger: Ledger, auditor: dict[str, str]) -> None:
    ledger.client.get(EXPORT + "?format=csv", headers=auditor)
    ledger.client.get(EXPORT + "?format=bundle&parts=all", headers=auditor)
    head, _, *entries = lines(ledger.client.get(EXPORT + "?parts=all", headers=auditor))
    assert head["logs"][0]["end"] == 3
    assert [entry["kind"] for entry in entries] == [3, 3]
    assert [entry["evidence"]["part"]["parts"] for entry in entries] == [
        ["evidence"],
        ["evidence", "subject"],
    ]
    assert entries[0]["evidence"]["part"]["operation"] == "export"
    key_id = auditor["Authorization"].split("_")[1]
    assert [entry["subject"]["part"]["key"] for entry in entries] == [key_id] * 2


def test_a_refused_export_is_not_noted(
    ledger: Ledger, auditor: dict[str, str], stranger: dict[str, str]
) -> None:
    assert ledger.client.get(EXPORT, headers=stranger).status_code == 401
    response = ledger.client.get(EXPORT + "?from=2001-01-01&to=2001-01-02", headers=auditor)
    assert response.status_code == 422
    assert response.get_json()["errors"] == {
        "from": ["nothing was recorded from 2001-01-01T00Z up to 2001-01-02T00Z"]
    }
    assert ledger.size() == 1


def test_a_log_without_entries_has_no_bundle(make_ledger: Make) -> None:
    ledger = make_ledger(published=False)
    response = ledger.client.get(EXPORT + "?format=bundle", headers=ledger.key("audit"))
    assert response.status_code == 404
    assert "no entry yet" in response.get_json()["detail"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("format=xml", "format"),
        ("parts=subject", "parts"),
        ("limit=5", "limit"),
        ("from=2026", "from"),
        ("to=2026-13-01", "to"),
        ("from=2026-11-02&to=2026-11-01", "from"),
    ],
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
