# SPDX-License-Identifier: MIT
"""Bundles: complete, exactly what the database holds, and whole whatever is erased meanwhile."""

from __future__ import annotations

import base64
import json
import random
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from consent_ledger import bundle as bundle_module
from consent_ledger.bundle import Bundle
from consent_ledger.bundle_tiles import merged, needed_tiles
from consent_ledger.db import FILE, Database, initialise, open_database
from consent_ledger.derived import csv_rows, jsonld
from consent_ledger.errors import NotFound, Unavailable
from consent_ledger.export import prepare_export
from consent_ledger.export_range import Range
from consent_ledger.models import Entry, Hour, Log, Notice, Record, Screenshot, Tile
from consent_ledger.notices import Publish
from consent_ledger.rotation import Rotate
from consent_ledger.sites import add_site
from consent_ledger.succession import open_for_writing
from consent_ledger.timestamps import DAY_MS, HOUR_MS, hour
from consent_ledger.tlog import merkle
from consent_ledger.tlog.entry import Kind
from consent_ledger.tlog.entry_bundle import decode_bundle
from consent_ledger.tlog.tile import ENTRIES, grown_tiles, tile_width
from consent_ledger.verify.members import check_order
from harness import ORIGIN, SITE
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import NOTICE, NOW_MS
from .exports import Journalist, lines, members

START = NOW_MS // HOUR_MS


@pytest.fixture
def journalist(database: Database) -> Journalist:
    return Journalist(database)


def between(first_hour: int | None, last_hour: int | None) -> Range:
    """Hours counted from the one in which the log begins."""
    start, stop = (None if each is None else START + each for each in (first_hour, last_hour))
    return Range(start, stop)


# --- what is in a bundle -----------------------------------------------------------------------


def test_a_bundle_holds_everything_in_its_order_and_verifies(
    journalist: Journalist, tmp_path: Path
) -> None:
    journalist.decide(600)
    bundle = journalist.bundle()
    found = members(bundle)
    check_order(found)
    assert [name for name in found if "/tile/" not in name] == [
        "README.txt",
        "logs/1/openings.ndjson",
        "logs/1/records.csv",
        "logs/1/records.jsonld",
        "logs/1/context.ndjson",
        "logs/1/checkpoint",
        f"notices/{NOTICE.sha256}.json",
        "manifest.json",
    ]
    assert {name.removeprefix("logs/1/") for name in found if "/tile/" in name} == {
        *(tile.path for tile in grown_tiles(0, 601)),
        *("tile/entries/000", "tile/entries/001", "tile/entries/002.p/89"),
    }
    report = journalist.verify(bundle, tmp_path)
    assert report.faults.first == []
    assert report.exit_code == 0


@pytest.mark.parametrize("with_subjects", [False, True])
def test_every_line_is_what_the_database_holds(
    journalist: Journalist, database: Database, with_subjects: bool
) -> None:
    journalist.decide(3)
    found = members(journalist.bundle(with_subjects=with_subjects))
    rows = Record.select().order_by(Record.entry_index).tuples().execute(database)
    expected = []
    for _, _, index, _, _, _, subject, subject_salt, evidence, evidence_salt in rows:
        line = {"index": index, "evidence": opening(evidence, evidence_salt)}
        if with_subjects:
            line["subject"] = opening(subject, subject_salt)
        expected.append(line)
    assert lines(found["logs/1/openings.ndjson"]) == expected
    assert found["logs/1/context.ndjson"] == b""
    manifest = json.loads(found["manifest.json"])
    assert manifest["parts"] == (["evidence", "subject"] if with_subjects else ["evidence"])
    assert [each["part"] for each in manifest["withheld"]] == ["subject"] * (not with_subjects)


def opening(part: bytes, salt: bytes) -> dict[str, object]:
    return {"part": json.loads(part), "salt": base64.b64encode(salt).decode()}


def test_what_is_derived_follows_from_the_openings(journalist: Journalist) -> None:
    journalist.decide(5)
    found = members(journalist.bundle(with_subjects=True))
    opened = {line["index"]: line for line in lines(found["logs/1/openings.ndjson"])}
    rows, nodes = [csv_rows.header(True)], []
    for index in range(6):
        line = opened.get(index)
        parts = [line[part]["part"] if line else None for part in ("evidence", "subject")]
        rows.append(csv_rows.row(1, index, Kind.DECISION if line else Kind.NOTICE, *parts, True))
        if line:
            nodes.append(jsonld.node(1, index, *parts))
    assert found["logs/1/records.csv"] == b"".join(rows)
    assert found["logs/1/records.jsonld"] == (
        jsonld.start(SITE, "Meridian API", f"ledger.test/{SITE}/1")
        + jsonld.SEPARATOR.join(nodes)
        + jsonld.END
    )


