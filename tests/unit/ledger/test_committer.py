# SPDX-License-Identifier: MIT
"""Group commit under threads: everything is answered, durable before, and exactly once."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from consent_ledger import sites
from consent_ledger.batch import Batch
from consent_ledger.committer import MAX_BATCH, Committer
from consent_ledger.db import Database
from consent_ledger.errors import (
    OutcomeUnknown,
    RecordConflict,
    Stopping,
    StorageUnavailable,
)
from consent_ledger.notices import Publish
from harness import SITE, writer_of

from .conftest import NOTICE, NOW_MS, decide


@pytest.fixture
def committer(database: Database) -> Iterator[Committer]:
    made = Committer(database, writer_of(database), deadline_s=20, clock=lambda: NOW_MS)
    made.start()
    yield made
    made.close()


class Gate:
    """Work that holds the committer up until it is let through."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()

    def apply(self, batch: Batch) -> None:
        self.entered.set()
        assert self.open.wait(10)


class Held:
    """A committer that is busy with a gate while `with` lasts."""

    def __init__(self, committer: Committer, pool: ThreadPoolExecutor) -> None:
        self.gate = Gate()
        self.answer = pool.submit(committer.submit, self.gate)
        assert self.gate.entered.wait(10)

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.open.set()
        self.answer.result(10)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as made:
        yield made


def count_transactions(database: Database) -> list[str]:
    """A list that grows with each transaction that begins to write."""
    begun: list[str] = []
    execute = database.begin

    def begin(lock_type: str | None = None) -> Any:
        begun.append(lock_type or "")
        return execute(lock_type)

    database.begin = begin  # type: ignore[method-assign]
    return begun


def test_many_threads_get_each_index_exactly_once(
    committer: Committer, database: Database, pool: ThreadPoolExecutor
) -> None:
    decisions = [decide() for _ in range(400)]
    results = list(pool.map(committer.submit, decisions))
    assert sorted(result.receipt.index for result in results) == list(range(1, 401))
    stored = dict(database.execute_sql("SELECT record_id, entry_index FROM record").fetchall())
    for decision, result in zip(decisions, results, strict=True):
        assert stored[bytes.fromhex(decision.record_id)] == result.receipt.index


def test_what_queues_meanwhile_is_written_in_one_transaction(
    committer: Committer, database: Database, pool: ThreadPoolExecutor
) -> None:
    with Held(committer, pool):
        answers = [pool.submit(committer.submit, decide()) for _ in range(40)]
        while committer.waiting < 40:
            pass
        begun = count_transactions(database)
    for answer in answers:
        answer.result(10)
    assert begun == ["IMMEDIATE"]


def test_a_group_has_an_upper_size(
    committer: Committer, database: Database, pool: ThreadPoolExecutor
) -> None:
    with Held(committer, pool):
        waiting = [committer.enqueue(decide()) for _ in range(MAX_BATCH + 1)]
        begun = count_transactions(database)
    for one in waiting:
        assert one.answered.acquire(timeout=10)
    assert begun == ["IMMEDIATE", "IMMEDIATE"]


def test_a_single_decision_waits_for_nobody(committer: Committer) -> None:
    for index in range(1, 4):
        assert committer.submit(decide()).receipt.index == index


def test_a_refusal_reaches_only_the_one_who_caused_it(
    committer: Committer, pool: ThreadPoolExecutor
) -> None:
    first = decide()
    committer.submit(first)
    with Held(committer, pool):
        bad = pool.submit(committer.submit, decide(id=first.record_id))
        good = [pool.submit(committer.submit, decide()) for _ in range(5)]
    with pytest.raises(RecordConflict):
        bad.result(10)
    assert all(answer.result(10).created for answer in good)


