# SPDX-License-Identifier: MIT
import pytest
from consent_ledger.tlog import entry_bundle, merkle, tile
from consent_ledger.tlog.errors import FormatError, MissingHashError, RangeError
from consent_ledger.tlog.tile import ENTRIES, Tile
from consent_ledger.tlog.tile_reader import TileReader
from unit.tlog import rfc6962
from unit.tlog.tiled_log import TiledLog, entries, tiled_log


def test_tiles_of_a_tree_are_those_in_the_specifications_example():
    tiles = list(tile.grown_tiles(0, 70_000))
    assert len(tiles) == 273 + 1 + 1 + 1 + 1
    assert tiles[273:] == [Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(tile.grown_tiles(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert tile.edge_tiles(70_000) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert tile.edge_tiles(256) == [Tile(1, 0, 1)]
    assert tile.edge_tiles(0) == []


def test_growth_writes_exactly_the_tiles_that_it_names():
    log = TiledLog()
    for count in (0, 1, 254, 1, 1, 300, 0, 211, 512, 5_000):
        named = list(tile.grown_tiles(log.size, log.size + count))
        assert sorted(log.append(entries(count, log.size))) == named


def test_tile_holds_the_hashes_that_its_definition_says():
    log = tiled_log(70_000)
    d = entries(70_000)
    for level, index, item in [(0, 0, 0), (0, 273, 111), (1, 0, 255), (1, 1, 16), (2, 0, 0)]:
        span = 256**level
        start = (index * 256 + item) * span
        stored = log.stored[level, index]
        assert stored[item * 32 : item * 32 + 32] == rfc6962.mth(d[start : start + span])


def test_partial_tile_is_the_start_of_the_stored_one():
    small, large = tiled_log(300), tiled_log(1_000)
    for each in tile.edge_tiles(300):
        assert tile.cut_tile(each, large.read_tile(each)) == small.read_tile(each)


@pytest.mark.parametrize("size", [0, 31, 32 * 9, 32 * 10 + 1, 32 * 257])
def test_stored_tile_of_another_length_is_refused(size):
    with pytest.raises(FormatError, match=rf"tile/0/000.p/10: found {size} bytes"):
        tile.cut_tile(Tile(0, 0, 10), bytes(size))


def test_tile_outside_the_tree_is_refused():
    tile.check_in_tree(Tile(0, 1, 44), 300)
    tile.check_in_tree(Tile(ENTRIES, 1, 44), 300)
    tile.check_in_tree(Tile(0, 0, 3), 300)
    for outside in (Tile(0, 1, 45), Tile(0, 1), Tile(0, 2, 1), Tile(1, 0, 2), Tile(ENTRIES, 2, 1)):
        with pytest.raises(RangeError, match="in a tree of size 300"):
            tile.check_in_tree(outside, 300)


def test_tree_that_shrinks_is_refused():
    with pytest.raises(RangeError, match="old size: found 5"):
        list(tile.grown_tiles(5, 4))


def test_growth_from_an_edge_of_another_width_is_refused():
    with pytest.raises(FormatError, match=r"tile/0/000.p/5: found 128 bytes"):
        tile.grow(5, [bytes(32)], lambda _: bytes(128))


def test_reader_finds_every_node_of_the_tree_and_no_other():
    size = 600
    log = tiled_log(size)
    reader = log.reader()
    d = entries(size)
    nodes = [(level, index) for level in range(10) for index in range(size >> level)]
    expected = [rfc6962.mth(d[i << level : (i + 1) << level]) for level, i in nodes]
    assert reader.read_hashes(nodes) == expected
    for outside in [(0, 600), (1, 300), (8, 2), (10, 0), (63, 0), (0, 10**9)]:
        with pytest.raises(MissingHashError, match="expected one over 600 entries"):
            reader.read_hashes([(0, 0), outside])


def test_reader_of_an_older_size_shares_what_is_kept():
    log = tiled_log(1_000)
    asked = []

    def read_tile(wanted):
        asked.append(wanted)
        return log.read_tile(wanted)

    reader = TileReader(1_000, read_tile)
    older = reader.at(700)
    assert merkle.root(700, older) == rfc6962.mth(entries(700))
    reader.read_hashes([(0, 0)])
    older.read_hashes([(0, 1), (3, 1)])
    assert asked.count(Tile(0, 0)) == 1
    with pytest.raises(MissingHashError):
        older.read_hashes([(0, 700)])


def test_reader_keeps_only_so_many_tiles():
    log = tiled_log(1_000)
    asked = []

    def read_tile(wanted):
        asked.append(wanted)
        return log.read_tile(wanted)

    reader = TileReader(1_000, read_tile, kept_tiles=1)
    reader.read_hashes([(0, 0), (0, 256), (0, 0)])
    assert asked == [Tile(0, 0), Tile(0, 1), Tile(0, 0)]


def test_reader_refuses_a_tile_that_is_too_short():
    with pytest.raises(FormatError, match="tile/0/000: found 32 bytes"):
        TileReader(300, lambda _: bytes(32)).read_hashes([(0, 0)])


def test_what_is_raised_for_a_missing_tile_comes_out_unchanged():
    with pytest.raises(KeyError):
        TileReader(300, {}.__getitem__).read_hashes([(0, 0)])


def test_partial_bundle_is_the_start_of_the_stored_one():
    stored = entry_bundle.encode_bundle(entries(256))
    for width in (1, 100, 255, 256):
        assert entry_bundle.cut_bundle(stored, width) == entry_bundle.encode_bundle(entries(width))
    with pytest.raises(FormatError, match="entry 3 of the bundle"):
        entry_bundle.cut_bundle(entry_bundle.encode_bundle(entries(3)), 4)


def test_longest_entry_fits_a_bundle_and_a_longer_one_is_refused():
    longest = bytes(65_535)
    assert entry_bundle.decode_bundle(entry_bundle.encode_bundle([longest]), 1) == [longest]
    with pytest.raises(FormatError, match="entry 1 of the bundle: found 65536 bytes"):
        entry_bundle.encode_bundle([b"", bytes(65_536)])
