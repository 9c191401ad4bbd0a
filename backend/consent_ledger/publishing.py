# SPDX-License-Identifier: MIT
"""What everybody may see of a log: the published checkpoint, and tiles and entries below it."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic, sleep

from consent_ledger import statements
from consent_ledger.db import Database
from consent_ledger.errors import (
    CheckpointUnknown,
    LogHalted,
    LogUnknown,
    SetupError,
    TileUnknown,
)
from consent_ledger.journal import Journal
from consent_ledger.proofs import SignedHead, tiles_of
from consent_ledger.sites import PUBLIC
from consent_ledger.tlog.entry_bundle import encode_bundle
from consent_ledger.tlog.errors import MissingHashError, RangeError
from consent_ledger.tlog.tile import ENTRIES, WIDTH, Tile, check_in_tree, cut_tile

REMEMBERED = 4096
PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class ServedLog:
    """A generation of a site's log as it is now, and whether it is for everybody."""

    site: str
    is_public: bool
    head: SignedHead


def read_log(database: Database, origin: str) -> ServedLog:
    """The log with that origin. Raises: LogUnknown."""
    row = database.execute_sql(statements.LOG, (origin,)).fetchone()
    if row is None:
        raise LogUnknown(f"this ledger keeps no log {origin!r}")
    log_access, *head = row
    return ServedLog(row[1], log_access == PUBLIC, SignedHead(*head))


class PublishedHeads:
    """The signed heads that are published. Each moves once in an interval at most, so that whoever
    reads it again and again does not learn the second of each visit. The first is today's: a
    server that starts publishes what it finds.

    A head is not published before the journal holds it."""

    def __init__(self, journal: Journal, interval_s: float) -> None:
        self._journal = journal
        self._interval_s = interval_s
        self._known: dict[str, tuple[float, SignedHead]] = {}

    def of(self, newest: SignedHead) -> SignedHead:
        """What is published of the log whose head is *newest* now.

        Raises: CheckpointUnknown while the log is empty; LogHalted when the journal does not come
            to hold what the database has, and nothing older is known.
        """
        if not newest.size:
            raise CheckpointUnknown(f"the log {newest.origin} has no entry yet")
        now = monotonic()
        known = self._known.get(newest.origin)
        if known is not None and (now < known[0] or newest.size < known[1].size):
            return known[1]  # never back, whichever of two requests looked first
        if not self._is_kept(newest, 0 if known else PATIENCE_S):
            if known is not None:
                return known[1]
            raise LogHalted("the journal does not hold what this log has signed last")
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[newest.origin] = (now + self._interval_s, newest)
        return newest

    def _is_kept(self, head: SignedHead, patience_s: float) -> bool:
        """Whether the journal holds *head*; it follows the database within milliseconds."""
        end = monotonic() + patience_s
        try:
            while not self._journal.holds(head.site, head.generation, head.size):
                if monotonic() >= end:
                    return False
                sleep(0.005)
        except (SetupError, OSError):
            return False  # damaged: whoever writes says so
        return True


def read_tile(database: Database, published: SignedHead, tile: Tile) -> bytes:
    """The bytes of a tile or an entry bundle, in exactly its width.

    Raises: TileUnknown beyond the published size; tlog's ProofError where the stored log is
        damaged.
    """
    try:
        check_in_tree(tile, published.size)
    except RangeError as error:
        raise TileUnknown(str(error)) from None
    if tile.level != ENTRIES:
        stored = tiles_of(database, published.site, published.generation)(tile)
        return cut_tile(tile, stored)
    start = tile.index * WIDTH
    rows = database.execute_sql(
        statements.ENTRIES, (published.site, published.generation, start, start + tile.width)
    )
    entries = [bytes(row[0]) for row in rows]
    if len(entries) != tile.width:
        raise MissingHashError(tile.path, f"{len(entries)} entries", f"{tile.width} entries")
    return encode_bundle(entries)
