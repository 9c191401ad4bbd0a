# SPDX-License-Identifier: MIT
"""Finding any hash of the tree in its tiles."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from consent_ledger.tlog.encoding import HASH_BYTES
from consent_ledger.tlog.errors import MissingHashError
from consent_ledger.tlog.merkle import Node
from consent_ledger.tlog.tile import HEIGHT, Tile, cut_tile, subtree_levels, tile_width

KEPT_TILES = 256
NO_HASHES = (b"",) * (HEIGHT + 1)

# For each level of the tree: level of the tile, height in it, and how to split a node's index into
# that of the tile and that within the tile's hashes of this height.
_PLACES = [
    (level // HEIGHT, level % HEIGHT, shift := HEIGHT - level % HEIGHT, (1 << shift) - 1)
    for level in range(64)
]


class TileReader:
    """A HashReader over tiles.

    It keeps the subtree hashes of the tiles used last, 16 KB for each: a proof needs one tile for
    each level, and 255 hashes are computed once for the 256 entries of a tile.
    """

    def __init__(
        self, tree_size: int, read_tile: Callable[[Tile], bytes], kept_tiles: int = KEPT_TILES
    ) -> None:
        """*read_tile* gets a tile as wide as it is in a tree of *tree_size*, and may give a wider.

        What *read_tile* raises for a tile that it does not have comes out of `read_hashes`.
        """
        self.tree_size = tree_size

        @lru_cache(kept_tiles)
        def subtrees(level: int, index: int, width: int) -> tuple[bytes, ...]:
            tile = Tile(level, index, width)
            return subtree_levels(cut_tile(tile, read_tile(tile)))

        self._subtrees = subtrees

    def at(self, tree_size: int) -> "TileReader":
        """The same tiles, with the same memory of them, for a tree of another size."""
        other = object.__new__(TileReader)
        other.tree_size = tree_size
        other._subtrees = self._subtrees
        return other

    def read_hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """The hash of each node (level, index), in order.

        Raises: MissingHashError for a node outside the tree; FormatError for a tile that has
            another length than its width says; what the tile reader raises.
        """
        hashes = []
        last_level = last_index = -1
        heights = NO_HASHES
        for level, index in nodes:  # called for every hash of every proof: no more than it needs
            tile_level, height, shift, mask = _PLACES[level]
            tile_index = index >> shift
            if tile_index != last_index or tile_level != last_level:
                heights = self._heights(tile_level, tile_index)
                last_level, last_index = tile_level, tile_index
            at = (index & mask) * HASH_BYTES
            hashes.append(heights[height][at : at + HASH_BYTES])
        if not all(hashes):
            missing = nodes[hashes.index(b"")]
            raise MissingHashError(
                "node (level, index)", str(missing), f"one over {self.tree_size} entries"
            )
        return hashes

    def _heights(self, level: int, index: int) -> tuple[bytes, ...]:
        width = tile_width(level, index, self.tree_size)
        return self._subtrees(level, index, width) if width else NO_HASHES
