# SPDX-License-Identifier: MIT
"""Whatever copy of the database is found, nothing is signed twice: the log goes on elsewhere."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from consent_ledger import batch, journal, sites
from consent_ledger.accounting import Announce
from consent_ledger.batch import Batch
from consent_ledger.db import Database, initialise, open_database
from consent_ledger.eraser import Eraser
from consent_ledger.erasing import ForgetRecord, ForgetVisitor
from consent_ledger.errors import LedgerError, LogHalted, OutcomeUnknown, SetupError
from consent_ledger.history import read_history, read_preferences
from consent_ledger.journal import Journal
from consent_ledger.lock import sole_user
from consent_ledger.log_writer import LogWriter
from consent_ledger.models import Entry, Forgotten, Log, LogKey, Pending, Preference, Record
from consent_ledger.notices import Publish
from consent_ledger.signing import SigningKeys
from consent_ledger.succession import (
    continue_unjournaled,
    find_unjournaled,
    open_for_writing,
    settle_site,
)
from consent_ledger.timestamps import DAY_MS, moment
from consent_ledger.tlog.checkpoint import Checkpoint, open_checkpoint
from consent_ledger.tlog.entry import Kind, PublicEntry, parse_entry
from consent_ledger.tlog.receipts import verify_receipt
from consent_ledger.visitors import subject_hash
from harness import ORIGIN, SITE

from .conftest import NOTICE, NOW_MS, decide

FIRST = f"ledger.test/{SITE}/1"
SECOND = f"ledger.test/{SITE}/2"
THIRD = f"ledger.test/{SITE}/3"
TOKEN = "ab" * 16
SUBJECT = subject_hash(SITE, TOKEN)


def json_bytes(receipt: dict[str, Any]) -> bytes:
    text = json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


class Machine:
    """A data directory whose database and journal can be put aside and back, as backups are."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.copies = data.parent / "copies"
        self.copies.mkdir()
        self.now_ms = NOW_MS
        self._open: tuple[Database, LogWriter] | None = None

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> tuple[Database, LogWriter]:
        if self._open is None:
            self._open = open_for_writing(self.data, clock=lambda: self.now_ms)
            self._open[0].connect()
        return self._open

    @property
    def database(self) -> Database:
        return self.open()[0]

    def close(self) -> None:
        if self._open is not None:
            self._open[0].close_all()
            self._open = None

    def write(self, *works: batch.Work) -> list[Any]:
        done = batch.commit(*self.open(), works, lambda: self.now_ms)
        for one in done:
            if one.error is not None:
                raise one.error
        return [one.result for one in done]

    def record(self, **changes: Any) -> dict[str, Any]:
        """A receipt for a new decision, verified with the key of its log."""
        receipt = self.write(decide(**changes))[0].receipt.to_json()
        document: dict[str, Any] = json.loads(receipt)
        verify_receipt(receipt, [self.vkey(document["origin"])])
        return document

    def vkey(self, origin: str) -> str:
        return SigningKeys.read(self.data).signer(origin).key.vkey

    def copy(self, name: str = "older") -> None:
        """A backup of the database, which holds no journal."""
        self.close()
        shutil.copy(self.data / "ledger.db", self.copies / name)

    def restore(self, name: str = "older") -> None:
        self.close()
        assert not (self.data / "ledger.db-wal").exists()
        shutil.copy(self.copies / name, self.data / "ledger.db")

    def put_journal_aside(self, name: str = "journal") -> None:
        self.close()
        shutil.copytree(self.data / "journal", self.copies / name)

    def put_journal_back(self, name: str = "journal") -> None:
        self.close()
        shutil.rmtree(self.data / "journal", ignore_errors=True)
        shutil.copytree(self.copies / name, self.data / "journal")

    def head(self, generation: int) -> tuple[int, bytes, bytes]:
        """Size, root and checkpoint of a generation."""
        query = Log.select(Log.size, Log.root, Log.checkpoint)
        row: tuple[int, bytes, bytes] = (
            query.where((Log.site == SITE) & (Log.generation == generation))
            .tuples()
            .get(self.database)
        )
        return row

    def generations(self) -> list[tuple[int, str, int]]:
        query = Log.select(Log.generation, Log.origin, Log.size).where(Log.site == SITE)
        return list(query.order_by(Log.generation).tuples().execute(self.database))

    def anchor(self, generation: int, index: int = 0) -> dict[str, Any]:
        """What the entry of kind 18 at that place says."""
        query = Entry.select(Entry.entry).where(
            (Entry.site == SITE) & (Entry.generation == generation) & (Entry.entry_index == index)
        )
        parsed = parse_entry(query.tuples().get(self.database)[0])
        assert isinstance(parsed, PublicEntry)
        assert parsed.kind is Kind.ANCHOR
        document: dict[str, Any] = json.loads(parsed.body)
        return document

    def signed(self, generation: int, origin: str) -> Checkpoint:
        """The checkpoint of a generation, verified."""
        keys = [SigningKeys.read(self.data).signer(origin).key]
        return open_checkpoint(self.head(generation)[2], origin, keys).checkpoint

    def eraser(self) -> Eraser:
        database, writer = self.open()
        database.close()
        return Eraser(database, lambda work: self.write(work)[0], writer.journal)


