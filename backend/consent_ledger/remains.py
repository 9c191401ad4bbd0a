# SPDX-License-Identifier: MIT
"""Erased bytes that SQLite still holds in its files, and how they are removed.

- The write-ahead log keeps old pages until it is truncated.
- Pages of an index keep copies of keys that moved to another page: `secure_delete` overwrites what
  is deleted, not what was moved before (seen in about 1 of 1,000 random keys). So indexes over
  what names a person are rebuilt. Tables need that not: their rows never move, see `statements`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from consent_ledger.batch import Batch
from consent_ledger.db import BUSY_TIMEOUT_S, Database, read_meta
from consent_ledger.erasing import REMAINS
from consent_ledger.models import Meta, Preference, Record

PATIENCE_S = 2.0
PAUSE_S = 0.05
TRY_MS = 100

# Writing waits while indexes are rebuilt. So what is not short is done for at most one part in so
# many of the time; and what takes long, for all erasures of an hour together.
REST = 20
SHORT_S, LONG_S = 0.5, 10.0
LONG_REST_S = 3600.0

_INDEXES = (
    *(index._name for index in Record._meta.fields_to_index()),
    Preference._meta.table_name,
)


class Rebuild:
    """Makes an index that names people anew, without what was erased."""

    def __init__(self, name: str) -> None:
        self._name = name

    def apply(self, batch: Batch) -> None:
        batch.add_change(f'REINDEX "{self._name}"')


class TakeNote:
    """Takes the note away that files may hold copies, unless it is about a later erasure."""

    def __init__(self, note: str) -> None:
        self._note = note

    def apply(self, batch: Batch) -> None:
        batch.add_change(Meta.delete().where((Meta.key == REMAINS) & (Meta.value == self._note)))


class Remains:
    """What one process does about the remains in its data directory; safe between threads."""

    def __init__(self, database: Database, run: Callable[[Any], Any]) -> None:
        """*run* has a piece of work committed and returns its result."""
        self._database = database
        self._run = run
        self._alone = threading.Lock()
        self._rests_until = 0.0
        self._rebuilt_for = ""

    def clear(self, patience_s: float = PATIENCE_S) -> bool:
        """Whether everything that was erased before this call is gone from the files.

        Tries for *patience_s*: somebody who reads, or another who writes, may be in the way.
        """
        deadline = monotonic() + patience_s
        if not self._alone.acquire(timeout=patience_s):
            return False
        try:
            note = self._note()
            if note is None:
                return True
            if note != self._rebuilt_for and not self._rebuild(note, deadline):
                return False
            while not self._truncate():
                if monotonic() > deadline:
                    return False
                sleep(PAUSE_S)
            self._run(TakeNote(note))
            return True
        finally:
            self._alone.release()

    def _note(self) -> str | None:
        """What the newest erasure left in the table Meta, if files may hold copies."""
        with self._database.connection_context():
            return read_meta(self._database, REMAINS)

    def _rebuild(self, note: str, deadline: float) -> bool:
        """False when the last time was too short ago, for how long it took."""
        start = max(monotonic(), self._rests_until)
        if start > deadline:
            return False
        sleep(max(0.0, start - monotonic()))
        for name in _INDEXES:
            self._run(Rebuild(name))
        self._rebuilt_for = note
        end = monotonic()
        took = end - start
        if took > SHORT_S:
            self._rests_until = end + (REST * took if took <= LONG_S else LONG_REST_S)
        return True

    def _truncate(self) -> bool:
        with self._database.connection_context():
            run = self._database.execute_sql
            run(f"PRAGMA busy_timeout = {TRY_MS}")  # it holds the write lock while it waits
            try:
                (busy, _, _) = run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                run(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
            return not busy
