# SPDX-License-Identifier: MIT
"""Trees of three levels of tiles: where a hash does not fit, the tree tells which one is wrong."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from consent_ledger.tlog.entry_bundle import encode_bundle
from consent_ledger.tlog.merkle import CompactRange, leaf_hashes
from consent_ledger.tlog.note import VerifierKey
from consent_ledger.tlog.tile import ENTRIES, Tile, grow, tile_width
from consent_ledger.verify.archive import Archive
from consent_ledger.verify.faults import Faults
from consent_ledger.verify.manifest import KeyRange, LogPart
from consent_ledger.verify.tree import Tree
from consent_ledger.zip_stream import ZipStream
from unit.tlog.tiled_log import entries

SIZE = 66_000  # 257 full tiles of level 0, one of level 1, and an edge of three tiles
ORIGIN = "ledger.test/meridian/1"


@cache
def whole() -> tuple[bytes, dict[Tile, bytes]]:
    """The root, and every tile and entry bundle."""
    data = entries(SIZE)
    leaves = leaf_hashes(data)
    tree = CompactRange()
    tree.extend(leaves)
    tiles = grow(0, leaves, lambda tile: pytest.fail(f"{tile} is not continued"))
    for start in range(0, SIZE, 256):
        part = data[start : start + 256]
        tiles[Tile(ENTRIES, start // 256, len(part))] = encode_bundle(part)
    return tree.root(), tiles


@pytest.fixture
def faults_of(tmp_path: Path):
    def faults_of(changes: dict[Tile, bytes | None]) -> list[tuple[str, int | None, str | None]]:
        """What is found when these tiles have other bytes, or are missing: field, index, path."""
        root, tiles = whole()
        stream, path = ZipStream(), tmp_path / "tree.zip"
        with path.open("wb") as file:
            for tile, data in {**tiles, **changes}.items():
                if data is not None:
                    name = f"logs/1/{tile.path}"
                    file.writelines(stream.member(name, [data], packed=False))
            file.writelines(stream.end())
        key = KeyRange(VerifierKey(ORIGIN, bytes(32)), 0, None)
        log = LogPart(1, ORIGIN, SIZE, root, 0, SIZE, (key,))
        faults = Faults()
        with Archive(path) as archive:
            tree = Tree(archive, log, root, faults)
            tree.check()
            for index in tree.entry_bundles():
                tree.check_leaves(index, tree.read_entries(index))
            tree.check_other_leaves()
        assert all(fault.log == ORIGIN for fault in faults.first)
        return [(fault.field, fault.index, fault.path) for fault in faults.first]

    return faults_of


def tile(level: int, index: int) -> Tile:
    return Tile(level, index, tile_width(level, index, SIZE))


def flipped(at: Tile, number: int, *others: int) -> dict[Tile, bytes | None]:
    data = bytearray(whole()[1][at])
    for each in (number, *others):
        data[each * 32 + 7] ^= 4
    return {at: bytes(data)}


def test_a_whole_tree_holds(faults_of):
    assert faults_of({}) == []


@pytest.mark.parametrize(
    ("level", "index", "number", "first"),
    [
        (0, 0, 3, 3),
        (0, 255, 255, 65_535),
        (0, 256, 0, 65_536),
        (0, 257, 100, 65_892),
        (1, 0, 100, 25_600),
        (1, 1, 0, 65_536),
        (2, 0, 0, 0),
    ],
)
def test_a_changed_hash_is_located_in_its_tile(faults_of, level, index, number, first):
    at = tile(level, index)
    found = faults_of(flipped(at, number))
    assert found == [(f"hash {number} of the tile", first, f"logs/1/{at.path}")]


@pytest.mark.parametrize("number", [0, 255])
def test_an_entry_is_told_from_its_hash(faults_of, number):
    at = Tile(ENTRIES, 100)
    data = entries(256, start=100 * 256)
    data[number] += b"!"
    found = faults_of({at: encode_bundle(data)})
    assert found == [("leaf hash", 100 * 256 + number, f"logs/1/{at.path}")]


def test_several_changes_are_each_located(faults_of):
    """Also where a tile is wrong together with what lies below it: the entries decide."""
    changes = {
        **flipped(tile(0, 5), 1, 2),
        **flipped(tile(1, 0), 9, 200),
        **flipped(tile(2, 0), 0),
        **flipped(tile(0, 257), 17),
    }
    found = {(path, index) for _, index, path in faults_of(changes)}
    paths = [f"logs/1/{at.path}" for at in (tile(0, 5), tile(1, 0), tile(2, 0), tile(0, 257))]
    assert found == {
        (paths[0], 5 * 256 + 1),
        (paths[0], 5 * 256 + 2),
        (paths[1], 9 * 256),
        (paths[1], 200 * 256),
        (paths[2], 0),
        (paths[3], 257 * 256 + 17),
    }


def test_an_entry_and_its_hash_changed_alike_do_not_fit_the_tile_above(faults_of):
    data = entries(256, start=100 * 256)
    data[7] += b"!"
    changed = b"".join(leaf_hashes(data))
    found = faults_of({Tile(ENTRIES, 100): encode_bundle(data), tile(0, 100): changed})
    assert found == [("hash of the entries", None, f"logs/1/{tile(0, 100).path}")]


@pytest.mark.parametrize(("level", "index"), [(0, 0), (0, 256), (0, 257), (1, 0), (1, 1), (2, 0)])
def test_a_missing_tile_is_named(faults_of, level, index):
    at = tile(level, index)
    paths = [path for _, _, path in faults_of({at: None})]
    assert paths == [f"logs/1/{at.path}"] * len(paths)
    assert paths


def test_a_tile_whose_entries_are_not_there_is_checked_too(faults_of):
    changes = {Tile(ENTRIES, 100): None}
    assert faults_of(changes) == []
    found = faults_of({**changes, **flipped(tile(0, 100), 9)})
    assert found == [("hash of the tile", None, f"logs/1/{tile(0, 100).path}")]
