# SPDX-License-Identifier: MIT
"""`erase` and `purge`: what they show, what they ask, and what they refuse."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from consent_ledger.db import open_database
from harness import COMMAND, SITE, commit

from .conftest import Run, decide, sentence


@pytest.fixture
def receipt(ledger: Run, tmp_path: Path) -> dict[str, Any]:
    """The first of two decisions of one visitor, as they hold it."""
    database = open_database(tmp_path / "data")
    with database.connection_context():
        done = commit(database, [decide(token="ab" * 16, seq=seq) for seq in (1, 2)])
    database.close_all()
    found: dict[str, Any] = json.loads(done[0].result.receipt.to_json())
    (tmp_path / "receipt.json").write_bytes(done[0].result.receipt.to_json())
    return found


def opened(tmp_path: Path) -> int:
    """How many decisions can still be opened."""
    with closing(sqlite3.connect(tmp_path / "data" / "ledger.db")) as database:
        sql = "SELECT count(*) FROM record WHERE kind = 1 AND subject_part IS NOT NULL"
        return int(database.execute(sql).fetchone()[0])


def test_a_dry_run_shows_what_would_be_erased(
    ledger: Run, receipt: dict[str, Any], tmp_path: Path
) -> None:
    done = ledger("erase", SITE, "--receipt", "receipt.json", "--dry-run")
    hour = receipt["evidence"]["part"]["recorded_hour"]
    assert done.code == 0
    assert done.out.startswith(f"{SITE}: 2 decision(s), recorded from {hour} to 20")
    assert "nothing was erased" in done.err
    only = ledger("erase", SITE, "--receipt", "receipt.json", "--only", "--dry-run")
    assert "1 decision(s)" in only.out
    assert opened(tmp_path) == 2


def test_a_visitor_is_erased_by_receipt_or_record(
    ledger: Run, receipt: dict[str, Any], tmp_path: Path
) -> None:
    record = receipt["subject"]["part"]["id"]
    done = ledger("erase", SITE, "--record", record, "--yes")
    assert (done.code, done.out) == (0, f"{SITE}: erased 2 decision(s)\n")
    assert "can no longer be linked to a person" in done.err
    assert opened(tmp_path) == 0
    again = ledger("erase", SITE, "--receipt", "receipt.json", "--yes")
    assert (again.code, again.out) == (0, f"{SITE}: erased 0 decision(s)\n")
    journal = (tmp_path / "data" / "journal" / f"{SITE}.erased").read_text()
    assert journal.count(" owner 1-2\n") == 2


def test_only_one_record_is_erased_when_only_that_is_asked(
    ledger: Run, receipt: dict[str, Any], tmp_path: Path
) -> None:
    assert ledger("erase", SITE, "--receipt", "receipt.json", "--only", "--yes").code == 0
    assert opened(tmp_path) == 1


def test_nobody_to_ask_and_no_yes_erases_nothing(
    ledger: Run, receipt: dict[str, Any], tmp_path: Path
) -> None:
    done = ledger("erase", SITE, "--receipt", "receipt.json")
    assert done.code == 2
    assert "give --yes" in done.err
    assert opened(tmp_path) == 2


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", 2), (b"y\n", 0)])
def test_on_a_terminal_it_asks(
    ledger: Run, receipt: dict[str, Any], tmp_path: Path, answer: bytes, left: int
) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        done = subprocess.run(
            [*COMMAND, "erase", SITE, "--receipt", "receipt.json"],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Erase for good? [y/N]" in done.stderr
    assert done.returncode == (1 if left else 0)
    assert opened(tmp_path) == left


def test_what_is_wrong_is_told_in_one_sentence(ledger: Run, tmp_path: Path) -> None:
    unknown = "0123456789abcdef" * 2
    assert "no record" in sentence(ledger("erase", SITE, "--record", unknown, "--yes"))
    assert "no record" in sentence(ledger("erase", SITE, "--record", unknown, "--dry-run"))
    assert "no site 'nowhere'" in sentence(ledger("erase", "nowhere", "--record", unknown))
    assert "record: found 'x'" in sentence(ledger("erase", SITE, "--record", "x", "--yes"))
    assert "cannot be read" in sentence(ledger("erase", SITE, "--receipt", "missing.json"))
    (tmp_path / "other.json").write_text('{"subject": null}')
    assert "is no receipt" in sentence(ledger("erase", SITE, "--receipt", "other.json"))
    (tmp_path / "other.json").write_text("nonsense")
    sentence(ledger("erase", SITE, "--receipt", "other.json"))
    assert ledger("erase", SITE).code == 2
    assert ledger("erase", SITE, "--record", unknown, "--receipt", "other.json").code == 2
    assert "no site 'nowhere'" in sentence(ledger("purge", "nowhere"))


def test_a_purge_with_nothing_to_do_says_so(ledger: Run, receipt: dict[str, Any]) -> None:
    done = ledger("purge")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{SITE}: erased 0 subject parts, 0 evidence parts\n"
    assert "0 subject parts, 0 evidence parts would be erased" in ledger("purge", "--dry-run").out


def test_how_long_parts_are_kept_is_set_for_each_site(ledger: Run) -> None:
    def kept() -> tuple[int, int]:
        shown = json.loads(ledger("site", "show", SITE, "--json").out)
        return shown["keep_subject_days"], shown["keep_evidence_days"]

    assert kept() == (1095, 1825)
    changed = ledger("site", "set", SITE, "--keep-subject-days", "400")
    assert changed.out.endswith("subject parts are kept 400 days, evidence 1825 days\n")
    assert ledger("site", "set", SITE, "--keep-evidence-days", "400").code == 0
    assert kept() == (400, 400)
    short = ledger("site", "set", SITE, "--keep-subject-days", "399")
    assert "keep_subject_days: found 399, expected 400 to" in sentence(short)
    less = ledger("site", "set", SITE, "--keep-subject-days", "500")
    assert "keep_evidence_days: found 400, expected 500" in sentence(less)
    assert kept() == (400, 400)
    days = ("--keep-subject-days", "600", "--keep-evidence-days", "700")
    added = ledger("site", "add", "other", "--name", "O", "--origin", "https://o.example", *days)
    assert added.code == 0
    assert json.loads(ledger("site", "show", "other", "--json").out)["keep_subject_days"] == 600
