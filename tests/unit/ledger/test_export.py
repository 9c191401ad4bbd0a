# SPDX-License-Identifier: MIT
"""Exports: complete, by time too, in constant memory, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from consent_banner import canonical
from consent_ledger.db import Database, open_database
from consent_ledger.errors import InvalidFields, SetupError, SiteUnknown
from consent_ledger.export import FORMATS, SUFFIXES, Export, prepare_export
from consent_ledger.export_range import EVERYTHING, Range
from consent_ledger.models import Log, Record
from consent_ledger.timestamps import HOUR_MS, hour
from harness import SITE

from .conftest import NOW_MS
from .exports import Journalist

START = NOW_MS // HOUR_MS


@pytest.fixture
def journalist(database: Database) -> Journalist:
    return Journalist(database)


def export(
    database: Database, form: str, *, with_subjects: bool = False, wanted: Range = EVERYTHING
) -> bytes:
    prepared = prepare_export(database, SITE, with_subjects=with_subjects, wanted=wanted)
    return b"".join(prepared.lines(form))


def rows(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode(), newline="")))


@pytest.mark.parametrize("with_subjects", [False, True])
def test_each_line_is_canonical_json(
    database: Database, journalist: Journalist, with_subjects: bool
) -> None:
    journalist.decide(3)
    found = export(database, "ndjson", with_subjects=with_subjects).splitlines()
    assert [line for line in found if line != canonical.dumps(json.loads(line))] == []
    assert len(found) == 5


def test_an_erased_part_is_null_and_a_withheld_one_absent(
    database: Database, journalist: Journalist
) -> None:
    journalist.decide(1)
    Record.update(
        {Record.subject_part: None, Record.subject_salt: None, Record.subject: None}
    ).execute(database)
    full = export(database, "ndjson", with_subjects=True)
    assert json.loads(full.splitlines()[-1])["subject"] is None
    evidence = export(database, "ndjson")
    assert "subject" not in json.loads(evidence.splitlines()[-1])
    assert rows(export(database, "csv", with_subjects=True))[-1]["record"] == ""


def test_generations_follow_each_other(database: Database, journalist: Journalist) -> None:
    Log.insert(site=SITE, generation=2, origin="ledger.test/meridian/2", size=0, last_ms=0).execute(
        database
    )
    Journalist(database).decide(2)
    head, *found = map(json.loads, export(database, "ndjson").splitlines())
    assert [log["size"] for log in head["logs"]] == [1, 2]
    assert [(line["generation"], line["index"]) for line in found] == [(1, 0), (2, 0), (2, 1)]
    assert [(row["generation"], row["index"]) for row in rows(export(database, "csv"))] == [
        *(("1", "0"), ("2", "0"), ("2", "1"))
    ]
    records = json.loads(export(database, "jsonld"))["dct:hasPart"]
    assert [record["@id"] for record in records] == ["2#0", "2#1"]


def test_pages_hold_no_read_open_between_them(data: Path, journalist: Journalist) -> None:
    """So that the write-ahead log can be reset while somebody reads slowly."""
    journalist.decide(5)
    prepared_on = open_database(data)
    with prepared_on.connection_context():
        prepared = prepare_export(prepared_on, SITE, with_subjects=False)
    for form in ("ndjson", "csv", "jsonld"):
        for _ in prepared.lines(form):
            assert prepared_on.is_closed()
    prepared_on.close_all()


def test_an_unknown_site_is_not_exported(database: Database) -> None:
    with pytest.raises(SiteUnknown):
        prepare_export(database, "nowhere", with_subjects=False)


def test_each_format_has_a_suffix_of_its_own() -> None:
    assert len({SUFFIXES[form] for form in FORMATS}) == len(FORMATS)


# --- by time -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["ndjson", "csv", "jsonld"])
def test_every_format_is_cut_by_time(database: Database, journalist: Journalist, form: str) -> None:
    journalist.decide(2)
    journalist.wait(30)
    journalist.decide(3)
    journalist.wait(1)
    journalist.decide(4)
    wanted = Range.parse(hour((START + 30) * HOUR_MS), hour((START + 31) * HOUR_MS))
    found = export(database, form, wanted=wanted)
    if form == "ndjson":
        head, *entries = map(json.loads, found.splitlines())
        assert head["range"] == wanted.to_dict()
        assert [(log["first"], log["end"], log["size"]) for log in head["logs"]] == [(3, 6, 10)]
        assert [entry["index"] for entry in entries] == [3, 4, 5]
    elif form == "csv":
        assert [row["index"] for row in rows(found)] == ["3", "4", "5"]
    else:
        records = json.loads(found)["dct:hasPart"]
        assert [record["@id"] for record in records] == ["1#3", "1#4", "1#5"]


@pytest.mark.parametrize(
    ("start", "stop", "spelt"),
    [
        ("2026-11-01", None, ("2026-11-01T00Z", None)),
        (None, "2026-11-01T08Z", (None, "2026-11-01T08Z")),
        ("1970-01-01", "9999-12-31T23Z", ("1970-01-01T00Z", "9999-12-31T23Z")),
    ],
)
def test_times_are_days_or_hours(
    start: str | None, stop: str | None, spelt: tuple[str | None, str | None]
) -> None:
    assert Range.parse(start, stop).to_dict() == {"from": spelt[0], "to": spelt[1]}


@pytest.mark.parametrize(
    ("start", "stop", "field"),
    [
        ("2026-11", None, "from"),
        ("2026-11-31", None, "from"),
        ("2026-11-01T24Z", None, "from"),
        ("2026-11-01T08:00Z", None, "from"),
        ("2026-11-01T08Z\n", None, "from"),
        (None, "tomorrow", "to"),
        (None, "2026-11-01T08", "to"),
        ("2026-11-02", "2026-11-02", "from"),
        ("2026-11-02", "2026-11-01T23Z", "from"),
    ],
)
def test_a_wrong_time_is_named(start: str | None, stop: str | None, field: str) -> None:
    with pytest.raises(InvalidFields) as raised:
        Range.parse(start, stop)
    assert list(raised.value.fields or {}) == [field]
    assert "found" in raised.value.detail
    assert "expected" in raised.value.detail


def test_a_range_in_which_nothing_was_recorded_is_refused(database: Database) -> None:
    wanted = Range(START + 1, START + 2)
    with pytest.raises(InvalidFields, match="nothing was recorded for site 'meridian' from 2026-"):
        prepare_export(database, SITE, with_subjects=False, wanted=wanted)


# --- memory --------------------------------------------------------------------------------------

RUN = """
import resource, sys
from pathlib import Path
from consent_ledger.bundle import Bundle
from consent_ledger.db import open_database
from consent_ledger.export import prepare_export

