# SPDX-License-Identifier: MIT
"""The right edge of a tree: what it grows from, read from its tiles and never rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from consent_ledger.tlog.encoding import HASH_BYTES
from consent_ledger.tlog.errors import FormatError, MismatchError
from consent_ledger.tlog.merkle import CompactRange, KnownHashes
from consent_ledger.tlog.tile import Tile, edge_tiles, grow
from consent_ledger.tlog.tile_reader import TileReader


@dataclass(frozen=True, slots=True)
class Edge:
    """A tree of *size*, as far as growing needs it; `tiles` are its partial ones, by level."""

    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    tiles: Mapping[int, bytes]

    @classmethod
    def read(cls, size: int, root: bytes, read_tile: Callable[[Tile], bytes]) -> Edge:
        """The edge of the tree that has *size* and *root*; a tile for each level is read.

        Raises: FormatError for a tile of another width; MismatchError for tiles that lead to
            another root; what *read_tile* raises.
        """
        tiles = {}
        for tile in edge_tiles(size):
            data = read_tile(tile)
            if len(data) != tile.width * HASH_BYTES:
                raise FormatError(tile.path, f"{len(data)} bytes", f"{tile.width} hashes")
            tiles[tile.level] = data
        found = CompactRange.read(size, TileReader(size, lambda tile: tiles[tile.level]))
        if found.root() != root:
            raise MismatchError(
                f"root hash from the edge tiles at {size}", found.root().hex(), root.hex()
            )
        return cls(size, root, tuple(found.hashes), tiles)

    def grow(self, leaves: Sequence[bytes]) -> Growth:
        """What appending *leaves*, the hashes of at least one entry, makes of the tree."""
        growing = CompactRange(self.size, self.hashes)
        known = growing.extend(leaves)
        grown = grow(self.size, leaves, lambda tile: self.tiles[tile.level])
        tiles = {
            tile.level: grown[tile] if tile in grown else self.tiles[tile.level]
            for tile in edge_tiles(growing.size)
        }
        edge = Edge(growing.size, growing.root(), tuple(growing.hashes), tiles)
        return Growth(edge, grown, known)


@dataclass(frozen=True, slots=True)
class Growth:
    """The edge after growing, the tiles that changed, and the hashes that proofs need."""

    edge: Edge
    tiles: Mapping[Tile, bytes]
    known: KnownHashes