def test_one_that_breaks_a_rule_of_the_schema_does_not_fail_its_group(
    committer: Committer,
    database: Database,
    pool: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad = decide()
    database.execute_sql(
        "CREATE TRIGGER bad BEFORE INSERT ON record "
        f"WHEN NEW.record_id = x'{bad.record_id}' BEGIN SELECT RAISE(ABORT, 'bad'); END"
    )
    with Held(committer, pool):
        refused = pool.submit(committer.submit, bad)
        good = [pool.submit(committer.submit, decide()) for _ in range(5)]
    assert sorted(answer.result(10).receipt.index for answer in good) == [1, 2, 3, 4, 5]
    assert refused.exception(10) is not None
    assert sites.get_site(database, SITE).size == 6
    assert bad.record_id not in caplog.text


def test_two_publications_of_one_build_in_a_group_agree(
    committer: Committer, pool: ThreadPoolExecutor
) -> None:
    work = Publish(SITE, NOTICE, "d" * 64, "c" * 64, "sha384-" + "A" * 64)
    with Held(committer, pool):
        answers = [pool.submit(committer.submit, work) for _ in range(3)]
    results = [answer.result(10) for answer in answers]
    assert sorted(result.created for result in results) == [False, False, True]
    assert {result.index for result in results} == {1}


def test_an_older_build_is_put_in_force_again_by_publishing_it_again(committer: Committer) -> None:
    older, newer = (
        Publish(SITE, NOTICE, build * 64, "c" * 64, "sha384-" + "A" * 64) for build in "be"
    )
    assert committer.submit(older).created is False  # entry 0 put it in force
    assert committer.submit(newer).index == 1
    again = committer.submit(older)
    assert (again.created, again.index) == (True, 2)
    assert committer.submit(older).index == 2


def test_a_deadline_that_passes_says_that_the_outcome_is_unknown(
    database: Database, pool: ThreadPoolExecutor
) -> None:
    committer = Committer(database, writer_of(database), deadline_s=0.05, clock=lambda: NOW_MS)
    committer.start()
    gate = Gate()
    held = committer.enqueue(gate)
    assert gate.entered.wait(10)
    decision = decide()
    with pytest.raises(OutcomeUnknown, match="may still be recorded"):
        committer.submit(decision)
    gate.open.set()
    assert held.answered.acquire(timeout=10)
    committer.close()
    # And here it was: sending it again gets the receipt of the first time.
    again = Committer(database, writer_of(database), deadline_s=20, clock=lambda: NOW_MS)
    again.start()
    assert again.submit(decision).created is False
    again.close()


def test_closing_answers_what_is_queued_and_refuses_what_comes_later(
    committer: Committer, database: Database, pool: ThreadPoolExecutor
) -> None:
    with Held(committer, pool):
        waiting = [committer.enqueue(decide()) for _ in range(20)]
        closing = pool.submit(committer.close)
        while not committer.is_closed:
            pass
        with pytest.raises(Stopping):
            committer.submit(decide())
    closing.result(10)
    assert all(one.answered.acquire(timeout=0) for one in waiting)
    assert all(one.done.error is None for one in waiting)
    assert sites.get_site(database, SITE).size == 21


def test_closing_twice_and_closing_unstarted_do_no_harm(database: Database) -> None:
    committer = Committer(database, writer_of(database), deadline_s=1)
    committer.close()
    committer.close()
    with pytest.raises(Stopping):
        committer.ping()


def test_a_database_that_cannot_be_written_is_a_refusal_that_may_be_repeated(
    committer: Committer, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    decision = decide()
    database.execute_sql('ALTER TABLE "log" RENAME TO "away"')
    with caplog.at_level(logging.ERROR), pytest.raises(StorageUnavailable, match="is safe"):
        committer.submit(decision)
    assert "no such table" in caplog.text
    assert decision.record_id not in caplog.text
    database.execute_sql('ALTER TABLE "away" RENAME TO "log"')
    assert committer.submit(decision).created


def test_a_writer_elsewhere_is_waited_for(
    committer: Committer, data: Path, pool: ThreadPoolExecutor
) -> None:
    other = sqlite3.connect(data / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = pool.submit(committer.submit, decide())
    assert not answer.done()
    other.execute("COMMIT")
    other.close()
    assert answer.result(10).created


def test_a_surprise_fails_the_group_and_not_the_thread(
    committer: Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprise(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("consent_ledger.committer.commit", surprise)
        with pytest.raises(ZeroDivisionError):
            committer.submit(decide())
    assert committer.submit(decide()).created


def test_a_ping_writes_nothing(committer: Committer, database: Database) -> None:
    committer.ping()
    assert sites.get_site(database, SITE).size == 1
