# SPDX-License-Identifier: MIT
"""Older databases brought to the schema of today, in one transaction and only forward."""

import json
from pathlib import Path
from typing import Any

import peewee

from consent_ledger import statements
from consent_ledger.db import Database, read_meta
from consent_ledger.errors import SetupError
from consent_ledger.journal import Journal
from consent_ledger.lock import sole_user
from consent_ledger.log_keys import KeysInUse, put_key
from consent_ledger.models import (
    EVIDENCE_DAYS,
    SUBJECT_DAYS,
    Entry,
    Forgotten,
    Hour,
    Log,
    LogKey,
    Meta,
    Pending,
    Publication,
    Record,
    Screenshot,
    Table,
    Tile,
)
from consent_ledger.signing import SigningKeys
from consent_ledger.timestamps import HOUR_MS, parse_hour
from consent_ledger.tlog.checkpoint import open_checkpoint
from consent_ledger.tlog.edge import Edge
from consent_ledger.tlog.errors import ProofError
from consent_ledger.tlog.merkle import EMPTY_ROOT, leaf_hashes

PAGE = 4096  # entries read at a time


def migrate(database: Database, directory: Path) -> None:
    """From any older schema to that of today; memory stays constant.

    Raises: SetupError when a server uses the database, the signing keys are missing, or an entry
        is; then nothing has changed.
    """
    with (
        sole_user(directory),
        database.connection_context(),
        database.atomic("IMMEDIATE"),
    ):
        if read_meta(database, "schema") == "1":
            _sign_logs(database, directory)
        if read_meta(database, "schema") == "2":
            _keep_time(database)
            _first_keys(database, directory)
            _make_journal(database, directory)


def _sign_logs(database: Database, directory: Path) -> None:
    """From schema 1, which had neither tiles nor checkpoints: all is built from the entries."""
    _alter(
        database,
        "site ADD COLUMN log_access TEXT NOT NULL DEFAULT 'public'",
        f"log ADD COLUMN root BLOB NOT NULL DEFAULT x'{EMPTY_ROOT.hex()}'",
        "log ADD COLUMN checkpoint BLOB",
    )
    _create(database, Tile)
    query = Log.select(Log.site, Log.generation, Log.origin, Log.size).where(Log.size > 0)
    keys: SigningKeys | None = None
    for row in list(query.tuples().execute(database)):
        keys = keys or SigningKeys.read(directory)
        _build(database, keys, *row)
    _reached(database, 2)


def _keep_time(database: Database) -> None:
    """From schema 2, which knew no hours, keys or erasures, and each build published once."""
    _alter(
        database,
        f"site ADD COLUMN subject_days INTEGER NOT NULL DEFAULT {SUBJECT_DAYS}",
        f"site ADD COLUMN evidence_days INTEGER NOT NULL DEFAULT {EVIDENCE_DAYS}",
        "log ADD COLUMN subjects_from INTEGER NOT NULL DEFAULT 0",
        "log ADD COLUMN evidence_from INTEGER NOT NULL DEFAULT 0",
        "publication RENAME TO old_publication",
    )
    _create(database, LogKey, Hour, Pending, Forgotten, Publication, Screenshot)
    columns = ", ".join(field.column_name for field in Publication._meta.sorted_fields)
    database.execute_sql(
        f"INSERT INTO publication ({columns}) SELECT {columns} FROM old_publication"  # noqa: S608
    )
    database.execute_sql("DROP TABLE old_publication")
    written: list[Any] = [
        Record.select(Record.site, Record.generation, Record.entry_index, Record.evidence_part),
        Publication.select(
            Publication.site,
            Publication.generation,
            Publication.entry_index,
            Publication.published_ms,
        ),
    ]
    first: dict[tuple[str, int, int], int] = {}  # one for each hour
    for site, generation, index, told in (
        row for query in written for row in query.tuples().execute(database).iterator()
    ):
        ms = told if isinstance(told, int) else parse_hour(json.loads(told)["recorded_hour"])
        hour = (site, generation, ms // HOUR_MS)
        first[hour] = min(index, first.get(hour, index))
    database.insert(statements.INSERT[Hour], ((*hour, index) for hour, index in first.items()))
    _reached(database, 3)


def _first_keys(database: Database, directory: Path) -> None:
    """The key that has signed each log: there was only the first."""
    query = Log.select(Log.site, Log.generation, Log.origin, Log.checkpoint).where(Log.size > 0)
    keys: SigningKeys | None = None
    for site, generation, origin, checkpoint in list(query.tuples().execute(database)):
        keys = keys or SigningKeys.read(directory)
        first = KeysInUse((keys.signer(origin),))
        try:
            open_checkpoint(checkpoint, origin, [first.newest.key])
        except ProofError as error:
            raise SetupError(
                f"signing.seed is not the secret that the log {origin} was signed with ({error}); "
                "put the right file back from where it is kept safe"
            ) from None
        put_key(database, site, generation, first, 0)


def _make_journal(database: Database, directory: Path) -> None:
    """The journal of a ledger that had none. It cannot know better than the database: whether that
    is an older copy was not told before there were journals.

    Written before the transaction ends, so that there is never a new schema without a journal; the
    same again after an interruption. What a journal holds already is newer and stays.
    """
    journal = Journal.make(directory)
    query = Log.select(Log.site, Log.generation, Log.origin, Log.size, Log.root)
    for site, generation, *head in query.where(Log.size > 0).tuples().execute(database):
        if journal.head(site, generation) is None:
            journal.keep_head(site, generation, *head)


def _alter(database: Database, *changes: str) -> None:
    for change in changes:
        database.execute_sql(f"ALTER TABLE {change}")


def _create(database: Database, *tables: type[Table]) -> None:
    for table in tables:
        peewee.SchemaManager(table, database=database).create_all()


def _reached(database: Database, schema: int) -> None:
    Meta.update({Meta.value: str(schema)}).where(Meta.key == "schema").execute(database)


def _build(
    database: Database, keys: SigningKeys, site: str, generation: int, origin: str, size: int
) -> None:
    edge = Edge(0, EMPTY_ROOT, (), {})
    while edge.size < size:
        entries = _entries(database, site, generation, edge.size, min(edge.size + PAGE, size))
        if not entries:
            raise SetupError(
                f"entry {edge.size} of the log {origin} is missing in the database, which "
                "cannot be brought to this version; restore it from a backup"
            )
        growth = edge.grow(leaf_hashes(entries))
        database.insert(
            statements.PUT_TILE,
            (
                (site, generation, tile.level, tile.index, hashes)
                for tile, hashes in growth.tiles.items()
            ),
        )
        edge = growth.edge
    checkpoint = KeysInUse((keys.signer(origin),)).sign(origin, edge)
    Log.update({Log.root: edge.root, Log.checkpoint: checkpoint}).where(
        (Log.site == site) & (Log.generation == generation)
    ).execute(database)


def _entries(database: Database, site: str, generation: int, start: int, end: int) -> list[bytes]:
    """Entries from *start* up to the first gap, and below *end*."""
    query: Any = (
        Entry.select(Entry.entry_index, Entry.entry)
        .where(
            (Entry.site == site)
            & (Entry.generation == generation)
            & (Entry.entry_index >= start)
            & (Entry.entry_index < end)
        )
        .order_by(Entry.entry_index)
    )
    found: list[bytes] = []
    for index, entry in query.tuples().execute(database):
        if index != start + len(found):
            break
        found.append(bytes(entry))
    return found