@pytest.fixture
def machine(data: Path) -> Any:
    with Machine(data) as machine:
        sites.add_site(machine.database, SITE, "Meridian API", [ORIGIN])
        machine.write(Publish(SITE, NOTICE, "b" * 64, "c" * 64, "sha384-" + "A" * 64))
        yield machine


def lost(generation: int, size: int, root: bytes, kept: int, at_ms: int = NOW_MS) -> dict[str, Any]:
    """What an anchor says about that head."""
    return {
        "schema": "consent-ledger/anchor/v1",
        "reason": "restored",
        "previous": {
            "origin": f"ledger.test/{SITE}/{generation}",
            "size": size,
            "root": base64.b64encode(root).decode(),
            "kept": kept,
        },
        "recorded_at": moment(at_ms),
    }


# An older copy


def test_a_ledger_that_is_closed_and_opened_goes_on_as_it_was(machine: Machine) -> None:
    for index in range(1, 4):
        assert machine.record()["index"] == index
        machine.close()
    assert machine.generations() == [(1, FIRST, 4)]


@pytest.mark.parametrize("missing", [1, 2, 300])
def test_an_older_copy_goes_on_as_the_next_generation(
    machine: Machine, missing: int, caplog: pytest.LogCaptureFixture
) -> None:
    machine.record()
    machine.copy()
    machine.write(*(decide() for _ in range(missing)))
    size, root, _ = machine.head(1)
    machine.restore()
    machine.now_ms += DAY_MS
    assert machine.generations() == [(1, FIRST, 2), (2, SECOND, 1)]
    assert machine.anchor(2) == lost(1, size, root, 2, NOW_MS + DAY_MS)
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert f"{FIRST} was signed up to size {2 + missing}" in warning.getMessage()
    assert f"goes on as {SECOND}" in warning.getMessage()
    receipt = machine.record()
    assert (receipt["origin"], receipt["index"]) == (SECOND, 1)
    assert machine.signed(2, SECOND).size == 2
    assert machine.head(1)[0] == 2  # nothing was added to the first one


def test_the_old_origin_is_never_signed_again(machine: Machine) -> None:
    machine.copy()
    machine.record()
    machine.restore()
    before = machine.head(1)
    kept = (machine.data / "journal" / f"{SITE}.1.head").read_bytes()
    for _ in range(3):
        machine.record()
        machine.close()
    assert machine.head(1) == before
    assert (machine.data / "journal" / f"{SITE}.1.head").read_bytes() == kept
    assert machine.generations() == [(1, FIRST, 1), (2, SECOND, 4)]


def test_time_does_not_go_back_from_a_generation_to_the_next(machine: Machine) -> None:
    machine.now_ms += DAY_MS
    machine.record()
    machine.copy()
    machine.record()
    machine.restore()
    machine.now_ms -= 2 * DAY_MS  # the clock of a restored machine may be anything
    assert machine.anchor(2)["recorded_at"] == moment(NOW_MS + DAY_MS)


def test_a_copy_with_another_history_of_the_same_size_is_found_out(machine: Machine) -> None:
    machine.copy()
    machine.put_journal_aside("before")
    machine.record()
    size, root, _ = machine.head(1)
    machine.put_journal_aside("after")
    machine.restore()
    machine.put_journal_back("before")
    machine.record()  # without its journal the ledger cannot know
    assert machine.head(1)[0] == size
    machine.put_journal_back("after")
    assert machine.generations() == [(1, FIRST, 2), (2, SECOND, 1)]
    # The head before is in the journal's other slot: so far the two histories are the same.
    assert machine.anchor(2) == lost(1, size, root, 1)


