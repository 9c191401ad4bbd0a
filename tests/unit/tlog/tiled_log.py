# SPDX-License-Identifier: MIT
"""A log whose tiles are kept in a dictionary: the smallest storage that the code can work on."""

from consent_ledger.tlog import merkle, tile
from consent_ledger.tlog.tile_reader import TileReader


class TiledLog:
    """Keeps the widest tile for each level and index, as the ledger does."""

    def __init__(self):
        self.size = 0
        self.stored = {}

    def read_tile(self, wanted):
        return self.stored[wanted.level, wanted.index]

    def append(self, entries):
        """Returns the tiles that were written."""
        leaves = merkle.leaf_hashes(entries)
        grown = tile.grow(self.size, leaves, self.read_tile)
        for each, data in grown.items():
            self.stored[each.level, each.index] = data
        self.size += len(leaves)
        return grown

    def reader(self, size=None, **settings):
        return TileReader(self.size if size is None else size, self.read_tile, **settings)


def entries(count, start=0):
    """The entries of the logs that Go's vectors are about."""
    return [b"entry %d" % number for number in range(start, start + count)]


def tiled_log(size):
    log = TiledLog()
    log.append(entries(size))
    return log
