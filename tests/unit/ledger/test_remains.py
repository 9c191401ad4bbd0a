# SPDX-License-Identifier: MIT
"""What was erased is searched for in the raw files, among thousands of records that stay.

With random keys the pages of an index split and are balanced all the time, and SQLite leaves copies
of moved keys in them: the control below finds such copies where nothing is done about them.
"""

from __future__ import annotations

import random
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from consent_ledger import batch, sites
from consent_ledger.accounting import Announce, announce_pending
from consent_ledger.db import Database, read_meta
from consent_ledger.eraser import Eraser
from consent_ledger.erasing import REMAINS, ForgetRecord, ForgetVisitor
from consent_ledger.errors import OutcomeUnknown, StorageUnavailable
from consent_ledger.journal import Journal
from consent_ledger.models import Record
from consent_ledger.remains import Rebuild, Remains, TakeNote
from consent_ledger.timestamps import DAY_MS, HOUR_MS
from harness import SITE, sample_choices, writer_of

from .conftest import NOW_MS, decide
from .raw_files import planted, read_files, search

RECORDS, OLD = 1500, 150


class Writing:
    """Commits pieces of work at a time that the test sets."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now_ms = NOW_MS
        self.works: list[Any] = []
        self._writer = writer_of(database)

    def together(self, works: list[Any]) -> list[Any]:
        self.works += works
        done = batch.commit(self.database, self._writer, works, lambda: self.now_ms)
        for one in done:
            if one.error is not None:
                raise one.error
        return [one.result for one in done]

    def __call__(self, work: Any) -> Any:
        return self.together([work])[0]


@pytest.fixture
def writing(database: Database) -> Writing:
    return Writing(database)


@pytest.fixture
def eraser(database: Database, writing: Writing, data: Path) -> Eraser:
    return Eraser(database, writing, Journal.open(data))


def fill(writing: Writing, records: int, seed: int) -> None:
    """Decisions of visitors who come back now and then, in groups of many sizes."""
    chance = random.Random(seed)
    tokens = [secrets.token_hex(16) for _ in range(records // 2)]
    seq = dict.fromkeys(tokens, 0)
    while records > 0:
        group = min(records, chance.choice((1, 3, 20, 150)))
        works = []
        for token in chance.choices(tokens, k=group):
            seq[token] += 1
            given = {name: chance.random() < 0.5 for name in ("settings", "counter", "speed")}
            choices = sample_choices(**given)
            works.append(
                decide(
                    token=token, seq=seq[token], action="customise", layer="second", choices=choices
                )
            )
        writing.together(works)
        records -= group


def test_nothing_of_what_was_erased_is_left_in_any_file(
    database: Database, writing: Writing, eraser: Eraser, data: Path
) -> None:
    old_ms = writing.now_ms
    fill(writing, OLD, seed=1)
    writing.now_ms += 400 * DAY_MS
    fill(writing, RECORDS, seed=2)
    before = planted(data)
    values = [value for found in before.values() for value in found]
    assert len(values) > 3 * RECORDS
    assert search(read_files(data), values).keys() == set(values)  # the search finds every one

    rows = list(
        Record.select(Record.subject, Record.record_id, Record.entry_index)
        .where(Record.subject.is_null(False))
        .tuples()
        .execute(database)
    )
    chance = random.Random(3)
    recent = [row for row in rows if row[2] > OLD]
    visitors = sorted({row[0] for row in recent})
    chance.shuffle(visitors)
    by_visitor, by_owner = visitors[:120], visitors[120:160]
    works: list[Any] = [ForgetVisitor(SITE, subject) for subject in by_visitor]
    record_of = {subject: record_id for subject, record_id, _ in recent}
    works += [ForgetRecord(SITE, record_of[subject]) for subject in by_owner]
    chance.shuffle(works)
    gone = {value for subject in (*by_visitor, *by_owner) for value in before[subject]}
    for at in range(0, len(works), 8):
        writing.together(works[at : at + 8])
    sites.set_site(database, SITE, subject_days=400, evidence_days=400)
    writing.now_ms = old_ms + 400 * DAY_MS + 2 * HOUR_MS
    assert eraser.expire(SITE) == {"subject": OLD, "evidence": OLD}
    gone.update(value for row in rows if row[2] <= OLD for value in before[row[0]])
    assert eraser.clear()

    kept = set(values) - gone
    found = search(read_files(data), values)
    assert {value.hex(): places for value, places in found.items() if value in gone} == {}
    assert found.keys() == kept
    assert kept
    fill(writing, 200, seed=4)  # also when pages are used again
    assert search(read_files(data), gone) == {}


def test_one_record_alone_leaves_nothing_either(
    database: Database, writing: Writing, eraser: Eraser, data: Path
) -> None:
    fill(writing, 60, seed=5)
    token = "ab" * 16
    one, two = decide(token=token), decide(token=token, seq=2)
    results = writing.together([one, two])
    openings = [result.receipt.opening for result in results]
    first, second = (
        {bytes.fromhex(work.record_id), opening.subject_salt, opening.evidence_salt}
        for work, opening in zip((one, two), openings, strict=True)
    )
    assert search(read_files(data), first | second).keys() == first | second
    done = eraser.erase(ForgetRecord(SITE, bytes.fromhex(two.record_id), only=True))
    assert (done.records, done.gone) == (1, True)
    assert search(read_files(data), first | second).keys() == first


def test_without_the_rebuilding_copies_would_be_left(tmp_path: Path) -> None:
    """The control: what SQLite itself does with keys that move, `secure_delete` or not."""
    chance = random.Random(6)
    keys = [chance.randbytes(32) for _ in range(6000)]
    with closing(sqlite3.connect(tmp_path / "plain.db", isolation_level=None)) as plain:
        plain.execute("PRAGMA secure_delete = ON")
        plain.execute("CREATE TABLE it (name BLOB PRIMARY KEY, state BLOB)")
        plain.execute("BEGIN")
        for key in (*keys, *chance.choices(keys, k=12000)):
            plain.execute(
                "INSERT INTO it VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state",
                (key, bytes(chance.randrange(100, 900))),
            )
        plain.execute("DELETE FROM it WHERE rowid % 3 = 0")
        plain.execute("COMMIT")
        deleted = set(keys) - {key for (key,) in plain.execute("SELECT name FROM it")}
        assert search(read_files(tmp_path), deleted)
        plain.execute("VACUUM")
        assert search(read_files(tmp_path), deleted) == {}


# Until the bytes are gone


class Busy:
    """Somebody who reads all the time."""

    def __init__(self, data: Path) -> None:
        self._reader = sqlite3.connect(data / "ledger.db", isolation_level=None)

    def __enter__(self) -> None:
        self._reader.execute("BEGIN")
        self._reader.execute("SELECT count(*) FROM record").fetchone()

    def __exit__(self, *_: object) -> None:
        self._reader.close()


def test_what_somebody_reads_is_gone_only_when_they_have_done(
    writing: Writing, eraser: Eraser, data: Path
) -> None:
    one = decide()
    salt = writing(one).receipt.opening.subject_salt
    with Busy(data):
        assert eraser.erase(ForgetVisitor(SITE, one.subject), patience_s=0.2) == (1, False)
        assert search(read_files(data), [salt])
        assert not eraser.clear(0.1)
    assert eraser.clear()
    assert not search(read_files(data), [salt])
    assert (data / "ledger.db-wal").stat().st_size < 3 * 4096 + 1000  # the note that it is done


def test_indexes_are_rebuilt_once_for_one_erasure(
    writing: Writing, eraser: Eraser, data: Path
) -> None:
    one = decide()
    writing(one)
    with Busy(data):
        eraser.erase(ForgetVisitor(SITE, one.subject), patience_s=0.1)
        eraser.clear(0.1)
    eraser.clear()
    eraser.clear()
    rebuilt = [work._name for work in writing.works if isinstance(work, Rebuild)]
    assert rebuilt == [
        "record_site_record_id",
        "record_site_subject_generation_entry_index",
        "preference",
    ]


def test_another_erasure_meanwhile_is_cleared_as_well(
    database: Database, writing: Writing, data: Path
) -> None:
    one, two = decide(), decide()
    writing.together([one, two])

    def run(work: Any) -> Any:
        if isinstance(work, TakeNote) and not later:
            later.append(writing(ForgetVisitor(SITE, two.subject)))
        return writing(work)

    later: list[Any] = []
    remains = Remains(database, run)
    writing(ForgetVisitor(SITE, one.subject))
    assert remains.clear()
    assert later
    assert read_meta(database, REMAINS) is not None  # of the later one
    assert remains.clear()
    assert read_meta(database, REMAINS) is None


def test_a_process_that_starts_finishes_what_another_began(
    database: Database, writing: Writing, data: Path
) -> None:
    one = decide()
    salt = writing(one).receipt.opening.subject_salt
    writing(ForgetVisitor(SITE, one.subject))  # and then it was killed
    assert search(read_files(data), [salt])
    journal = Journal.open(data)
    assert journal.erased(SITE) == []
    next_one = Eraser(database, Writing(database), journal)
    next_one.doubt()
    assert next_one.clear()
    assert {entry[1:] for entry in journal.erased(SITE)} == {
        ("subject", "visitor", 1, 1),
        ("evidence", "visitor", 1, 1),
    }
    assert not search(read_files(data), [salt])


def test_what_a_killed_command_erased_is_journaled_before_it_is_announced(
    database: Database, writing: Writing, eraser: Eraser, data: Path
) -> None:
    one, two = decide(), decide()
    writing.together([one, two])
    assert eraser.erase(ForgetVisitor(SITE, one.subject)).gone
    writing(ForgetVisitor(SITE, two.subject))  # by a command, which was killed then
    journal = Journal.open(data)
    assert {entry.first for entry in journal.erased(SITE)} == {1}
    assert eraser.announce_pending(SITE) == 4
    assert {entry.last for entry in journal.erased(SITE)} == {1, 2}
    three = decide()
    writing(three)
    assert eraser.erase(ForgetVisitor(SITE, three.subject)).gone
    lines = len(journal.erased(SITE))
    assert eraser.announce_pending(SITE) == 2
    assert len(journal.erased(SITE)) == lines  # nothing is written twice without need


def test_as_many_parts_are_not_the_same_parts(
    database: Database, writing: Writing, eraser: Eraser, data: Path
) -> None:
    """A command announced what this process erased, erased as much of another, and was killed."""
    one, two = decide(), decide()
    writing.together([one, two])
    eraser.erase(ForgetVisitor(SITE, one.subject))
    assert announce_pending(writing, SITE) == 2
    writing(ForgetVisitor(SITE, two.subject))
    assert eraser.announce_pending(SITE) == 2
    assert {entry.first for entry in Journal.open(data).erased(SITE)} == {1, 2}


def test_an_erasure_whose_outcome_was_unknown_is_journaled_when_asked_again(
    database: Database, writing: Writing, data: Path
) -> None:
    def run(work: Any) -> Any:
        result = writing(work)
        if isinstance(work, ForgetVisitor) and not slow:
            slow.append(work)
            raise OutcomeUnknown("it took too long")
        return result

    slow: list[Any] = []
    one = decide()
    writing(one)
    eraser = Eraser(database, run, Journal.open(data))
    assert eraser.clear()
    with pytest.raises(OutcomeUnknown):
        eraser.erase(ForgetVisitor(SITE, one.subject))
    assert Journal.open(data).erased(SITE) == []
    assert eraser.erase(ForgetVisitor(SITE, one.subject)) == (0, True)
    assert len(Journal.open(data).erased(SITE)) == 2


@pytest.mark.parametrize(("takes_s", "rests_s"), [(0.25, 15), (1, 60), (4, 3600)])
def test_rebuilding_takes_a_small_part_of_the_time(
    database: Database,
    writing: Writing,
    monkeypatch: pytest.MonkeyPatch,
    takes_s: float,
    rests_s: float,
) -> None:
    now = [100.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    def run(work: Any) -> Any:
        now[0] += takes_s if isinstance(work, Rebuild) else 0.0  # each of three indexes
        return writing(work)

    monkeypatch.setattr("consent_ledger.remains.monotonic", lambda: now[0])
    monkeypatch.setattr("consent_ledger.remains.sleep", sleep)
    remains = Remains(database, run)
    decisions = [decide() for _ in range(3)]
    writing.together(decisions)
    outcomes = []
    for decision in decisions[:2]:
        writing(ForgetVisitor(SITE, decision.subject))
        outcomes.append(remains.clear(2))
    assert outcomes == [True, False]  # the second waits until some time has passed
    now[0] += rests_s - 1
    assert remains.clear(2)
    assert sum(slept) == pytest.approx(1)


def test_a_short_rebuilding_needs_no_rest(database: Database, writing: Writing) -> None:
    remains = Remains(database, writing)
    decisions = [decide() for _ in range(3)]
    writing.together(decisions)
    for decision in decisions:
        writing(ForgetVisitor(SITE, decision.subject))
        assert remains.clear(30)


def test_an_erasure_is_not_gone_while_the_journal_does_not_have_it(
    writing: Writing, eraser: Eraser, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = decide()
    writing(one)
    (data / "journal").rename(data / "elsewhere")
    assert eraser.erase(ForgetVisitor(SITE, one.subject)) == (1, False)
    (line,) = caplog.messages
    assert line.startswith("an erasure is not finished yet, and is tried again: FileNotFoundError")
    assert "\n" not in line
    assert one.subject.hex() not in caplog.text
    (data / "elsewhere").rename(data / "journal")
    assert eraser.clear()
    assert len(Journal.open(data).erased(SITE)) == 2


def test_a_disk_that_fails_while_clearing_does_not_undo_the_erasure(
    database: Database, writing: Writing, data: Path
) -> None:
    def run(work: Any) -> Any:
        if isinstance(work, Rebuild):
            raise StorageUnavailable("the disk is full")
        return writing(work)

    one = decide()
    writing(one)
    eraser = Eraser(database, run, Journal.open(data))
    assert eraser.erase(ForgetVisitor(SITE, one.subject)) == (1, False)
    assert Eraser(database, writing, Journal.open(data)).clear()


def test_only_what_is_old_enough_is_announced_by_itself_and_the_rest_with_it(
    writing: Writing, eraser: Eraser
) -> None:
    one, two, other = decide(), decide(), decide()
    writing.together([one, two, other])
    eraser.erase(ForgetVisitor(SITE, one.subject))
    writing.now_ms += 1000
    eraser.erase(ForgetVisitor(SITE, two.subject))
    eraser.announce_older(NOW_MS - 1)
    assert not any(isinstance(work, Announce) for work in writing.works)
    eraser.announce_older(NOW_MS)
    assert sum(isinstance(work, Announce) for work in writing.works) == 1
    assert eraser.announce_pending(SITE) == 0


def test_marks_are_dropped_when_their_time_is_over(
    database: Database, writing: Writing, eraser: Eraser
) -> None:
    def marks() -> int:
        (count,) = database.execute_sql("SELECT count(*) FROM forgotten").fetchone()
        return int(count)

    one = decide()
    writing(one)
    eraser.erase(ForgetVisitor(SITE, one.subject))
    eraser.drop_marks(NOW_MS + 31 * DAY_MS - 1)
    assert marks() == 1
    eraser.drop_marks(NOW_MS + 31 * DAY_MS)
    assert marks() == 0