def test_a_copy_with_another_longer_history_is_found_out(machine: Machine) -> None:
    machine.record()
    machine.copy()
    machine.put_journal_aside("before")
    machine.record()
    machine.record()
    size, root, _ = machine.head(1)
    machine.put_journal_aside("after")
    machine.restore()
    machine.put_journal_back("before")
    for _ in range(5):
        machine.record()
    machine.put_journal_back("after")
    assert machine.generations() == [(1, FIRST, 7), (2, SECOND, 1)]
    assert machine.anchor(2) == lost(1, size, root, 0)  # nothing shows what is the same


def test_an_empty_database_with_the_old_journal_begins_with_the_next_generation(
    machine: Machine,
) -> None:
    machine.record()
    size, root, _ = machine.head(1)
    machine.close()
    for path in (machine.data / "ledger.db", machine.data / "signing.seed"):
        path.unlink()
    initialise(machine.data, "ledger.other")
    database, writer = machine.open()
    sites.add_site(database, SITE, "Meridian API", [ORIGIN])
    settle_site(database, writer, SITE)
    second = f"ledger.other/{SITE}/2"
    assert machine.generations() == [(1, f"ledger.other/{SITE}/1", 0), (2, second, 1)]
    previous = machine.anchor(2)["previous"]
    assert previous == lost(1, size, root, 0)["previous"]
    assert machine.record()["origin"] == second


def test_a_site_added_again_takes_nothing_before_it_has_its_generation(machine: Machine) -> None:
    """A running server sees a site that another process has added, and not settled yet."""
    machine.record()
    machine.close()
    for path in (machine.data / "ledger.db", machine.data / "signing.seed"):
        path.unlink()
    initialise(machine.data, "ledger.test")
    database, writer = machine.open()
    sites.add_site(database, SITE, "Meridian API", [ORIGIN])
    with pytest.raises(LogHalted):
        machine.record()
    assert writer.halted == [FIRST]


def test_a_copy_from_before_the_second_generation_tells_of_both(machine: Machine) -> None:
    machine.copy("one")
    machine.record()
    first = machine.head(1)
    machine.copy("two")
    machine.record()
    machine.restore("two")
    machine.record()
    second = machine.head(2)
    machine.restore("one")
    assert machine.generations() == [(1, FIRST, 1), (3, THIRD, 2)]
    assert machine.anchor(3, 0) == lost(2, second[0], second[1], 0)
    previous = machine.anchor(3, 1)["previous"]
    assert (previous["origin"], previous["size"], previous["kept"]) == (FIRST, first[0] + 1, 1)
    assert machine.record()["index"] == 2


def test_a_copy_of_the_second_generation_goes_on_as_the_third(machine: Machine) -> None:
    machine.copy()
    machine.record()
    machine.restore()
    machine.record()
    machine.copy()
    machine.record()
    size, root, _ = machine.head(2)
    machine.restore()
    assert machine.generations() == [(1, FIRST, 1), (2, SECOND, 2), (3, THIRD, 1)]
    assert machine.anchor(3) == lost(2, size, root, 2)


