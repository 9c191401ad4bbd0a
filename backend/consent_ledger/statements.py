# SPDX-License-Identifier: MIT
"""SQL of the busy path: built from the models once, so that a request does not build it again.

Values are always parameters, in the order that each comment gives.
"""

from functools import lru_cache
from typing import Any

from peewee import EXCLUDED, SQL, Field, SqliteDatabase, fn

from consent_ledger.models import (
    Entry,
    Forgotten,
    Hour,
    Log,
    Notice,
    Pending,
    Preference,
    Publication,
    Record,
    Screenshot,
    Site,
    Table,
    Tile,
)

_DIALECT = SqliteDatabase(None)  # never opened; peewee asks it how SQLite spells things


def _sql(query: Any) -> str:
    return str(query.bind(_DIALECT).sql()[0])


class Insert:
    """Puts whole rows into a table, their values in the order of the model's fields.

    Where *replaced* is given, a row with the same primary key gets its value of that field instead.
    """

    def __init__(self, table: type[Table], replaced: Field | None = None) -> None:
        self._table = table
        self._replaced = replaced
        self.sql = lru_cache(None)(self._sql)

    def _sql(self, rows: int) -> str:
        """The statement for so many rows."""
        row = dict.fromkeys(self._table._meta.sorted_fields, b"")
        query = self._table.insert_many([row] * rows)
        if self._replaced is not None:
            query = query.on_conflict(
                conflict_target=self._table._meta.primary_key.field_names,  # type: ignore[union-attr]
                update={self._replaced: getattr(EXCLUDED, self._replaced.name)},
            )
        return _sql(query)


INSERT: dict[type[Table], Insert] = {
    table: Insert(table)
    for table in (Entry, Hour, Record, Notice, Publication, Screenshot, Pending)
}
PUT_TILE = Insert(Tile, replaced=Tile.hashes)

# site, 1 -> generation, origin, size, last_ms, root of the newest generation
HEAD = _sql(
    Log.select(Log.generation, Log.origin, Log.size, Log.last_ms, Log.root)
    .where(Log.site == "")
    .order_by(Log.generation.desc())
    .limit(1)
)

# size, last_ms, root, checkpoint, site, generation, size before -> one row, or the head has moved
MOVE_HEAD = _sql(
    Log.update({Log.size: 0, Log.last_ms: 0, Log.root: b"", Log.checkpoint: b""}).where(
        (Log.site == "") & (Log.generation == 0) & (Log.size == 0)
    )
)

# site, generation, level, tile index -> hashes
TILE = _sql(
    Tile.select(Tile.hashes).where(
        (Tile.site == "") & (Tile.generation == 0) & (Tile.level == 0) & (Tile.tile_index == 0)
    )
)

# site, record id -> the signed head of its log; index, entry, opening, subject
RECORD = _sql(
    Record.select(
        Log.site,
        Log.generation,
        Log.origin,
        Log.size,
        Log.root,
        Log.checkpoint,
        Record.entry_index,
        Entry.entry,
        Record.subject_part,
        Record.subject_salt,
        Record.evidence_part,
        Record.evidence_salt,
        Record.subject,
    )
    .join(Log, on=((Log.site == Record.site) & (Log.generation == Record.generation)))
    .join(
        Entry,
        on=(
            (Entry.site == Record.site)
            & (Entry.generation == Record.generation)
            & (Entry.entry_index == Record.entry_index)
        ),
    )
    .where((Record.site == "") & (Record.record_id == b""))
)


# site, so many record ids -> those of them that are stored
@lru_cache(None)
def known_records(count: int) -> str:
    return _sql(
        Record.select(Record.record_id).where(
            (Record.site == "") & Record.record_id.in_([b""] * count)
        )
    )


# site, so many subjects -> subject and state of those who have one
@lru_cache(None)
def known_preferences(count: int) -> str:
    return _sql(
        Preference.select(Preference.subject, Preference.state).where(
            (Preference.site == "") & Preference.subject.in_([b""] * count)
        )
    )


# site, subject -> state
PREFERENCE = _sql(
    Preference.select(Preference.state).where((Preference.site == "") & (Preference.subject == b""))
)


# site, now in ms, so many marks -> those of them that stand
@lru_cache(None)
def standing_marks(count: int) -> str:
    return _sql(
        Forgotten.select(Forgotten.mark).where(
            (Forgotten.site == "") & (Forgotten.until_ms > 0) & Forgotten.mark.in_([b""] * count)
        )
    )


# site -> 1 when any mark is stored
MARKED = _sql(Forgotten.select(SQL("1")).where(Forgotten.site == "").limit(SQL("1")))

# site, mark, mark, now in ms -> 1 when one of the marks stands
FORGOTTEN = _sql(
    Forgotten.select(SQL("1")).where(
        (Forgotten.site == "") & Forgotten.mark.in_([b"", b""]) & (Forgotten.until_ms > 0)
    )
)

# Rows of preferences are never deleted, and one that must grow is cleared and put at the end: so
# their table is never rebalanced, which would leave copies of rows that are erased later. What is
# left of a cleared row is a random key.
_cleared = Preference.update(
    {Preference.subject: SQL("randomblob(32)"), Preference.state: SQL("x''")}
).where((Preference.site == "") & (Preference.subject == b""))

# site, subject
CLEAR_PREFERENCE = _sql(_cleared)

# site, subject, length of the new state
CLEAR_SHORTER_PREFERENCE = _sql(_cleared.where(fn.length(Preference.state) < 0))

PUT_PREFERENCE = Insert(Preference, replaced=Preference.state)

# origin -> who reads the log, and its signed head
LOG = _sql(
    Log.select(
        Site.log_access,
        Log.site,
        Log.generation,
        Log.origin,
        Log.size,
        Log.root,
        Log.checkpoint,
    )
    .join(Site, on=(Site.site == Log.site))
    .where(Log.origin == "")
)

# site, generation, first index, index after the last -> entries, in order
ENTRIES = _sql(
    Entry.select(Entry.entry)
    .where(
        (Entry.site == "")
        & (Entry.generation == 0)
        & (Entry.entry_index >= 0)
        & (Entry.entry_index < 0)
    )
    .order_by(Entry.entry_index)
)

# By part: site, generation, first index, last index, kind, 1 -> a row when the part of one of
# them is not erased
LEFT = {
    part: _sql(
        Record.select(Record.entry_index)
        .where(
            (Record.site == "")
            & (Record.generation == 0)
            & (Record.entry_index >= 0)
            & (Record.entry_index <= 0)
            & (Record.kind == 0)
            & column.is_null(False)
        )
        .limit(1)
    )
    for part, column in (("subject", Record.subject_part), ("evidence", Record.evidence_part))
}
