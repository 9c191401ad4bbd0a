# SPDX-License-Identifier: MIT
"""What exports read, in short reads: a long one would keep the write-ahead log from being reset,
and with it erased bytes from going away.

Between two reads no connection is held: whoever streams slowly hinders nobody. SQL is built once,
because a page of it is read for every thousand entries.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from peewee import SQL, SqliteDatabase

from consent_ledger import statements
from consent_ledger.bundle_tiles import TileRun
from consent_ledger.db import Database
from consent_ledger.errors import SetupError
from consent_ledger.models import Entry, Record
from consent_ledger.models import Tile as StoredTile
from consent_ledger.tlog.entry import LABEL
from consent_ledger.tlog.errors import FormatError
from consent_ledger.tlog.tile import Tile, cut_tile, tile_width

PAGE = 1000  # entries to a read
TILES = 64  # tiles to a read

_DIALECT = SqliteDatabase(None)  # never opened; peewee asks it how SQLite spells things


def _of_range(*columns: Any, only: Any = True) -> str:
    query = (
        Record.select(*columns)
        .where(
            (Record.site == "")
            & (Record.generation == 0)
            & (Record.entry_index >= 0)
            & (Record.entry_index < 0)
        )
        .order_by(Record.entry_index)
    )
    if only is not True:
        query = query.where(only)
    return str(query.bind(_DIALECT).sql()[0])


_PLACE = (Record.entry_index, Record.kind)
_EVIDENCE = (Record.evidence_part, Record.evidence_salt)
_NULL = SQL("NULL")

# site, generation, first index, index after the last -> private entries, in order. What is
# withheld is not even read.
OPENINGS = _of_range(*_PLACE, *_EVIDENCE, Record.subject_part, Record.subject_salt)
EVIDENCE_OPENINGS = _of_range(*_PLACE, *_EVIDENCE, _NULL, _NULL)
PARTS = _of_range(*_PLACE, Record.evidence_part, Record.subject_part)
EVIDENCE_PARTS = _of_range(*_PLACE, Record.evidence_part, _NULL)

# the same, kind -> index, evidence part
OF_KIND = _of_range(Record.entry_index, Record.evidence_part, only=Record.kind == 0)

# site, generation, level, first tile index, last tile index -> index, hashes
TILE_PAGE = str(
    StoredTile.select(StoredTile.tile_index, StoredTile.hashes)
    .where(
        (StoredTile.site == "")
        & (StoredTile.generation == 0)
        & (StoredTile.level == 0)
        & (StoredTile.tile_index >= 0)
        & (StoredTile.tile_index <= 0)
    )
    .bind(_DIALECT)
    .sql()[0]
)

Row = tuple[Any, ...]


def connected(database: Database) -> AbstractContextManager[object]:
    """A connection for one read. The thread that streams may hold none, and gives it back."""
    return nullcontext() if not database.is_closed() else database.connection_context()


@dataclass(frozen=True, slots=True)
class StoredLog:
    """One generation of a site's log as it is stored."""

    database: Database
    site: str
    generation: int

    def entries(self, start: int, stop: int) -> list[bytes]:
        """The bytes of entries *start* up to *stop*.

        Raises: SetupError for an entry that is not stored.
        """
        rows = self.fetch(statements.ENTRIES, start, stop)
        if len(rows) != stop - start:
            place = (Entry.site == self.site) & (Entry.generation == self.generation)
            these = place & Entry.entry_index.between(start, stop - 1)
            stored = {row[0] for row in self.read(Entry.select(Entry.entry_index).where(these))}
            missing = min(set(range(start, stop)) - stored)
            raise self.damaged(f"entry {missing}")
        return [row[0] for row in rows]

    def with_public(self, sql: str, start: int, stop: int) -> list[Row]:
        """Every entry from *start* up to *stop*; *sql* is PARTS or EVIDENCE_PARTS.

        Public entries, which have no openings, have None in place of the parts.
        """
        rows = self.fetch(sql, start, stop)
        if len(rows) < stop - start:
            private = {row[0] for row in rows}
            rows += [
                (index, data[len(LABEL)], None, None)
                for index, data in enumerate(self.entries(start, stop), start)
                if index not in private
            ]
            rows.sort(key=lambda row: row[0])
        return rows

    def tiles(self, run: TileRun, tree_size: int) -> Iterator[tuple[Tile, bytes]]:
        """The tiles of *run*, in order, each as wide as it is in a tree of *tree_size*.

        Raises: SetupError for one that is stored in another width or not at all.
        """
        for start, stop in steps(run.first, run.last + 1, TILES):
            stored: dict[int, bytes] = dict(self.fetch(TILE_PAGE, run.level, start, stop - 1))
            for index in range(start, stop):
                tile = Tile(run.level, index, tile_width(run.level, index, tree_size))
                try:
                    yield tile, cut_tile(tile, stored.get(index, b""))
                except FormatError as error:
                    raise self.damaged(str(error)) from None

    def damaged(self, what: str) -> SetupError:
        """The refusal to export this log, because *what* of it cannot be read."""
        return SetupError(
            f"generation {self.generation} of the log of site {self.site!r} is damaged in the "
            f"database ({what}); restore the data directory from its newest backup"
        )

    def fetch(self, sql: str, *parameters: object) -> list[Row]:
        """The rows of a statement whose first parameters are the site and the generation."""
        with connected(self.database):
            cursor = self.database.execute_sql(sql, (self.site, self.generation, *parameters))
            return list(cursor.fetchall())

    def read(self, query: Any) -> list[Row]:
        """The rows of a peewee query."""
        with connected(self.database):
            return list(query.tuples().execute(self.database))


def pages(first: int, end: int) -> Iterator[tuple[int, int]]:
    """From *first* up to *end*, a read at a time."""
    return steps(first, end, PAGE)


def steps(first: int, end: int, step: int) -> Iterator[tuple[int, int]]:
    """From *first* up to *end* in pieces of *step*."""
    for start in range(first, end, step):
        yield start, min(start + step, end)