directory, form = sys.argv[1:]
database = open_database(Path(directory))
export = prepare_export(database, "meridian", with_subjects=True)
pieces = Bundle(export, lambda: None).pieces() if form == "bundle" else export.lines(form)
written = sum(map(len, pieces))
if sys.platform == "darwin":
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
else:  # ru_maxrss would also count the process that started this one
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0])
print(export.size, written, peak)
"""


def peak_mb(data: Path, form: str) -> tuple[int, float]:
    """Number of entries, and the most memory a process of its own held while exporting them."""
    command = [sys.executable, "-c", RUN, str(data), form]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    size, written, peak_kb = map(int, done.stdout.split())
    assert written > size * 100
    return size, peak_kb / 1024


def test_memory_does_not_grow_with_the_export(data: Path, journalist: Journalist) -> None:
    journalist.decide(4_000)
    small = {form: peak_mb(data, form) for form in FORMATS}
    journalist.decide(16_000)
    large = {form: peak_mb(data, form) for form in FORMATS}
    assert {size for size, _ in small.values()} == {4_001}
    assert {size for size, _ in large.values()} == {20_001}
    for form in FORMATS:
        assert large[form][1] < 100, form
        assert large[form][1] < small[form][1] + 3, form  # 190 bytes an entry


# --- spreadsheets --------------------------------------------------------------------------------


def test_a_planted_formula_is_inert_in_the_whole_table(
    database: Database, journalist: Journalist
) -> None:
    journalist.decide(1)
    row = Record.select(Record.evidence_part).tuples().get(database)
    evidence = json.loads(row[0]) | {"origin": "=cmd|' /C calc'!A0", "language": "@SUM(1)"}
    Record.update({Record.evidence_part: canonical.dumps(evidence)}).execute(database)
    for cells in csv.reader(io.StringIO(export(database, "csv").decode(), newline="")):
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]


def test_what_an_entry_holds_that_is_no_decision_has_its_row_too(
    database: Database, journalist: Journalist
) -> None:
    record, *_ = journalist.decide(2)
    journalist.erase(record)
    journalist.announce()
    found = rows(export(database, "csv", with_subjects=True))
    assert [row["kind"] for row in found] == ["notice", "decision", "decision", "erasure"]
    assert [row["record"] for row in found] == ["", "", f"{2:032x}", ""]
    assert found[3]["recorded_hour"] == hour(NOW_MS)
    assert found[3]["recorded_at"] != ""


def test_a_damaged_log_is_not_exported_as_if_it_were_whole(
    database: Database, journalist: Journalist
) -> None:
    journalist.decide(3)
    database.execute_sql("DELETE FROM entry WHERE entry_index = 2")
    prepared: Export = prepare_export(database, SITE, with_subjects=False)
    for form in ("ndjson", "csv"):
        with pytest.raises(SetupError, match=r"is damaged in the database \(entry 2\)"):
            list(prepared.lines(form))


def all_of(document: Any, key: str) -> list[Any]:
    """Every value of *key* anywhere in a JSON document."""
    if isinstance(document, dict):
        own = [document[key]] if key in document else []
        return own + [each for value in document.values() for each in all_of(value, key)]
    if isinstance(document, list):
        return [each for value in document for each in all_of(value, key)]
    return []


def test_what_is_withheld_is_nowhere_in_an_export(
    database: Database, journalist: Journalist
) -> None:
    (record,) = journalist.decide(1)
    for form in ("ndjson", "csv", "jsonld"):
        assert record.encode() in export(database, form, with_subjects=True)
        evidence = export(database, form)
        assert record.encode() not in evidence
        assert b"subjects/" not in evidence
    assert all_of(json.loads(export(database, "jsonld"))["dct:hasPart"], "dct:created") == []