def test_a_succession_that_is_interrupted_is_done_at_the_next_opening(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.copy()
    machine.record()
    machine.restore()
    keep = Journal.keep_head
    for failing in range(2):  # before its commit; and between the commit and the journal
        calls: list[int] = []

        def stop(*arguments: Any, failing: int = failing, calls: list[int] = calls) -> None:
            calls.append(1)
            if len(calls) == failing + 1:
                raise KeyboardInterrupt
            keep(*arguments)

        monkeypatch.setattr(Journal, "keep_head", stop)
        with pytest.raises(KeyboardInterrupt):
            machine.open()
        monkeypatch.undo()
    assert machine.generations() == [(1, FIRST, 1), (2, SECOND, 1)]
    held = Journal.open(machine.data).head(SITE, 2)
    assert held is not None
    assert held.size == 1
    machine.record()


def test_other_sites_go_on_as_they_were(machine: Machine) -> None:
    sites.add_site(machine.database, "other", "Other", [ORIGIN])
    machine.copy()
    machine.record()
    machine.restore()
    machine.open()
    assert sites.get_site(machine.database, "other").generation == 1
    assert sites.get_site(machine.database, SITE).generation == 2
    assert sites.get_site(machine.database, SITE).log_origin == SECOND
    assert [site.generation for site in sites.list_sites(machine.database)] == [2, 1]


# What reads more than one generation


def test_a_visitor_reads_decisions_of_all_generations(machine: Machine) -> None:
    first = machine.record(token=TOKEN, seq=1)
    machine.copy()
    machine.record()
    machine.restore()
    second = machine.record(token=TOKEN, seq=2, previous=first["subject"]["part"]["id"])
    newest = json.loads(read_history(machine.database, SITE, SUBJECT, 1, None))
    older = json.loads(read_history(machine.database, SITE, SUBJECT, 1, newest["next"]))
    found = [*newest["records"], *older["records"]]
    assert [(one["origin"], one["index"]) for one in found] == [(SECOND, 1), (FIRST, 1)]
    for one in found:
        verify_receipt(json_bytes(one), [machine.vkey(one["origin"])])
    preferences = json.loads(read_preferences(machine.database, SITE, SUBJECT))
    assert preferences["record"] == second["subject"]["part"]["id"]


def test_a_notice_of_the_first_generation_is_in_force_in_the_second(machine: Machine) -> None:
    machine.copy()
    machine.record()
    machine.restore()
    publish = Publish(SITE, NOTICE, "b" * 64, "c" * 64, "sha384-" + "A" * 64)
    (again,) = machine.write(publish)
    assert (again.created, again.index) == (False, 0)
    (other,) = machine.write(Publish(SITE, NOTICE, "d" * 64, "c" * 64, "sha384-" + "A" * 64))
    assert (other.created, other.index) == (True, 1)


def test_a_lost_decision_that_is_sent_again_is_recorded_again(machine: Machine) -> None:
    decision = decide()
    machine.copy()
    (first,) = machine.write(decision)
    machine.restore()
    (second,) = machine.write(decision)
    assert (first.created, second.created) == (True, True)
    assert (first.receipt.origin, second.receipt.origin) == (FIRST, SECOND)


# Erasures


def parts(machine: Machine) -> list[tuple[int, bool, bool]]:
    """Which parts of which decisions are held."""
    query = Record.select(
        Record.entry_index,
        Record.subject_part.is_null(False),
        Record.evidence_part.is_null(False),
    ).where(Record.kind == int(Kind.DECISION))
    return [
        (index, bool(subject), bool(evidence))
        for index, subject, evidence in query.order_by(Record.generation, Record.entry_index)
        .tuples()
        .execute(machine.database)
    ]


def test_an_older_copy_is_erased_again_before_it_goes_on(machine: Machine) -> None:
    machine.record(token=TOKEN, seq=1)
    machine.record()
    machine.record(token=TOKEN, seq=2)
    machine.copy()
    machine.record()
    machine.eraser().erase(ForgetVisitor(SITE, SUBJECT), 0)
    machine.write(Announce(SITE))
    machine.restore()
    machine.now_ms += DAY_MS
    assert parts(machine) == [(1, False, False), (2, True, True), (3, False, False)]
    assert [one[1] for one in machine.generations()] == [FIRST, SECOND]
    database = machine.database
    pending = list(
        Pending.select(Pending.generation, Pending.entry_index, Pending.part, Pending.reason)
        .order_by(Pending.entry_index, Pending.part)
        .tuples()
        .execute(database)
    )
    assert pending == [
        (1, 1, "evidence", "visitor"),
        (1, 1, "subject", "visitor"),
        (1, 3, "evidence", "visitor"),
        (1, 3, "subject", "visitor"),
    ]
    with pytest.raises(LedgerError, match="nothing is recorded"):
        read_preferences(database, SITE, SUBJECT)
    with pytest.raises(LedgerError) as gone:
        machine.record(token=TOKEN, seq=3)
    assert gone.value.status == 410
    # The account of it stands in the new generation, and names the old one.
    machine.write(Announce(SITE))
    query = Record.select(Record.evidence_part).where(Record.kind == int(Kind.ERASURE))
    (account,) = query.tuples().get(database)
    assert {one["origin"] for one in json.loads(account)["erased"]} == {FIRST}


def test_a_copy_of_the_same_size_from_before_an_erasure_is_erased_again(machine: Machine) -> None:
    """What is erased but not announced has added nothing to the log."""
    receipt = machine.record(token=TOKEN)
    machine.record()
    machine.copy()
    machine.eraser().erase(
        ForgetRecord(SITE, bytes.fromhex(receipt["subject"]["part"]["id"]), only=True), 0
    )
    machine.restore()
    assert parts(machine) == [(1, False, False), (2, True, True)]
    assert [one[1] for one in machine.generations()] == [FIRST]
    marks = Forgotten.select().where(Forgotten.site == SITE).count(machine.database)
    assert marks == 2  # of the visitor and of the record


def test_what_the_database_has_erased_already_is_left_alone(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.record(token=TOKEN)
    machine.eraser().erase(ForgetVisitor(SITE, SUBJECT), 0)
    machine.write(Announce(SITE))
    machine.close()
    assert Pending.select().count(machine.database) == 0
    assert "erased again" not in caplog.text
    assert Preference.select().where(Preference.state.is_null(False)).count(machine.database) <= 1


def test_erasures_of_a_generation_that_is_lost_are_passed_over(machine: Machine) -> None:
    machine.copy()
    machine.record()
    machine.restore()
    machine.record(token=TOKEN)
    machine.eraser().erase(ForgetVisitor(SITE, SUBJECT), 0)
    machine.restore()
    assert [one[0] for one in machine.generations()] == [1, 3]
    assert parts(machine) == []


# The journal


def test_a_process_killed_between_commit_and_journal_loses_nothing(machine: Machine) -> None:
    machine.record()
    machine.put_journal_aside()
    for _ in range(300):
        machine.write(decide())
    size, root, _ = machine.head(1)
    machine.put_journal_back()
    assert machine.generations() == [(1, FIRST, size)]
    assert Journal.open(machine.data).head(SITE, 1) == (FIRST, size, root)
    assert machine.record()["index"] == size


def test_nobody_is_told_what_the_journal_does_not_hold(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    decision = decide()
    machine.open()
    with monkeypatch.context() as patched:

        def fail(_: int) -> None:
            raise OSError(5, "Input/output error")

        patched.setattr(journal, "sync_file", fail)
        for _ in range(2):  # a repeat finds it stored, and is not told either
            with pytest.raises(OutcomeUnknown, match="sending the same again is safe"):
                machine.write(decision)
    assert "not in the journal" in caplog.text
    (again,) = machine.write(decision)
    assert not again.created
    assert again.receipt.proof.tree_size == 2
    held = Journal.open(machine.data).head(SITE, 1)
    assert held is not None
    assert held.size == 2


def test_a_log_has_its_head_in_the_journal_before_its_first_entry(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites.add_site(machine.database, "other", "Other", [ORIGIN])
    kept: list[int] = []
    keep = Journal.keep_head
    write = Batch.write

    def watched(self: Batch) -> None:
        kept.append(-1)
        write(self)

    def keeping(self: Journal, *head: Any) -> None:
        kept.append(head[3])
        keep(self, *head)

    monkeypatch.setattr(Batch, "write", watched)
    monkeypatch.setattr(Journal, "keep_head", keeping)
    publish = Publish("other", NOTICE, "b" * 64, "c" * 64, "sha384-" + "A" * 64)
    machine.write(publish)
    assert kept == [0, -1, 1]


def test_a_lost_journal_stops_everything_that_writes(machine: Machine) -> None:
    machine.record()
    machine.close()
    shutil.rmtree(machine.data / "journal")
    with pytest.raises(SetupError, match=r"journal is missing.*consent-ledger continue"):
        machine.open()


def test_a_lost_head_stops_everything_that_writes(machine: Machine) -> None:
    machine.record()
    machine.close()
    (machine.data / "journal" / f"{SITE}.1.head").unlink()
    with pytest.raises(SetupError, match=rf"lost what the log {FIRST} last signed"):
        machine.open()


def test_a_ledger_without_entries_gets_a_journal_when_it_has_none(data: Path) -> None:
    (data / "journal").rmdir()
    database, _ = open_for_writing(data)
    database.close_all()
    assert (data / "journal").is_dir()


def test_after_a_lost_journal_each_log_goes_on_as_the_next_generation(machine: Machine) -> None:
    receipt = machine.record(token=TOKEN)
    machine.record()
    machine.eraser().erase(ForgetVisitor(SITE, SUBJECT), 0)
    machine.write(Announce(SITE))
    sites.add_site(machine.database, "empty", "Empty", [ORIGIN])
    size, root, _ = machine.head(1)
    erased = Journal.open(machine.data).erased(SITE)
    machine.copy()
    shutil.rmtree(machine.data / "journal")
    assert find_unjournaled(machine.data) == [FIRST]
    with sole_user(machine.data), pytest.raises(SetupError, match="another server"):
        continue_unjournaled(machine.data)
    assert continue_unjournaled(machine.data, lambda: NOW_MS) == [SECOND]
    assert machine.generations() == [(1, FIRST, size), (2, SECOND, 1)]
    assert machine.anchor(2) == lost(1, size, root, size)
    machine.record()
    verify_receipt(json_bytes(receipt), [machine.vkey(FIRST)])
    assert sorted(Journal.open(machine.data).erased(SITE)) == sorted(erased)
    assert sites.get_site(machine.database, "empty").generation == 1
    machine.close()
    assert find_unjournaled(machine.data) == []
    assert continue_unjournaled(machine.data) == []
    # And the new journal knows the old log too.
    machine.restore()
    assert [one[0] for one in machine.generations()] == [1, 3]


def test_going_on_that_is_interrupted_never_takes_the_old_log_up_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.record()
    machine.close()
    shutil.rmtree(machine.data / "journal")

    def stop(_: Batch) -> None:
        raise KeyboardInterrupt

    for step in ("write", "keep_heads"):
        monkeypatch.setattr(Batch, step, stop)
        with pytest.raises(KeyboardInterrupt):
            continue_unjournaled(machine.data)
        monkeypatch.undo()
        if step == "write":
            with pytest.raises(SetupError, match="consent-ledger continue"):
                machine.open()
    assert machine.generations() == [(1, FIRST, 2), (2, SECOND, 1)]


def test_a_seed_that_did_not_sign_the_logs_stops_everything_that_writes(machine: Machine) -> None:
    machine.record()
    machine.close()
    (machine.data / "signing.seed").write_bytes(bytes(32))
    with pytest.raises(SetupError, match="not the secret that the log"):
        machine.open()


# Under a running process


def replaced(machine: Machine) -> None:
    """Another file gets the database's name; connections keep the one they have."""
    shutil.copy(machine.copies / "older", machine.data / "newer.db")
    (machine.data / "newer.db").rename(machine.data / "ledger.db")


def overwritten(machine: Machine) -> None:
    """Another process puts an older state into the database, as `.restore` of sqlite3 does."""
    with (
        sqlite3.connect(machine.copies / "older") as source,
        sqlite3.connect(machine.data / "ledger.db") as target,
    ):
        source.backup(target)
    source.close()
    target.close()


@pytest.mark.parametrize("swap", [replaced, overwritten])
def test_a_database_that_becomes_older_under_a_process_halts_its_logs(
    machine: Machine, swap: Callable[[Machine], None], caplog: pytest.LogCaptureFixture
) -> None:
    machine.copy()
    machine.record()
    _, writer = machine.open()
    swap(machine)
    for _ in range(2):
        with pytest.raises(LogHalted):
            machine.write(decide())
    assert writer.halted == [FIRST]
    assert caplog.text.count("takes no more entries") == 1
    machine.close()
    for left in machine.data.glob("ledger.db-*"):
        left.unlink()
    assert [one[1] for one in machine.generations()] == [FIRST, SECOND]
    machine.record()


def test_a_process_follows_when_another_has_begun_the_next_generation(machine: Machine) -> None:
    machine.copy()
    machine.record()
    mine = machine.open()
    overwritten(machine)
    with pytest.raises(LogHalted):
        machine.write(decide())
    other, _ = open_for_writing(machine.data)
    other.close_all()
    (recorded,) = machine.write(decide())
    assert recorded.receipt.origin == SECOND
    assert mine[1].halted == []


def test_the_first_key_of_a_generation_is_its_own(machine: Machine) -> None:
    machine.copy()
    machine.record()
    machine.restore()
    rows = LogKey.select(LogKey.generation, LogKey.vkey).order_by(LogKey.generation).tuples()
    found = list(rows.execute(machine.database))
    assert found == [(1, machine.vkey(FIRST)), (2, machine.vkey(SECOND))]


def test_reading_needs_no_journal(machine: Machine) -> None:
    machine.record()
    machine.close()
    shutil.rmtree(machine.data / "journal")
    database = open_database(machine.data)
    with database.connection_context():
        assert sites.get_site(database, SITE).size == 2
    database.close_all()
