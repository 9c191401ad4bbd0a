# SPDX-License-Identifier: MIT
"""One transaction on the log: dense indexes, time that does not go back, refusals without trace."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import peewee
import pytest
from consent_ledger import batch, sites
from consent_ledger.batch import Batch, HeadMovedError
from consent_ledger.db import Database, open_database
from consent_ledger.errors import LogHalted, RecordConflict, SiteUnknown
from consent_ledger.log_writer import LogWriter
from consent_ledger.models import Entry, Log, Record
from consent_ledger.records import Recorded
from consent_ledger.tlog.checkpoint import open_checkpoint
from consent_ledger.tlog.edge import Edge
from consent_ledger.tlog.merkle import CompactRange, leaf_hashes
from consent_ledger.tlog.note import VerifierKey
from consent_ledger.tlog.receipts import verify_receipt
from consent_ledger.tlog.tile import grown_tiles
from harness import SITE, checked, commit, sample_decision, writer_of

from .conftest import NOTICE, NOW_MS, decide


def now() -> int:
    return NOW_MS


def indexes(database: Database, site: str = SITE) -> list[int]:
    query = Entry.select(Entry.entry_index).where(Entry.site == site).order_by(Entry.entry_index)
    return [row[0] for row in query.tuples().execute(database)]


class Failing:
    """Work with a bug in it."""

    def apply(self, work: Batch) -> Any:
        work.head(SITE)
        raise RuntimeError("a bug")


def test_a_group_gets_consecutive_indexes_in_its_order(database: Database) -> None:
    done = commit(database, [decide() for _ in range(5)], now)
    assert [one.result.receipt.index for one in done] == [1, 2, 3, 4, 5]
    assert indexes(database) == [0, 1, 2, 3, 4, 5]
    assert sites.get_site(database, SITE).size == 6


def test_refused_work_leaves_no_gap_and_does_not_hinder_the_others(database: Database) -> None:
    first = decide()
    other = decide(id=first.record_id)
    nowhere = checked(sample_decision(decided_at_ms=NOW_MS), NOTICE, "nowhere")
    last = decide()
    done = commit(database, [first, other, nowhere, Failing(), last], now)
    assert [type(one.error) for one in done] == [
        type(None),
        RecordConflict,
        SiteUnknown,
        RuntimeError,
        type(None),
    ]
    assert [one.result.receipt.index for one in done if one.result] == [1, 2]
    assert indexes(database) == [0, 1, 2]


def test_a_repeat_within_a_group_gets_the_same_receipt(database: Database) -> None:
    body = sample_decision(decided_at_ms=NOW_MS)
    twins = [checked(body, NOTICE) for _ in range(2)]
    results: list[Recorded] = [one.result for one in commit(database, twins, now)]
    assert [result.created for result in results] == [True, False]
    assert results[0].receipt.to_json() == results[1].receipt.to_json()
    again = commit(database, [checked(body, NOTICE)], now)[0].result
    assert (again.created, again.receipt.to_json()) == (False, results[0].receipt.to_json())


def test_two_decisions_of_one_visitor_in_a_group_are_folded_in_order(database: Database) -> None:
    token = "ab" * 16
    one, two = decide(token=token, seq=1), decide(token=token, seq=2)
    commit(database, [two, one], now)
    ((state,),) = database.execute_sql("SELECT state FROM preference").fetchall()
    found = json.loads(state)
    assert (found["seq"], found["record"]) == (2, two.record_id)
    assert set(found["given_first"].values()) == {1}


def test_a_group_of_any_size_meets_what_is_stored(database: Database) -> None:
    """More than one statement takes, of two sites, new visitors and old, repeats and conflicts."""
    sites.add_site(database, "other", "Other", ["https://other.example"])
    first = [decide(token=f"{number:032x}", seq=1) for number in range(70)]
    commit(database, first, now)
    conflict = decide(id=first[5].record_id)
    other = checked(sample_decision(decided_at_ms=NOW_MS), NOTICE, "other")
    second = [decide(token=f"{number:032x}", seq=2) for number in range(35, 105)]
    done = commit(database, [*second, conflict, other, *first], now)
    assert [one.result.created for one in done[:70]] == [True] * 70
    assert isinstance(done[70].error, RecordConflict)
    assert done[71].result.created
    assert [one.result.receipt.index for one in done[72:]] == list(range(1, 71))
    states = database.execute_sql("SELECT state FROM preference WHERE site = ?", (SITE,))
    folded = [json.loads(state) for (state,) in states]
    assert sorted(state["seq"] for state in folded) == [1] * 35 + [2] * 70
    both = [state for state in folded if set(state["given_first"].values()) == {1}]
    assert len(both) == 70  # what the first group granted is still known
    assert indexes(database) == list(range(141))


def test_a_group_costs_as_many_statements_as_a_single_decision(database: Database) -> None:
    counted: list[str] = []
    database.connection().set_trace_callback(counted.append)
    commit(database, [decide()], now)
    single = len(counted)
    commit(database, [decide() for _ in range(32)], now)
    assert len(counted) == 2 * single


def test_the_entry_of_a_record_is_the_commitment_to_what_is_stored(database: Database) -> None:
    commit(database, [decide()], now)
    row = (
        Record.select(Entry.entry, Record.subject_part, Record.evidence_part)
        .join(Entry, on=((Entry.site == Record.site) & (Entry.entry_index == Record.entry_index)))
        .tuples()
        .get(database)
    )
    assert len(row[0]) == 89
    assert json.loads(row[1])["recorded_at"] == "2026-11-21T22:26:40.123Z"
    assert json.loads(row[2])["recorded_hour"] == "2026-11-21T22Z"


def test_server_time_never_decreases_within_a_log(database: Database) -> None:
    commit(database, [decide()], lambda: NOW_MS + 10)
    commit(database, [decide()], lambda: NOW_MS)
    times = [
        json.loads(row[0])["recorded_at"]
        for row in database.execute_sql("SELECT subject_part FROM record ORDER BY entry_index")
    ]
    assert times[0] == times[1]
    row = Log.select(Log.last_ms).tuples().get(database)
    assert row == (NOW_MS + 10,)


def test_sites_have_heads_of_their_own_in_one_transaction(database: Database) -> None:
    sites.add_site(database, "other", "Other", ["https://other.example"])
    other = checked(sample_decision(decided_at_ms=NOW_MS), NOTICE, "other")
    done = commit(database, [decide(), other, decide()], now)
    receipts = [one.result.receipt for one in done]
    assert [(receipt.origin, receipt.index) for receipt in receipts] == [
        ("ledger.test/meridian/1", 1),
        ("ledger.test/other/1", 0),
        ("ledger.test/meridian/1", 2),
    ]


def test_another_process_that_wrote_in_between_is_not_overlooked(
    database: Database, data: Path
) -> None:
    commit(database, [decide()], now)
    elsewhere = open_database(data)
    with elsewhere.connection_context():
        assert commit(elsewhere, [decide()], now)[0].result.receipt.index == 2
    elsewhere.close_all()
    assert commit(database, [decide()], now)[0].result.receipt.index == 3


def test_a_head_that_moved_under_the_transaction_stops_it_whole(database: Database) -> None:
    class Moving:
        def apply(self, work: Batch) -> None:
            head = work.head(SITE)
            head.append(b"x")
            head.stored_size += 1  # as if somebody had written under our lock

    with pytest.raises(HeadMovedError):
        commit(database, [decide(), Moving()], now)
    assert indexes(database) == [0]


def test_nothing_is_written_when_the_transaction_fails(database: Database) -> None:
    database.execute_sql(
        "CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    with pytest.raises(peewee.IntegrityError):
        commit(database, [decide()], now)
    assert indexes(database) == [0]
    assert sites.get_site(database, SITE).size == 1


def test_an_index_can_be_given_only_once(database: Database) -> None:
    commit(database, [decide()], now)
    with pytest.raises(sqlite3.IntegrityError):
        database.cursor().execute("INSERT INTO entry SELECT * FROM entry WHERE entry_index = 1")


# Tiles, checkpoints and proofs


def row_of(database: Database) -> tuple[int, bytes, bytes]:
    """Size, root and checkpoint of the site's head row."""
    query = Log.select(Log.size, Log.root, Log.checkpoint).where(Log.site == SITE)
    found: tuple[int, bytes, bytes] = query.tuples().get(database)
    return found


