# SPDX-License-Identifier: MIT
"""Older databases brought to the schema of today, in one transaction and only forward."""

from pathlib import Path
from typing import Any

import peewee

from consent_ledger import statements
from consent_ledger.db import Database, read_meta
from consent_ledger.errors import SetupError
from consent_ledger.lock import sole_user
from consent_ledger.log_writer import LogWriter
from consent_ledger.models import Entry, Log, Meta, Tile
from consent_ledger.signing import SigningKeys
from consent_ledger.tlog.edge import Edge
from consent_ledger.tlog.merkle import EMPTY_ROOT, leaf_hashes

PAGE = 4096  # entries read at a time


def migrate(database: Database, directory: Path) -> None:
    """From schema 1, which had neither tiles nor checkpoints, to schema 2.

    Everything is built from the stored entries, with constant memory.
    Raises: SetupError when a server uses the database, the signing keys are missing, or an entry
        is; then nothing has changed.
    """
    with (
        sole_user(directory),
        database.connection_context(),
        database.atomic("IMMEDIATE"),
    ):
        if read_meta(database, "schema") != "1":
            return  # another process was faster
        for column in (
            "site ADD COLUMN log_access TEXT NOT NULL DEFAULT 'public'",
            f"log ADD COLUMN root BLOB NOT NULL DEFAULT x'{EMPTY_ROOT.hex()}'",
            "log ADD COLUMN checkpoint BLOB",
        ):
            database.execute_sql(f"ALTER TABLE {column}")
        peewee.SchemaManager(Tile, database=database).create_all()
        query = Log.select(Log.site, Log.generation, Log.origin, Log.size).where(Log.size > 0)
        writer: LogWriter | None = None
        for row in list(query.tuples().execute(database)):
            writer = writer or LogWriter(SigningKeys.read(directory))
            _build(database, writer, *row)
        Meta.update({Meta.value: "2"}).where(Meta.key == "schema").execute(database)


def _build(
    database: Database, writer: LogWriter, site: str, generation: int, origin: str, size: int
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
        database.executemany(
            statements.PUT_TILE,
            (
                (site, generation, tile.level, tile.index, hashes)
                for tile, hashes in growth.tiles.items()
            ),
        )
        edge = growth.edge
    Log.update({Log.root: edge.root, Log.checkpoint: writer.sign(origin, edge)}).where(
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
