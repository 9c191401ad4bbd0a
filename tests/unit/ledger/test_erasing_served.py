# SPDX-License-Identifier: MIT
"""A real server: it erases, finishes and announces what a crash interrupted, and expires by itself.

Raw files are searched as they lie on the disk while it runs, its log among them.
"""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from consent_ledger.visitors import subject_hash
from harness import SITE, LedgerProcess, Reply, sample_decision, write_dist

from .raw_files import read_files, search

ENVIRONMENT = {"CONSENT_LEDGER_LOG_LEVEL": "debug"}
PATIENCE_S = 30


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerProcess]:
    dist = write_dist(tmp_path / "dist")
    with LedgerProcess(tmp_path / "ledger", dist=dist, environment=ENVIRONMENT) as made:
        yield made


class Visitor:
    """Somebody who decided, and what the ledger holds of them."""

    def __init__(self, ledger: LedgerProcess, decisions: int = 1) -> None:
        self.token = secrets.token_hex(16)
        self.decisions = [
            sample_decision(token=self.token, seq=seq) for seq in range(1, decisions + 1)
        ]
        self.values = {subject_hash(SITE, self.token)}
        for decision in self.decisions:
            reply = ledger.post(decision)
            assert reply.status == 201
            receipt = reply.json()
            self.values |= {
                bytes.fromhex(decision["id"]),
                base64.b64decode(receipt["subject"]["salt"]),
                base64.b64decode(receipt["evidence"]["salt"]),
            }

    @property
    def record(self) -> str:
        return str(self.decisions[0]["id"])

    def forget(self, ledger: LedgerProcess) -> Reply:
        headers = {"Authorization": f"Bearer {self.token}"}
        return ledger.request("DELETE", f"/v1/sites/{SITE}/consents", headers=headers)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def kinds(ledger: LedgerProcess) -> list[int]:
    """Of each private entry, read beside the server."""
    with closing(sqlite3.connect(ledger.data / "ledger.db")) as database:
        rows = database.execute("SELECT kind FROM record ORDER BY entry_index").fetchall()
    return [kind for (kind,) in rows]


def pending(ledger: LedgerProcess) -> int:
    with closing(sqlite3.connect(ledger.data / "ledger.db")) as database:
        return int(database.execute("SELECT count(*) FROM pending").fetchone()[0])


def test_each_way_of_erasing_leaves_nothing_in_any_file(ledger: LedgerProcess) -> None:
    visitors = [Visitor(ledger, decisions=1 + number % 3) for number in range(40)]
    values = set().union(*(visitor.values for visitor in visitors))
    directory = ledger.data.parent
    assert search(read_files(directory), values).keys() == values

    erased = visitors[::8]
    by_token, by_key, by_command, by_receipt, last = erased
    assert by_token.forget(ledger).json()["records"] == 1
    wait_until(lambda: by_token.forget(ledger).status == 200)
    key = ledger.run("key", "issue", SITE, "--label", "owner", "--scope", "manage").strip()
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/v1/sites/{SITE}/receipts/{by_key.record}"
    wait_until(lambda: ledger.request("DELETE", path, headers=headers).status == 200)
    ledger.run("erase", SITE, "--record", by_command.record, "--yes")
    receipt = directory / "receipt.json"
    headers = {"Authorization": f"Bearer {by_receipt.token}"}
    path = f"/v1/sites/{SITE}/receipts/{by_receipt.record}"
    receipt.write_bytes(ledger.request("GET", path, headers=headers).body)
    ledger.run("erase", SITE, "--receipt", str(receipt), "--yes")
    receipt.unlink()
    wait_until(lambda: last.forget(ledger).status == 200)

    gone = set().union(*(visitor.values for visitor in erased))
    found = search(read_files(directory), values)
    assert {value: places for value, places in found.items() if value in gone} == {}
    assert found.keys() == values - gone
    for visitor in erased:
        for decision in visitor.decisions:
            assert ledger.post(decision).status == 410
    ledger.stop()
    assert search(read_files(directory), values).keys() == values - gone
    journal = (ledger.data / "journal" / f"{SITE}.erased").read_text()
    assert {line.split()[3] for line in journal.splitlines()} == {"visitor", "owner"}


# A crash between two steps of an erasure

STEPS = {
    "before the journal is written": "journal.Journal.keep_erased",
    "before the indexes are rebuilt": "remains.Remains._rebuild",
    "before the log of the database is truncated": "remains.Remains._truncate",
    "before it is noted": "remains.TakeNote.apply",
}


