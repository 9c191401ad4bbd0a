# SPDX-License-Identifier: MIT
"""`export`: which format goes where, by time, and how it tells what is wrong and how far it is."""

from __future__ import annotations

import csv
import json
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from consent_ledger.cli import export as command
from consent_ledger.cli.progress import Progress
from consent_ledger.db import open_database
from consent_ledger.errors import SetupError
from consent_ledger.export import SUFFIXES
from harness import SITE, commit

from .conftest import Run, decide, sentence


def test_an_export_goes_to_standard_output_or_a_file(ledger: Run, tmp_path: Path) -> None:
    printed = ledger("export", SITE)
    assert len(printed.out.splitlines()) == 2
    assert ledger("export", SITE, "--format", "csv", "-o", "out.csv").out == ""
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [row["kind"] for row in csv.DictReader(file)] == ["notice"]


def test_an_export_that_fails_leaves_the_old_file_as_it_was(
    ledger: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").write_text("old")

    def broken(*_: object) -> Iterator[bytes]:
        yield b"half"
        raise SetupError("the disk is gone")

    monkeypatch.setattr("consent_ledger.export.Export.lines", broken)
    assert "the disk is gone" in sentence(ledger("export", SITE, "-o", "out"))
    assert (tmp_path / "out").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"out", "data", "dist"}


def test_the_ending_of_the_file_says_the_format(ledger: Run, tmp_path: Path) -> None:
    for name in ("out", "out.ndjson", "out.csv", "out.jsonld", "out.zip", "OUT.ZIP"):
        assert ledger("export", SITE, "-o", name).code == 0
    for name in ("out", "out.ndjson"):
        assert json.loads((tmp_path / name).read_text().splitlines()[0])["site"] == SITE
    assert (tmp_path / "out.csv").read_text().startswith("generation,index,kind")
    assert "@context" in json.loads((tmp_path / "out.jsonld").read_text())
    for name in ("out.zip", "OUT.ZIP"):
        assert "manifest.json" in zipfile.ZipFile(tmp_path / name).namelist()
    assert ledger("export", SITE, "--format", "csv", "-o", "other.zip").code == 0
    assert (tmp_path / "other.zip").read_text().startswith("generation,index,kind")


def test_the_command_knows_the_formats_that_there_are() -> None:
    assert {ending: form for form, ending in SUFFIXES.items()} == command.FORMATS


def test_a_bundle_that_was_exported_verifies(ledger: Run, tmp_path: Path) -> None:
    database = open_database(tmp_path / "data")
    with database.connection_context():
        commit(database, [decide() for _ in range(3)])
    database.close_all()
    vkey = ledger("signing-key", "show", SITE).out.strip()
    for parts in ("evidence", "all"):
        assert ledger("export", SITE, "--parts", parts, "-o", "out.zip").code == 0
        done = ledger("verify", "out.zip", "--key", vkey)
        assert done.code == 0, done.out
        assert "3 decision, 1 notice" in done.out
    assert ledger("verify", "out.zip").code == 3  # nobody says whose key it is


def test_an_export_by_time(ledger: Run, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    days = {
        name: str(today + timedelta(days=count))
        for name, count in (("before", -2), ("yesterday", -1), ("later", 2))
    }  # whatever the hour is
    assert ledger("export", SITE, "--from", days["yesterday"], "-o", "out.csv").code == 0
    assert (tmp_path / "out.csv").read_text().count("\n") == 2
    refused = ledger("export", SITE, "--from", days["before"], "--to", days["yesterday"])
    assert "nothing was recorded for site 'meridian' from" in sentence(refused)
    assert "nothing was recorded" in sentence(ledger("export", SITE, "--from", days["later"]))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--from", "November"), "from: found 'November', expected a day or an hour in UTC"),
        (("--to", "2026-11-31"), "to: found '2026-11-31', expected a day or an hour in UTC"),
        (
            ("--from", "2026-11-02", "--to", "2026-11-01"),
            "from: found 2026-11-02, expected a time before 2026-11-01",
        ),
    ],
)
@pytest.mark.parametrize("form", ["ndjson", "bundle"])
def test_a_wrong_time_is_one_sentence(
    ledger: Run, tmp_path: Path, options: tuple[str, ...], complaint: str, form: str
) -> None:
    done = ledger("export", SITE, "--format", form, "-o", "out", *options)
    assert complaint in sentence(done)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["out.ndjson", "out.zip"])
def test_an_unknown_site_is_named(ledger: Run, tmp_path: Path, name: str) -> None:
    assert "no site 'nowhere'" in sentence(ledger("export", "nowhere", "-o", name))
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("form", list(SUFFIXES))
def test_a_bar_tells_how_far_it_is(
    ledger: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    assert ledger("export", SITE, "--format", form, "-o", "out").err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    told = ledger("export", SITE, "--format", form, "-o", "out").err
    assert "] 1 of 1 entries, " in told
    assert told.endswith("/s\n")


def test_progress_without_a_total_counts(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress(None, "bytes") as shown:
        shown.add(1500)
    assert "1,500 bytes, " in capfd.readouterr().err
