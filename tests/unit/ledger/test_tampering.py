# SPDX-License-Identifier: MIT
"""Whatever is changed in the database is found, and said where; a hidden entry shows by what others
kept.

Every column of every table that holds evidence is tried: what an export is made of must be missed
by it or by the verifier, and what is only a copy of that must not show in it at all.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from consent_banner.notice import Notice as NoticeDocument
from consent_ledger import batch, sites
from consent_ledger.bundle import Bundle
from consent_ledger.db import Database, initialise
from consent_ledger.eraser import Eraser
from consent_ledger.erasing import ForgetRecord, ForgetVisitor
from consent_ledger.errors import LogHalted, SetupError
from consent_ledger.export import prepare_export
from consent_ledger.journal import Journal
from consent_ledger.models import (
    TABLES,
    ApiKey,
    Entry,
    Forgotten,
    Hour,
    Log,
    LogKey,
    Meta,
    Notice,
    Pending,
    Preference,
    Publication,
    Record,
    Screenshot,
    Site,
    Table,
    Tile,
)
from consent_ledger.notices import Publish, PutInForce
from consent_ledger.records import Recorded
from consent_ledger.rotation import Rotate
from consent_ledger.screenshots import DEVICES, SHOWN_LAYERS
from consent_ledger.screenshots import Screenshot as Picture
from consent_ledger.signing import SigningKeys
from consent_ledger.succession import continue_unjournaled, open_for_writing
from consent_ledger.timestamps import DAY_MS, HOUR_MS
from consent_ledger.tlog.merkle import EMPTY_ROOT
from consent_ledger.tlog.tile import tile_width
from consent_ledger.verify.bundle import verify_bundle
from consent_ledger.verify.report import FAILED, VERIFIED, Report
from consent_ledger.verify.trust import Pinned
from harness import ORIGIN, SITE, checked, sample_decision, sample_notice
from pictures import sample_png

from .conftest import NOW_MS

LOG = f"ledger.test/{SITE}/1"
SIZE = 271  # of the log that is tampered with
FIRST = NoticeDocument.load(sample_notice())
SECOND = NoticeDocument.load(sample_notice(lifetime_days=200))

EVIDENCE = (Entry, Tile, Record, Log, LogKey, Notice, Publication, Screenshot)
OTHERS = {
    Meta: "about the database",
    Site: "what the operator set",
    ApiKey: "who may ask",
    Hour: "where exports by time begin and end, which their neighbours show",
    Preference: "follows from the records",
    Pending: "becomes evidence when it is announced; a part that it lost is missed",
    Forgotten: "what must not be recorded again",
}

# Columns that exports do not read: what proves them stands elsewhere.
COPIES = {
    (Record, "record_id"): "finds a record by its id, which its subject part says",
    (Record, "subject"): "finds a visitor's records, as their subject parts say",
    (Log, "last_ms"): "the time that the last entry says",
    (Log, "subjects_from"): "how far expiry has come; erasure entries say what it destroyed",
    (Log, "evidence_from"): "the same",
    (LogKey, "overlap_until_ms"): "the entry that introduces the next key says it",
    (Publication, "build"): "the entry says it",
    (Publication, "config"): "the entry says it",
    (Publication, "integrity"): "the entry says it",
    (Publication, "published_ms"): "the entry says it",
}
# The manifest repeats it, but nobody signed it: which checkpoints a key signed shows in these.
UNSIGNED = {(LogKey, "last_index")}


class Machine:
    """A data directory, and whoever works with it or at it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.now_ms = NOW_MS
        self.receipts: list[bytes] = []

    def run(self, *works: batch.Work) -> None:
        """What a process of its own writes, and the receipts of it."""
        with self.running() as (_, run):
            for result in map(run, works):
                if isinstance(result, Recorded):
                    self.receipts.append(result.receipt.to_json())

    def decide(self, count: int, notice: NoticeDocument = FIRST, build: str = "b") -> None:
        bodies = [
            sample_decision(build=build * 64, decided_at_ms=self.now_ms) for _ in range(count)
        ]
        self.run(*(checked(body, notice) for body in bodies))

    @contextmanager
    def running(self) -> Iterator[tuple[Database, Callable[[batch.Work], Any]]]:
        """A process that writes: its database, and what has one piece of work committed."""
        database, writer = open_for_writing(self.data, 4, clock=lambda: self.now_ms)

        def run(work: batch.Work) -> Any:
            (done,) = batch.commit(database, writer, [work], lambda: self.now_ms)
            if done.error is not None:
                raise done.error
            return done.result

        try:
            yield database, run
        finally:
            database.close_all()

    @contextmanager
    def opened(self) -> Iterator[tuple[Database, Eraser]]:
        with self.running() as (database, run):
            yield database, Eraser(database, run, Journal.open(self.data))

    def erase(self, work: ForgetVisitor | ForgetRecord) -> None:
        with self.opened() as (_, eraser):
            assert eraser.erase(work).gone

    def export(self, path: Path) -> Path:
        """As the command does it. Raises: SetupError when something is damaged."""
        with self.opened() as (database, eraser):
            prepared = prepare_export(database, SITE, with_subjects=True)
            pieces = Bundle(prepared, lambda: eraser.announce_pending(SITE)).pieces()
            path.write_bytes(b"".join(pieces))
        return path

    def sql(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        """What somebody does to the database behind the ledger's back."""
        with closing(sqlite3.connect(self.data / "ledger.db")) as connection, connection:
            for statement in statements:
                connection.execute(*statement)

    def copy_to(self, directory: Path) -> Machine:
        shutil.copytree(self.data, directory)
        copied = Machine(directory)
        copied.now_ms, copied.receipts = self.now_ms, [*self.receipts]
        return copied

    def checkpoint(self) -> bytes:
        with closing(sqlite3.connect(self.data / "ledger.db")) as connection:
            query = "SELECT checkpoint FROM log ORDER BY generation DESC"
            return bytes(connection.execute(query).fetchone()[0])

    def vkeys(self, generations: int = 1) -> list[str]:
        keys = SigningKeys.read(self.data)
        origins = [f"ledger.test/{SITE}/{each}" for each in range(1, generations + 1)]
        return [keys.signer(origin).key.vkey for origin in origins]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """271 entries: two notices, decisions, two people erased, the key changed. One tile is full."""
    data = tmp_path_factory.mktemp("built") / "data"
    initialise(data, "ledger.test")
    machine = Machine(data)
    with machine.opened() as (database, _):
        sites.add_site(database, SITE, "Meridian", [ORIGIN])
    pictures = tuple(
        Picture(device, layer, sample_png(*DEVICES[device], at))
        for device in DEVICES
        for at, layer in enumerate(SHOWN_LAYERS)
    )
    integrity = "sha384-" + "A" * 64
    machine.run(Publish(SITE, FIRST, "b" * 64, "c" * 64, integrity, pictures))
    machine.decide(6)
    machine.decide(255)
    machine.now_ms += HOUR_MS
    machine.run(Publish(SITE, SECOND, "d" * 64, "c" * 64, integrity))
    machine.decide(1, SECOND, "d")
    said = [json.loads(machine.receipts[at])["subject"]["part"] for at in (2, 4)]
    machine.erase(ForgetVisitor(SITE, bytes.fromhex(said[0]["subject"])))
    machine.erase(ForgetRecord(SITE, bytes.fromhex(said[1]["id"]), key="0123456789ab"))
    with machine.opened() as (_, eraser):
        eraser.announce_pending(SITE)
    machine.run(Rotate(SITE))
    machine.now_ms += 31 * DAY_MS
    machine.decide(4, SECOND, "d")
    return machine


@pytest.fixture(scope="module")
def members(built: Machine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the untouched database exports."""
    where = tmp_path_factory.mktemp("whole")
    path = built.copy_to(where / "data").export(where / "export.zip")
    assert verify(path, built).verdict == VERIFIED
    return read_members(path)


@pytest.fixture
def machine(built: Machine, tmp_path: Path) -> Machine:
    return built.copy_to(tmp_path / "data")


def verify(
    path: Path, machine: Machine, previous: dict[str, bytes] | None = None, generations: int = 1
) -> Report:
    return verify_bundle(str(path), Pinned.read(machine.vkeys(generations)), previous)


def read_members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        found = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(found["manifest.json"])
    del manifest["exported_at"]
    return found | {"manifest.json": json.dumps(manifest).encode()}


# --- rows, and what is done to them --------------------------------------------------------------


class Row(NamedTuple):
    """A stored row, and the words by which a sentence or a fault may name its place."""

    table: type[Table]
    values: dict[str, Any]

    @property
    def key(self) -> dict[str, Any]:
        names = [each.column_name for each in self.table._meta.get_primary_keys()]
        return {name: self.values[name] for name in names}

    def places(self) -> set[object]:
        """Indexes and words, one of which a fault or a sentence must name."""
        values, generation = self.values, self.values.get("generation")
        if self.table in (Entry, Record):
            return {values["entry_index"], f"(entry {values['entry_index']})"}
        if self.table is Publication:
            index, notice = values["entry_index"], values["notice"].hex()
            return {
                index,
                f"(entry {index}:",
                f"(entry {index})",
                f"notices/{notice}.json",
                f"notice {notice}",
            }
        if self.table is Tile:
            level, number = values["level"], values["tile_index"]
            first = number << (8 * (level + 1))
            width = tile_width(level, number, SIZE)
            path = f"tile/{level}/{number:03d}" + (f".p/{width}" if width < 256 else "")
            return {path, f"logs/{generation}/{path}", *range(first, first + (width << 8 * level))}
        if self.table is Log:
            return {"logs[0]", f"logs/{generation}/checkpoint", values["origin"], repr(SITE)}
        if self.table is LogKey:
            first = values["first_index"]
            return {
                first,
                "keys[0].first",
                f"logs/{generation}/rotations/{first}.checkpoint",
                "logs[0].keys",
                f"that the log {LOG} was signed with",
                f"verifier key of {LOG!r}",
                f"verifier key '{LOG}+",
            }
        return {values["notice" if self.table is Notice else "sha256"].hex()}


def rows_of(machine: Machine, table: type[Table]) -> list[Row]:
    names = [each.column_name for each in table._meta.sorted_fields]
    order = [each.column_name for each in table._meta.get_primary_keys()]
    sql = f"SELECT {','.join(names)} FROM {table._meta.table_name} ORDER BY {','.join(order)}"
    with closing(sqlite3.connect(machine.data / "ledger.db")) as connection:
        rows = connection.execute(sql).fetchall()
    return [Row(table, dict(zip(names, row, strict=True))) for row in rows]


def some(rows: list[Row], column: str | None = None) -> list[Row]:
    """The first, one of the middle, the last, and one of each kind of record."""
    held = [row for row in rows if column is None or row.values[column] is not None]
    kinds = {row.values.get("kind"): row for row in held}
    picked = [held[0], held[len(held) // 2], held[-1], *kinds.values()]
    return [row for at, row in enumerate(picked) if row not in picked[:at]]


def where(row: Row) -> tuple[str, tuple[Any, ...]]:
    return " AND ".join(f"{name} = ?" for name in row.key), tuple(row.key.values())


def update(row: Row, **changes: Any) -> tuple[str, tuple[Any, ...]]:
    condition, key = where(row)
    names = ", ".join(f"{name} = ?" for name in changes)
    sql = f"UPDATE {row.table._meta.table_name} SET {names} WHERE {condition}"
    return sql, (*changes.values(), *key)


def delete(row: Row) -> tuple[str, tuple[Any, ...]]:
    condition, key = where(row)
    return f"DELETE FROM {row.table._meta.table_name} WHERE {condition}", key


def insert(row: Row, **changes: Any) -> tuple[str, tuple[Any, ...]]:
    values = row.values | changes
    names, marks = ", ".join(values), ", ".join("?" for _ in values)
    sql = f"INSERT INTO {row.table._meta.table_name} ({names}) VALUES ({marks})"
    return sql, tuple(values.values())


def changed(value: Any) -> Any:
    """One bit of a byte in the middle, or the next number."""
    if isinstance(value, int):
        return value + 1000
    middle = len(value) // 2
    if isinstance(value, bytes):
        return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]
    return value[:middle] + chr(ord(value[middle]) ^ 1) + value[middle + 1 :]


# --- what is found -------------------------------------------------------------------------------


def check_found(machine: Machine, tmp_path: Path, *rows: Row) -> None:
    """The export refuses, or the verifier fails, and either names the place of one of *rows*."""
    expected: set[object] = set().union(*(row.places() for row in rows))
    words = [each for each in expected if isinstance(each, str)]
    refusal, faults = "", []
    try:
        path = machine.export(tmp_path / "export.zip")
    except SetupError as error:
        refusal = error.detail
    else:
        report = verify(path, machine)
        assert report.verdict == FAILED
        faults = report.faults.first
    told = refusal + "".join(f"{each.path} {each.field} {each.expected} " for each in faults)
    is_located = any(each in told for each in words)
    is_located |= bool(expected & {fault.index for fault in faults})
    assert is_located, f"{refusal or faults}, expected one of {expected}"


def check_same(machine: Machine, tmp_path: Path, members: dict[str, bytes]) -> None:
    """The export is what it would have been."""
    assert read_members(machine.export(tmp_path / "export.zip")) == members


COLUMNS = [(table, field.column_name) for table in EVIDENCE for field in table._meta.sorted_fields]

evidence = pytest.mark.parametrize("table", EVIDENCE, ids=lambda table: table._meta.table_name)


def test_every_table_is_judged() -> None:
    assert sorted(map(repr, TABLES)) == sorted(map(repr, [*EVIDENCE, *OTHERS]))
    assert COPIES.keys() | UNSIGNED <= set(COLUMNS)


def test_the_history_has_what_the_tests_need(built: Machine) -> None:
    assert {table: len(rows_of(built, table)) for table in EVIDENCE} == {
        Entry: SIZE,
        Tile: 3,
        Record: SIZE - 3,
        Log: 1,
        LogKey: 2,
        Notice: 2,
        Publication: 2,
        Screenshot: 4,
    }


@pytest.mark.parametrize(
    ("table", "column"),
    COLUMNS,
    ids=[f"{table._meta.table_name}.{column}" for table, column in COLUMNS],
)
def test_a_changed_value_is_found_or_stands_in_no_export(
    built: Machine, tmp_path: Path, members: dict[str, bytes], table: type[Table], column: str
) -> None:
    for number, row in enumerate(some(rows_of(built, table), column)):
        where = tmp_path / str(number)
        machine = built.copy_to(where / "data")
        machine.sql(update(row, **{column: changed(row.values[column])}))
        if (table, column) in COPIES:
            check_same(machine, where, members)
        elif (table, column) in UNSIGNED:
            machine.export(where / "export.zip")
        else:
            check_found(machine, where, row)


@evidence
def test_a_dropped_row_is_found(built: Machine, tmp_path: Path, table: type[Table]) -> None:
    for number, row in enumerate(some(rows_of(built, table))):
        where = tmp_path / str(number)
        machine = built.copy_to(where / "data")
        machine.sql(delete(row))
        check_found(machine, where, row)


@evidence
def test_swapped_rows_are_found(
    built: Machine, tmp_path: Path, members: dict[str, bytes], table: type[Table]
) -> None:
    """Each gets what the other one held, under its own key."""
    rows = rows_of(built, table)
    if len(rows) < 2:
        assert table is Log
        return
    one, other = (rows[1], rows[-1]) if table in (Entry, Record) else (rows[0], rows[1])
    own = [each for each in one.values if each not in one.key]
    free = {"record_id": b"\0" * 16} if table is Record else {}
    machine = built.copy_to(tmp_path / "data")
    machine.sql(
        *([update(one, **free)] if free else []),
        update(other, **{name: one.values[name] for name in own}),
        update(one, **{name: other.values[name] for name in own}),
    )
    if table is Publication:  # the entries say which notice each of them published
        check_same(machine, tmp_path, members)
    else:
        check_found(machine, tmp_path, one, other)


INSERTED: dict[type[Table], Callable[[Row], dict[str, Any]]] = {
    Record: lambda row: {"entry_index": 0, "record_id": b"\1" * 16},
    LogKey: lambda row: {"version": 3, "first_index": 268},
    Publication: lambda row: {"entry_index": 263},
}
# Nothing names them, so they are no part of the log.
UNNAMED: dict[type[Table], Callable[[Row], dict[str, Any]]] = {
    Entry: lambda row: {"entry_index": SIZE + 1},
    Tile: lambda row: {"level": 0, "tile_index": 2},
    Notice: lambda row: {"notice": hashlib.sha256(b"another").digest()},
    Screenshot: lambda row: {"sha256": hashlib.sha256(b"another").digest()},
}


@pytest.mark.parametrize("table", [*INSERTED, *UNNAMED], ids=lambda table: table._meta.table_name)
def test_an_inserted_row_is_found_or_part_of_nothing(
    built: Machine, tmp_path: Path, members: dict[str, bytes], table: type[Table]
) -> None:
    row = rows_of(built, table)[-1]
    machine = built.copy_to(tmp_path / "data")
    changes = {**INSERTED, **UNNAMED}[table](row)
    machine.sql(insert(row, **changes))
    if table in UNNAMED:
        check_same(machine, tmp_path, members)
    else:
        check_found(machine, tmp_path, Row(table, row.values | changes))


def test_a_generation_that_nobody_began_is_found_once_it_is_written(
    machine: Machine, tmp_path: Path
) -> None:
    assert {*INSERTED, *UNNAMED, Log} == {*EVIDENCE}
    row = rows_of(machine, Log)[0]
    empty = {"size": 0, "root": EMPTY_ROOT, "checkpoint": None}
    machine.sql(insert(row, generation=2, origin=f"ledger.test/{SITE}/2", **empty))
    assert verify(machine.export(tmp_path / "still.zip"), machine).faults.first == []
    machine.decide(1, SECOND, "d")
    report = verify(machine.export(tmp_path / "export.zip"), machine, generations=2)
    assert [(fault.log, fault.index, fault.found) for fault in report.faults.first] == [
        (f"ledger.test/{SITE}/2", 0, "no anchor")
    ]


# --- the running ledger --------------------------------------------------------------------------

HEADS = [{"root": b"\0" * 32}, {"size": SIZE - 1}, {"size": SIZE + 1}, {"size": 0}]


def test_no_head_is_signed_on_top_of_edge_tiles_that_do_not_lead_to_it(machine: Machine) -> None:
    before = machine.checkpoint()
    for row in rows_of(machine, Tile)[1:]:
        where = machine.data.parent / str(row.values["level"])
        other = machine.copy_to(where)
        other.sql(update(row, hashes=changed(row.values["hashes"])))
        with pytest.raises(LogHalted):
            other.run(PutInForce(SITE, "b" * 64))
        assert other.checkpoint() == before


@pytest.mark.parametrize("changes", HEADS, ids=str)
def test_a_running_ledger_notices_a_changed_head(machine: Machine, changes: dict[str, Any]) -> None:
    before = machine.checkpoint()
    (row,) = rows_of(machine, Log)
    with machine.running() as (_, run):
        run(PutInForce(SITE, "d" * 64))  # in force already: from now on it knows the log
        machine.sql(update(row, **changes))
        with pytest.raises(LogHalted):
            run(PutInForce(SITE, "b" * 64))
    assert machine.checkpoint() == before


@pytest.mark.parametrize("changes", HEADS, ids=str)
def test_a_changed_head_is_never_continued_under_its_name(
    machine: Machine, changes: dict[str, Any]
) -> None:
    """A smaller one looks like an older copy, so the log may go on as its next generation."""
    before = machine.checkpoint()
    (row,) = rows_of(machine, Log)
    machine.sql(update(row, **changes))
    if changes.get("size", SIZE) >= SIZE:
        with pytest.raises(LogHalted):
            machine.run(PutInForce(SITE, "b" * 64))
    else:
        machine.run(PutInForce(SITE, "b" * 64))
        assert len(rows_of(machine, Log)) == 2
    assert rows_of(machine, Log)[0].values["checkpoint"] == before


# --- what an operator hides who has the seed -----------------------------------------------------


class Hidden(NamedTuple):
    """Two histories of one log: in the other one a decision and all after it are different."""

    true: Machine
    other: Machine
    receipt: bytes


@pytest.fixture
def hidden(tmp_path: Path, machine: Machine) -> Hidden:
    other = machine.copy_to(tmp_path / "other")
    machine.decide(1, SECOND, "d")
    receipt = machine.receipts[-1]
    for each in (machine, other):
        each.decide(3, SECOND, "d")
    other.decide(2, SECOND, "d")
    return Hidden(machine, other, receipt)


def test_a_hidden_entry_is_found_by_a_checkpoint_kept_from_last_time(
    hidden: Hidden, tmp_path: Path
) -> None:
    path = hidden.other.export(tmp_path / "export.zip")
    assert verify(path, hidden.other).verdict == VERIFIED, "alone it looks whole"
    report = verify(path, hidden.other, {"kept": hidden.true.checkpoint()})
    assert report.verdict == FAILED
    (fault,) = report.faults.first
    assert (fault.log, fault.path, fault.field) == (LOG, "kept", f"root hash at {SIZE + 4}")


def test_a_hidden_entry_is_found_by_the_receipt_of_its_visitor(
    hidden: Hidden, tmp_path: Path
) -> None:
    path = hidden.other.export(tmp_path / "export.zip")
    signed = json.loads(hidden.receipt)["proof"]["checkpoint"].encode()
    report = verify(path, hidden.other, {"receipt": signed})
    assert report.verdict == FAILED
    assert [fault.field for fault in report.faults.first] == [f"root hash at {SIZE + 1}"]


def test_a_log_that_ends_before_what_was_kept_is_found(hidden: Hidden, tmp_path: Path) -> None:
    path = hidden.true.export(tmp_path / "export.zip")
    report = verify(path, hidden.true, {"kept": hidden.other.checkpoint()})
    assert report.verdict == FAILED
    (fault,) = report.faults.first
    assert (fault.log, fault.path, fault.field) == (LOG, "kept", "tree size")


def test_two_exports_of_one_log_that_contradict_each_other_are_found(
    hidden: Hidden, tmp_path: Path
) -> None:
    """Each is whole by itself; either one's checkpoint is no part of the other."""
    paths = [each.export(tmp_path / f"{at}.zip") for at, each in enumerate(hidden[:2])]
    notes = [read_members(path)["logs/1/checkpoint"] for path in paths]
    for at in (0, 1):
        assert verify(paths[at], hidden.true).verdict == VERIFIED
        assert verify(paths[at], hidden.true, {"own": notes[at]}).verdict == VERIFIED
        assert verify(paths[at], hidden.true, {"other": notes[1 - at]}).verdict == FAILED


def test_an_older_copy_without_its_journal_is_found_by_what_was_kept(
    machine: Machine, tmp_path: Path
) -> None:
    copied = machine.copy_to(tmp_path / "copy")
    machine.decide(2, SECOND, "d")
    kept = machine.checkpoint()
    shutil.rmtree(copied.data / "journal")
    with pytest.raises(SetupError, match="journal"):
        copied.decide(1, SECOND, "d")
    assert continue_unjournaled(copied.data, lambda: copied.now_ms) == [f"ledger.test/{SITE}/2"]
    copied.decide(3, SECOND, "d")
    path = copied.export(tmp_path / "export.zip")
    assert verify(path, copied, generations=2).verdict == VERIFIED, "alone it looks whole"
    report = verify(path, copied, {"kept": kept}, generations=2)
    assert [(fault.log, fault.field) for fault in report.faults.first] == [(LOG, "tree size")]


def test_a_generation_that_was_lost_as_a_whole_is_named(machine: Machine, tmp_path: Path) -> None:
    """The copy holds all of the first one, so nothing else in it tells of the second."""
    copied = machine.copy_to(tmp_path / "copy")
    shutil.rmtree(machine.data / "journal")
    continue_unjournaled(machine.data, lambda: machine.now_ms)
    machine.decide(4, SECOND, "d")
    for left in machine.data.glob("ledger.db*"):
        left.unlink()
    shutil.copy(copied.data / "ledger.db", machine.data / "ledger.db")
    path = machine.export(tmp_path / "export.zip")
    report = verify(path, machine, generations=3)
    assert [(fault.log, fault.index, fault.found) for fault in report.faults.first] == [
        (f"ledger.test/{SITE}/2", 0, "entries 0 to 4 were signed and are not held")
    ]