def test_tiles_and_entries_are_those_of_the_log(journalist: Journalist, database: Database) -> None:
    journalist.decide(300)
    found = members(journalist.bundle())
    entries = [
        entry
        for name, width in (("000", 256), ("001.p/45", 45))
        for entry in decode_bundle(found[f"logs/1/tile/entries/{name}"], width)
    ]
    query = Entry.select(Entry.entry).order_by(Entry.entry_index).tuples()
    assert entries == [bytes(data) for (data,) in query.execute(database)]
    whole = merkle.CompactRange()
    whole.extend(merkle.leaf_hashes(entries))
    (log,) = json.loads(found["manifest.json"])["logs"]
    assert base64.b64decode(log["root"]) == whole.root()
    stored = Tile.select(Tile.hashes).where(Tile.level == 0).order_by(Tile.tile_index).tuples()
    assert [found["logs/1/tile/0/000"], found["logs/1/tile/0/001.p/45"]] == [
        bytes(hashes) for (hashes,) in stored.execute(database)
    ]


def test_notices_and_held_screenshots_of_publications_are_there(
    journalist: Journalist, database: Database
) -> None:
    body = json.loads(bytes(Entry.select(Entry.entry).tuples().get(database)[0])[25:])
    assert body["screenshots"] == []
    image, sha256 = b"\x89PNG not really", b"\x05" * 32
    Screenshot.insert(site=SITE, sha256=sha256, image=image).execute(database)
    shots = [
        {"device": "phone", "layer": layer, "sha256": (digest * 32).hex()}
        for layer, digest in (("first", b"\x05"), ("second", b"\x06"))  # the second is not held
    ]
    changed = json.dumps(body | {"screenshots": shots}, separators=(",", ":"), sort_keys=True)
    Entry.update(entry=b"consent-ledger/entry/v1\n\x10" + changed.encode()).execute(database)
    found = members(journalist.bundle())
    document = bytes(Notice.select(Notice.document).tuples().get(database)[0])
    assert found[f"notices/{NOTICE.sha256}.json"] == document
    assert [name for name in found if name.startswith("screenshots/")] == [
        f"screenshots/{sha256.hex()}.png"
    ]
    assert found[f"screenshots/{sha256.hex()}.png"] == image


