# SPDX-License-Identifier: MIT
"""Exports: complete, in constant memory, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from pathlib import Path

import pytest
from consent_banner import canonical
from consent_ledger import export
from consent_ledger.db import Database, open_database
from consent_ledger.errors import SiteUnknown
from consent_ledger.export import prepare_export
from consent_ledger.models import Entry, Log, Record
from harness import SITE, commit

from .conftest import NOW_MS, decide


def fill(database: Database, count: int) -> None:
    for start in range(0, count, 200):
        works = [decide() for _ in range(min(200, count - start))]
        assert not [done for done in commit(database, works, lambda: NOW_MS) if done.error]


def test_each_line_is_canonical_json(database: Database) -> None:
    fill(database, 3)
    for with_subjects in (False, True):
        text = b"".join(prepare_export(database, SITE, with_subjects=with_subjects).ndjson())
        for line in text.splitlines():
            assert line == canonical.dumps(json.loads(line))


def test_an_erased_part_is_null_and_a_withheld_one_absent(database: Database) -> None:
    fill(database, 1)
    Record.update(
        {Record.subject_part: None, Record.subject_salt: None, Record.subject: None}
    ).execute(database)
    full = b"".join(prepare_export(database, SITE, with_subjects=True).ndjson())
    assert json.loads(full.splitlines()[-1])["subject"] is None
    evidence = b"".join(prepare_export(database, SITE, with_subjects=False).ndjson())
    assert "subject" not in json.loads(evidence.splitlines()[-1])
    table = b"".join(prepare_export(database, SITE, with_subjects=True).csv()).decode()
    assert list(csv.DictReader(io.StringIO(table)))[-1]["record"] == ""


def test_generations_follow_each_other(database: Database) -> None:
    Log.insert(site=SITE, generation=2, origin="ledger.test/meridian/2", size=0, last_ms=0).execute(
        database
    )
    fill(database, 2)
    head, *lines = map(
        json.loads,
        b"".join(prepare_export(database, SITE, with_subjects=False).ndjson()).splitlines(),
    )
    assert [log["size"] for log in head["logs"]] == [1, 2]
    assert [(line["generation"], line["index"]) for line in lines] == [(1, 0), (2, 0), (2, 1)]


def test_memory_does_not_grow_with_the_export(database: Database) -> None:
    def peak(count: int) -> int:
        fill(database, count)
        tracemalloc.start()
        pieces = sum(
            len(piece) for piece in prepare_export(database, SITE, with_subjects=True).ndjson()
        )
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert pieces > count * 500
        return used

    small, large = peak(600), peak(3000)
    assert large < 1.5 * small


def test_pages_hold_no_read_open_between_them(database: Database, data: Path) -> None:
    """So that the write-ahead log can be reset while somebody reads slowly."""
    fill(database, 5)
    prepared_on = open_database(data)
    with prepared_on.connection_context():
        prepared = prepare_export(prepared_on, SITE, with_subjects=False)
    pieces = prepared.ndjson()
    next(pieces)
    next(pieces)
    assert prepared_on.is_closed()
    prepared_on.close_all()


def test_an_unknown_site_is_not_exported(database: Database) -> None:
    with pytest.raises(SiteUnknown):
        prepare_export(database, "nowhere", with_subjects=False)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_can_be_taken_for_a_formula(start: str) -> None:
    text = export._csv([(start + 'HYPERLINK("x")', "a=b", 5, True, None)]).decode()
    (row,) = csv.reader(io.StringIO(text, newline=""))
    assert row == ["'" + start + 'HYPERLINK("x")', "a=b", "5", "true", ""]


def test_a_planted_formula_is_inert_in_the_whole_table(database: Database) -> None:
    fill(database, 1)
    row = Record.select(Record.evidence_part).tuples().get(database)
    evidence = json.loads(row[0]) | {"origin": "=cmd|' /C calc'!A0", "language": "@SUM(1)"}
    Record.update({Record.evidence_part: canonical.dumps(evidence)}).execute(database)
    table = b"".join(prepare_export(database, SITE, with_subjects=False).csv()).decode()
    for cells in csv.reader(io.StringIO(table, newline="")):
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]


def test_negative_numbers_do_not_occur_but_would_be_inert(database: Database) -> None:
    assert export._inert(-1) == "'-1"
    assert Entry.select().count(database) == 1