def dying(step: str) -> tuple[str, ...]:
    """A server that kills itself when an erasure gets to *step*."""
    code = (
        "import os, signal\n"
        "from consent_ledger import journal, remains\n"
        f"{STEPS[step]} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from consent_ledger.cli import main; main()"
    )
    return (sys.executable, "-c", code)


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_between_two_steps_is_finished_by_the_next_server(
    tmp_path: Path, step: str
) -> None:
    environment = ENVIRONMENT | {"CONSENT_LEDGER_ANNOUNCE_AFTER": "1"}
    dist = write_dist(tmp_path / "dist")
    ledger = LedgerProcess(
        tmp_path / "ledger", dist=dist, environment=environment, command=dying(step)
    )
    ledger.prepare()
    ledger.start()
    visitor, other = Visitor(ledger, decisions=2), Visitor(ledger)
    with pytest.raises(ConnectionError):
        visitor.forget(ledger)
    ledger.kill()
    values = visitor.values | other.values
    if step != "before it is noted":
        assert search(read_files(ledger.data), visitor.values)  # so there is something to finish
    whole = LedgerProcess(tmp_path / "ledger", port=ledger.port, environment=environment)
    whole.start()
    try:
        wait_until(lambda: search(read_files(whole.data), values).keys() == other.values)
        wait_until(lambda: pending(whole) == 0)
        assert kinds(whole) == [1, 1, 1, 2]
        assert visitor.forget(whole).json()["records"] == 0
        assert whole.post(visitor.decisions[0]).status == 410
        journal = (whole.data / "journal" / f"{SITE}.erased").read_text()
        assert {line.split()[2] for line in journal.splitlines()} == {"subject", "evidence"}
    finally:
        whole.stop()


# What the server does by itself


def serve_with(tmp_path: Path, **settings: str) -> LedgerProcess:
    environment: Mapping[str, str] = {
        f"CONSENT_LEDGER_{name}": value for name, value in settings.items()
    }
    return LedgerProcess(
        tmp_path / "ledger",
        dist=write_dist(tmp_path / "dist"),
        environment=ENVIRONMENT | dict(environment),
    )


def test_erasures_are_announced_by_themselves(tmp_path: Path) -> None:
    with serve_with(tmp_path, ANNOUNCE_AFTER="1") as ledger:
        visitors = [Visitor(ledger) for _ in range(4)]
        for visitor in visitors[:3]:
            assert visitor.forget(ledger).json()["records"] == 1
        wait_until(lambda: pending(ledger) == 0)
        told = [
            (item["part"], index)
            for entry in ledger.entries()
            if entry["kind"] == 2
            for item in entry["evidence"]["part"]["erased"]
            for first, last in item["indexes"]
            for index in range(first, last + 1)
        ]
        assert sorted(told) == [(part, at) for part in ("evidence", "subject") for at in (1, 2, 3)]


def test_it_expires_what_is_kept_too_long(tmp_path: Path) -> None:
    with serve_with(tmp_path, PURGE_INTERVAL="1") as ledger:
        visitor = Visitor(ledger)
        with closing(sqlite3.connect(ledger.data / "ledger.db", timeout=10)) as database:
            # As if it had been recorded more than three years ago, and the mark two months ago.
            database.execute("UPDATE hour SET hour = hour - 24 * 1100")
            database.execute("INSERT INTO forgotten VALUES (?, ?, ?)", (SITE, bytes(32), 1))
            database.commit()
        wait_until(lambda: search(read_files(ledger.data), visitor.values).keys() < visitor.values)
        (entry,) = [entry for entry in ledger.entries() if entry["kind"] == 1]
        assert entry["subject"] is None
        assert entry["evidence"]["part"]["action"] == "accept_all"
        left = {base64.b64decode(entry["evidence"]["salt"])}
        wait_until(lambda: search(read_files(ledger.data), visitor.values).keys() == left)
        with closing(sqlite3.connect(ledger.data / "ledger.db")) as database:
            assert database.execute("SELECT count(*) FROM forgotten").fetchone() == (0,)
        headers = {"Authorization": f"Bearer {visitor.token}"}
        reply = ledger.request("GET", f"/v1/sites/{SITE}/consents", headers=headers)
        assert reply.status == 404


def test_it_ends_cleanly_and_says_nothing_about_people(tmp_path: Path) -> None:
    with serve_with(tmp_path, PURGE_INTERVAL="1", ANNOUNCE_AFTER="1") as ledger:
        visitor = Visitor(ledger)
        assert visitor.forget(ledger).json()["records"] == 1
        wait_until(lambda: pending(ledger) == 0)
        assert ledger.stop() == 0
        text = ledger.log.read_text()
        assert "ERROR" not in text
        assert "WARNING" not in text
        assert visitor.token not in text


def test_a_purge_by_hand_shows_first_and_then_does(ledger: LedgerProcess) -> None:
    visitor = Visitor(ledger, decisions=2)
    with closing(sqlite3.connect(ledger.data / "ledger.db", timeout=10)) as database:
        database.execute("UPDATE hour SET hour = hour - 24 * 1100")
        database.commit()
    told = ledger.run("purge", SITE, "--dry-run")
    assert told == f"{SITE}: 2 subject parts, 0 evidence parts would be erased\n"
    assert search(read_files(ledger.data), visitor.values).keys() == visitor.values
    told = ledger.run("purge", "--announce")
    assert told == (
        f"{SITE}: erased 2 subject parts, 0 evidence parts; accounted for 2 in the log\n"
    )
    left = search(read_files(ledger.data), visitor.values)
    assert len(left) == 2  # the salts of the evidence
    (entry,) = [entry for entry in ledger.entries() if entry["kind"] == 2]
    part: dict[str, Any] = entry["evidence"]["part"]
    assert json.dumps(part["erased"][0]["indexes"]) == "[[1, 2]]"
    assert part["erased"][0]["reason"] == "retention"
