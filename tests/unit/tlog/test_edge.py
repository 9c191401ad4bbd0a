# SPDX-License-Identifier: MIT
"""The edge of a tree: read from tiles, grown, and refused when it is not the head's."""

import pytest
from consent_ledger.tlog.edge import Edge
from consent_ledger.tlog.errors import FormatError, MismatchError
from consent_ledger.tlog.merkle import EMPTY_ROOT, inclusion_proof, leaf_hash, verify_inclusion
from consent_ledger.tlog.tile import Tile

from . import rfc6962

SIZES = (1, 2, 3, 255, 256, 257, 511, 512, 700)
EMPTY = Edge(0, EMPTY_ROOT, (), {})


def leaves(start, end):
    return [leaf_hash(b"%d" % number) for number in range(start, end)]


def stored(edge_growths):
    """Tiles by level and index, as a table keeps them: the widest each."""
    kept = {}
    for growth in edge_growths:
        for tile, hashes in growth.tiles.items():
            kept[tile.level, tile.index] = hashes
    return kept


@pytest.mark.parametrize("start", SIZES)
@pytest.mark.parametrize("added", [1, 2, 255, 256, 300])
def test_growing_from_stored_tiles_gives_the_root_of_all_entries(start, added):
    first = EMPTY.grow(leaves(0, start))
    kept = stored([first])
    edge = Edge.read(start, first.edge.root, lambda tile: kept[tile.level, tile.index])
    assert edge == first.edge
    growth = edge.grow(leaves(start, start + added))
    end = start + added
    assert growth.edge.size == end
    assert growth.edge.root == rfc6962.mth([b"%d" % number for number in range(end)])
    for index in (start, end - 1):
        proof = inclusion_proof(index, end, growth.known)
        verify_inclusion(index, end, leaf_hash(b"%d" % index), proof, growth.edge.root)
    whole = EMPTY.grow(leaves(0, end))
    assert stored([first, growth]) == stored([whole])
    assert growth.edge == whole.edge


def test_the_empty_edge_is_read_without_tiles():
    assert Edge.read(0, EMPTY_ROOT, {}.__getitem__) == EMPTY
    with pytest.raises(MismatchError):
        Edge.read(0, bytes(32), {}.__getitem__)


def test_tiles_of_another_tree_are_refused():
    growth = EMPTY.grow(leaves(0, 300))
    tiles = stored([growth])

    def read(tile: Tile) -> bytes:
        return tiles[tile.level, tile.index]

    with pytest.raises(MismatchError, match="root hash from the edge tiles at 300"):
        Edge.read(300, bytes(32), read)
    with pytest.raises(FormatError, match="1408 bytes, expected 43 hashes"):
        Edge.read(299, growth.edge.root, read)  # wider than the head says
    tiles[0, 1] = bytes(32) + tiles[0, 1][32:]
    with pytest.raises(MismatchError):
        Edge.read(300, growth.edge.root, read)
    tiles[0, 1] = tiles[0, 1][:-32]
    with pytest.raises(FormatError):
        Edge.read(300, growth.edge.root, read)
