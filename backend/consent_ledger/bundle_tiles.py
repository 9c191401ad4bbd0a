# SPDX-License-Identifier: MIT
"""Which tiles show that some entries are in a tree: pure arithmetic on indexes.

The verifier goes from the signed root down: the partial tiles on the right edge lead to the root,
each full tile is one hash of the tile above it, and the hashes of level 0 are those of entries.
"""

from collections.abc import Iterable
from typing import NamedTuple

from consent_ledger.tlog.tile import ENTRIES, HEIGHT, WIDTH

Interval = tuple[int, int]  # first and last, both included


class TileRun(NamedTuple):
    """Tiles *first* to *last* of a level (or entry bundles, with level ENTRIES)."""

    level: int
    first: int
    last: int


def needed_tiles(tree_size: int, entries: Iterable[Interval]) -> list[TileRun]:
    """The tiles that lead from *entries* to the root of *tree_size*, highest level first, and
    after them the entry bundles.

    Requires indexes below *tree_size*. Includes every partial tile on the right edge.
    """
    bundles = merged((first >> HEIGHT, last >> HEIGHT) for first, last in entries)
    runs: list[TileRun] = []
    level, wanted = 0, bundles
    while hashes := tree_size >> (HEIGHT * level):
        edge = hashes >> HEIGHT  # also the number of full tiles
        if hashes % WIDTH:
            wanted = merged([*wanted, (edge, edge)])
        runs[:0] = [TileRun(level, first, last) for first, last in wanted]
        # A full tile is a hash in the tile above; a partial one is not hashed up.
        wanted = merged(
            (first >> HEIGHT, min(last, edge - 1) >> HEIGHT)
            for first, last in wanted
            if first < edge
        )
        level += 1
    return runs + [TileRun(ENTRIES, first, last) for first, last in bundles]


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same numbers in ascending intervals that neither overlap nor touch."""
    done: list[Interval] = []
    for first, last in sorted(intervals):
        if done and first <= done[-1][1] + 1:
            done[-1] = (done[-1][0], max(done[-1][1], last))
        else:
            done.append((first, last))
    return done