def rebuilt_root(database: Database) -> bytes:
    query = Entry.select(Entry.entry).where(Entry.site == SITE).order_by(Entry.entry_index)
    whole = CompactRange()
    whole.extend(leaf_hashes(row[0] for row in query.tuples().execute(database)))
    return whole.root()


def key_of(writer: LogWriter) -> VerifierKey:
    return writer.keys.signer(f"ledger.test/{SITE}/1").key


@pytest.mark.parametrize("group", [1, 7, 255, 256])
def test_each_batch_extends_tiles_root_and_checkpoint(database: Database, group: int) -> None:
    writer = writer_of(database)
    for _ in range(max(3, 600 // group) if group > 1 else 20):
        done = batch.commit(database, writer, [decide() for _ in range(group)], now)
        size, root, checkpoint = row_of(database)
        opened = open_checkpoint(checkpoint, f"ledger.test/{SITE}/1", [key_of(writer)])
        assert (opened.checkpoint.size, opened.checkpoint.root) == (size, root)
        for one in (done[0], done[-1]):
            receipt = one.result.receipt
            assert receipt.proof.checkpoint == checkpoint
            verify_receipt(receipt.to_json(), [key_of(writer).vkey])
    assert root == rebuilt_root(database)
    tiles = {
        (level, index): hashes
        for level, index, hashes in database.execute_sql(
            "SELECT level, tile_index, hashes FROM tile"
        )
    }
    expected = {(tile.level, tile.index): tile.width * 32 for tile in grown_tiles(0, size)}
    assert {place: len(hashes) for place, hashes in tiles.items()} == expected


def test_the_edge_is_read_once_and_again_only_when_somebody_else_wrote(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read = Edge.read

    def counted(size: int, root: bytes, tiles: Any) -> Edge:
        reads.append(size)
        return read(size, root, tiles)

    monkeypatch.setattr(Edge, "read", counted)
    writer = writer_of(database)
    for _ in range(3):
        batch.commit(database, writer, [decide()], now)
    assert reads == [1]
    commit(database, [decide()], now)  # another process
    batch.commit(database, writer, [decide()], now)
    assert reads == [1, 4, 5]
    assert row_of(database)[1] == rebuilt_root(database)


def test_a_transaction_that_failed_leaves_no_trace_in_the_writers_memory(
    database: Database,
) -> None:
    writer = writer_of(database)
    batch.commit(database, writer, [decide()], now)
    database.execute_sql(
        "CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    with pytest.raises(peewee.IntegrityError):
        batch.commit(database, writer, [decide(), decide()], now)
    database.execute_sql("DROP TRIGGER full")
    (done,) = batch.commit(database, writer, [decide()], now)
    verify_receipt(done.result.receipt.to_json(), [key_of(writer).vkey])
    assert row_of(database)[:2] == (3, rebuilt_root(database))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE tile SET hashes = zeroblob(length(hashes))",
        "UPDATE tile SET hashes = substr(hashes, 33)",
        "UPDATE tile SET hashes = CAST(hashes || zeroblob(32) AS BLOB)",
        "UPDATE tile SET hashes = CAST(hashes || x'00' AS BLOB)",
        "DELETE FROM tile",
        "UPDATE log SET root = zeroblob(32)",
        "UPDATE log SET size = size + 1",
        "UPDATE log SET size = 1",
    ],
)
def test_a_head_and_tiles_that_disagree_stop_signing(
    database: Database, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    commit(database, [decide(), decide()], now)
    checkpoint = row_of(database)[2]
    database.execute_sql(damage)
    writer = writer_of(database)
    for _ in range(2):
        (done,) = batch.commit(database, writer, [decide()], now)
        assert isinstance(done.error, LogHalted)
    assert row_of(database)[2] == checkpoint
    assert len(indexes(database)) == 3
    assert caplog.text.count("takes no more entries") == 1


def test_a_halted_log_goes_on_once_it_is_repaired_and_hinders_no_other(database: Database) -> None:
    sites.add_site(database, "other", "Other", ["https://other.example"])
    body = sample_decision(decided_at_ms=NOW_MS)
    other = checked(body, NOTICE, "other")
    writer = writer_of(database)
    (kept,) = database.execute_sql("SELECT hashes FROM tile").fetchone()
    database.execute_sql("UPDATE tile SET hashes = zeroblob(32)")
    halted, done = batch.commit(database, writer, [decide(), other], now)
    assert isinstance(halted.error, LogHalted)
    assert done.result.created
    database.execute_sql("UPDATE tile SET hashes = ? WHERE site = ?", (kept, SITE))
    assert batch.commit(database, writer, [decide()], now)[0].result.created