def test_other_peoples_unzip_finds_no_fault(journalist: Journalist, tmp_path: Path) -> None:
    unzip = shutil.which("unzip")
    if unzip is None:
        pytest.skip("unzip is not installed")
    journalist.decide(300)
    (tmp_path / "bundle.zip").write_bytes(journalist.bundle())
    done = subprocess.run([unzip, "-t", tmp_path / "bundle.zip"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_log_without_entries_has_no_bundle(data: Path) -> None:
    database = open_database(data)
    with database.connection_context():
        add_site(database, SITE, "Meridian API", [ORIGIN])
        export = prepare_export(database, SITE, with_subjects=False)
        with pytest.raises(NotFound, match="no entry"):
            Bundle(export, lambda: None)
    database.close_all()


def test_no_read_is_open_between_two_pieces(data: Path, journalist: Journalist) -> None:
    """So that a slow reader keeps nobody from erasing."""
    journalist.decide(5)
    own = open_database(data)
    with own.connection_context():
        export = prepare_export(own, SITE, with_subjects=True)
    count = 0
    for _ in Bundle(export, journalist.announce).pieces():
        assert own.is_closed()
        count += 1
    assert count > 20
    own.close_all()


# --- erasing -----------------------------------------------------------------------------------


def test_what_waits_to_be_announced_is_announced_before_the_head(
    journalist: Journalist, tmp_path: Path
) -> None:
    record, *_ = journalist.decide(3)
    journalist.erase(record)
    found = members(bundle := journalist.bundle(with_subjects=True))
    assert [line["index"] for line in lines(found["logs/1/openings.ndjson"])] == [1, 2, 3]
    assert lines(found["logs/1/openings.ndjson"])[0] == {
        "evidence": None,
        "index": 1,
        "subject": None,
    }
    (erasure,) = lines(found["logs/1/context.ndjson"])
    assert erasure["index"] == 4
    assert [item["indexes"] for item in erasure["evidence"]["part"]["erased"]] == [[[1, 1]]] * 2
    (log,) = json.loads(found["manifest.json"])["logs"]
    assert (log["first"], log["end"], log["size"]) == (0, 4, 5)
    report = journalist.verify(bundle, tmp_path)
    assert report.exit_code == 0, report.faults.first
    assert report.to_dict()["logs"][0]["erased"]["owner"] == {"subject": 1, "evidence": 1}


@pytest.mark.parametrize("with_subjects", [False, True])
def test_erasing_at_any_moment_of_an_export_leaves_it_whole(
    journalist: Journalist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_subjects: bool
) -> None:
    monkeypatch.setattr("consent_ledger.export_pages.PAGE", 4)
    monkeypatch.setattr("consent_ledger.zip_stream.PIECE_BYTES", 1)
    records = journalist.decide(10)
    journalist.decide(1)
    pieces = len(piece_numbers(journalist))
    erased_at = random.Random(5)
    while records:
        moments = {erased_at.randrange(pieces): record for record in records[:3]}
        del records[:3]

        def on_piece(number: int, moments: dict[int, str] = moments) -> None:
            if number in moments:
                journalist.erase(moments[number])

        bundle = journalist.bundle(with_subjects=with_subjects, on_piece=on_piece)
        report = journalist.verify(bundle, tmp_path)
        assert report.exit_code == 0, report.faults.first


def piece_numbers(journalist: Journalist) -> list[int]:
    numbers: list[int] = []
    journalist.bundle(on_piece=numbers.append)
    return numbers


def test_the_verifier_would_notice_if_erasures_were_announced_after_the_head(
    journalist: Journalist, tmp_path: Path
) -> None:
    """The control: the same bundle without step 2 is refused, and says where."""
    record, *_ = journalist.decide(3)
    journalist.erase(record)
    export = prepare_export(journalist.database, SITE, with_subjects=True)
    bundle = b"".join(Bundle(export, lambda: None).pieces())
    report = journalist.verify(bundle, tmp_path)
    assert report.exit_code == 1
    assert {fault.index for fault in report.faults.first} == {1}


def test_a_generation_that_begins_meanwhile_is_noticed(
    journalist: Journalist, database: Database
) -> None:
    journalist.decide(1)

    def begin() -> None:
        Log.insert(
            site=SITE, generation=2, origin=f"ledger.test/{SITE}/2", size=1, last_ms=0
        ).execute(database)

    export = prepare_export(database, SITE, with_subjects=False)
    with pytest.raises(Unavailable, match="ask again"):
        list(Bundle(export, begin).pieces())


# --- a range of time ---------------------------------------------------------------------------


@pytest.fixture
def days(journalist: Journalist) -> Journalist:
    """Hour 0: 1 notice and 299 decisions; hours 5, 6, 9: 300, 1 and 300 more."""
    for wait, count in ((0, 299), (5, 300), (1, 1), (3, 300)):
        journalist.wait(wait)
        journalist.decide(count)
    return journalist


@pytest.mark.parametrize(
    ("first", "last", "indexes"),
    [
        (0, 1, (0, 300)),
        (None, 5, (0, 300)),
        (1, 6, (300, 600)),
        (5, 7, (300, 601)),
        (6, 7, (600, 601)),
        (7, None, (601, 901)),
        (6, 100, (600, 901)),
    ],
)
def test_a_range_of_hours_is_a_range_of_indexes(
    days: Journalist, tmp_path: Path, first: int | None, last: int | None, indexes: tuple[int, int]
) -> None:
    bundle = days.bundle(wanted=between(first, last))
    found = members(bundle)
    (log,) = json.loads(found["manifest.json"])["logs"]
    assert (log["first"], log["end"], log["size"]) == (*indexes, 901)
    opened = [line["index"] for line in lines(found["logs/1/openings.ndjson"])]
    assert opened == list(range(max(indexes[0], 1), indexes[1]))
    assert found["logs/1/records.csv"].count(b"\r\n") == 1 + indexes[1] - indexes[0]
    neighbours = [line["index"] for line in lines(found["logs/1/context.ndjson"])]
    assert neighbours == [
        each for each in (indexes[0] - 1, indexes[1]) if 1 <= each < 901
    ]  # index 0 is the notice, which has no opening
    report = days.verify(bundle, tmp_path)
    assert report.exit_code == 0, report.faults.first
    assert json.loads(found["manifest.json"])["range"] == {
        side: None if each is None else hour((START + each) * HOUR_MS)
        # Nothing was recorded after the last range: it goes up to now.
        for side, each in (("from", first), ("to", None if last == 100 else last))
    }


def test_a_range_holds_only_the_tiles_that_it_needs(days: Journalist) -> None:
    found = members(days.bundle(wanted=between(6, 7)))  # entry 600, neighbours 599 and 601
    assert {name.removeprefix("logs/1/") for name in found if "/tile/" in name} == {
        *("tile/1/000.p/3", "tile/0/000", "tile/0/002", "tile/0/003.p/133"),
        *("tile/entries/000", "tile/entries/002"),  # the notice is entry 0
    }


def test_later_erasures_of_a_range_are_in_its_context(days: Journalist, tmp_path: Path) -> None:
    record = f"{300:032x}"  # entry 300, in hour 5
    other = f"{700:032x}"  # entry 700, in hour 9
    days.erase(other)
    days.announce()  # entry 901 names nothing of the range
    days.wait(1)
    days.decide(1)
    days.erase(record)
    bundle = days.bundle(with_subjects=True, wanted=between(5, 6))
    context = [line["index"] for line in lines(members(bundle)["logs/1/context.ndjson"])]
    assert context == [299, 600, 903]
    report = days.verify(bundle, tmp_path)
    assert report.exit_code == 0, report.faults.first


def test_a_range_goes_on_to_the_nearest_entries_that_show_a_time(
    days: Journalist, tmp_path: Path
) -> None:
    for index in (298, 299, 600):
        days.erase(f"{index:032x}")
    bundle = days.bundle(wanted=between(5, 6))
    found = members(bundle)
    (log,) = json.loads(found["manifest.json"])["logs"]
    assert (log["first"], log["end"]) == (298, 601)
    context = [line["index"] for line in lines(found["logs/1/context.ndjson"])]
    assert context == [297, 601, 901]  # and the erasure entry
    assert days.verify(bundle, tmp_path).exit_code == 0


def test_a_range_that_leaves_entries_of_its_hours_out_is_found(
    days: Journalist, tmp_path: Path
) -> None:
    """The table of hours is in no export; the neighbours tell when it is wrong."""
    for shift, index in ((40, 339), (-40, 260)):
        change = Hour.update({Hour.first_index: 300 + shift}).where(Hour.first_index == 300)
        change.execute(days.database)
        report = days.verify(days.bundle(wanted=between(5, 6)), tmp_path)
        assert report.exit_code == 1
        assert {(fault.index, fault.field) for fault in report.faults.first} & {(index, "time")}
        Hour.update({Hour.first_index: 300}).where(Hour.first_index == 300 + shift).execute(
            days.database
        )


# --- keys and generations ----------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [(None, None), (3, 4)])
def test_rotated_keys_come_with_the_checkpoints_that_join_them(
    journalist: Journalist, tmp_path: Path, wanted: tuple[int | None, int | None]
) -> None:
    journalist.decide(300)
    journalist.run(Rotate(SITE, 10 * DAY_MS))  # entry 301
    journalist.wait(3)
    journalist.decide(300)
    bundle = journalist.bundle(wanted=between(*wanted))
    found = members(bundle)
    (log,) = json.loads(found["manifest.json"])["logs"]
    assert [(key["first"], key["last"]) for key in log["keys"]] == [(0, None), (301, None)]
    assert [name for name in found if "rotations" in name] == ["logs/1/rotations/301.checkpoint"]
    assert b"\n302\n" in found["logs/1/rotations/301.checkpoint"]
    report = journalist.verify(bundle, tmp_path)
    assert report.exit_code == 0, report.faults.first


def test_generations_follow_each_other_and_the_older_one_stays_as_it_was(tmp_path: Path) -> None:
    data = tmp_path / "data"
    initialise(data, "ledger.test")
    database = open_database(data)
    with database.connection_context():
        add_site(database, SITE, "Meridian API", [ORIGIN])
        journalist = Journalist(database)
        journalist.run(Publish(SITE, NOTICE, "b" * 64, "c" * 64, "sha384-" + "A" * 64))
        first, *others = journalist.decide(5)
        with sqlite3.connect(tmp_path / "older.db") as older:
            database.connection().backup(older)
        older.close()
        journalist.decide(2)  # what the restored database has lost
    database.close_all()
    for left in data.glob(f"{FILE}*"):
        left.unlink()
    (tmp_path / "older.db").rename(data / FILE)
    database, _ = open_for_writing(data, clock=lambda: NOW_MS + HOUR_MS)
    with database.connection_context():
        journalist = Journalist(database)
        journalist.wait(2)
        journalist._number = 100
        journalist.decide(3)
        journalist.erase(first)  # of generation 1, announced in generation 2
        bundle = journalist.bundle(with_subjects=True)
        found = members(bundle)
        check_order(found)
        logs = json.loads(found["manifest.json"])["logs"]
        assert [(log["generation"], log["end"], log["size"]) for log in logs] == [
            (1, 6, 6),
            (2, 4, 5),
        ]
        assert [line["index"] for line in lines(found["logs/2/context.ndjson"])] == [4]
        report = journalist.verify(bundle, tmp_path)
        assert {(fault.log, fault.index) for fault in report.faults.first} == {
            (f"ledger.test/{SITE}/1", 6)
        }  # the two lost entries, and nothing else
        # By time: generation 1 lies before the range, and is there for its notice.
        late = members(journalist.bundle(wanted=between(2, None)))
        logs = json.loads(late["manifest.json"])["logs"]
        assert [(log["first"], log["end"]) for log in logs] == [(6, 6), (1, 5)]
        assert late["logs/1/openings.ndjson"] == b""
        # Generation 2 lies after this range, and is there because it erases in it.
        early = members(journalist.bundle(wanted=between(None, 1)))
        logs = json.loads(early["manifest.json"])["logs"]
        assert [(log["first"], log["end"]) for log in logs] == [(0, 6), (0, 0)]
        assert [line["index"] for line in lines(early["logs/2/context.ndjson"])] == [4]
        # No decision of generation 1 shows a time any more, so none is told from those of the
        # range; generation 2 begins before the range all the same.
        for record in others:
            journalist.erase(record)
        bundle = journalist.bundle(wanted=between(2, None))
        logs = json.loads(members(bundle)["manifest.json"])["logs"]
        assert [(log["first"], log["end"], log["size"]) for log in logs] == [(1, 6, 6), (1, 5, 6)]
        report = journalist.verify(bundle, tmp_path)
        assert {(fault.log, fault.index) for fault in report.faults.first} == {
            (f"ledger.test/{SITE}/1", 6)
        }
    database.close_all()


# --- random little logs ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happened_every_bundle_verifies(
    journalist: Journalist, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    records: list[str] = []
    for _ in range(25):
        match chance.randrange(5):
            case 0 | 1:
                records += journalist.decide(chance.choice((1, 2, 40, 260)))
            case 2:
                journalist.wait(chance.randrange(4))
            case 3 if records:
                journalist.erase(records.pop(chance.randrange(len(records))))
            case _:
                journalist.announce()
    hours = (journalist.now_ms - NOW_MS) // HOUR_MS
    begin = chance.randrange(hours + 1)
    for wanted in (between(None, None), between(None, hours + 1), between(begin, None)):
        with_subjects = chance.random() < 0.5
        bundle = journalist.bundle(wanted=wanted, with_subjects=with_subjects)
        report = journalist.verify(bundle, tmp_path)
        assert report.exit_code == 0, report.faults.first


# --- which tiles are needed --------------------------------------------------------------------


@settings(max_examples=200)
@given(st.data())
def test_needed_tiles_are_those_on_the_ways_to_the_root(data: st.DataObject) -> None:
    size = data.draw(st.one_of(st.integers(1, 1000), st.integers(1, 20_000_000)))
    index = st.integers(0, size - 1)
    pairs = data.draw(st.lists(st.tuples(index, index).map(sorted).map(tuple), max_size=4))
    runs = needed_tiles(size, pairs)
    found = [(run.level, run.first, run.last) for run in runs]
    levels = [level for level, *_ in found]
    assert levels == sorted(levels, reverse=True)
    for level in {*levels}:
        own = [(first, last) for each, first, last in found if each == level]
        assert own == merged(own)
        expected = [(first >> 8, last >> 8) for first, last in pairs]
        if level != ENTRIES:
            shift = 8 * level
            exists = (size >> shift) - 1 >> 8  # the last tile of this level
            expected = [
                (first >> shift + 8, min(last >> shift + 8, exists)) for first, last in pairs
            ]
            expected = [(first, last) for first, last in expected if first <= last]
            if tile_width(level, size >> shift + 8, size) > 0:
                expected.append((size >> shift + 8,) * 2)
        assert own == merged(expected)


def test_the_number_of_reads_that_progress_is_told_is_what_it_was_told_to_expect(
    journalist: Journalist,
) -> None:
    journalist.decide(1500)
    told: list[int] = []
    export = prepare_export(journalist.database, SITE, with_subjects=False)
    list(Bundle(export, lambda: None, told.append).pieces())
    assert sum(told) == export.size * bundle_module.PASSES
