# SPDX-License-Identifier: MIT
"""The database of a data directory: made once by `init`, opened with durable settings."""

import fcntl
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import peewee
from playhouse.pool import PooledSqliteDatabase

from consent_ledger.errors import SetupError
from consent_ledger.journal import Journal
from consent_ledger.models import TABLES, Log, Meta
from consent_ledger.signing import make_seed
from consent_ledger.statements import Insert
from consent_ledger.timestamps import moment, now_ms

SCHEMA = 3
FILE = "ledger.db"

BUSY_TIMEOUT_S = 5
MAX_ROWS = 64  # with 11 columns well below the 999 values that every SQLite takes

PRAGMAS: tuple[tuple[str, int | str], ...] = (
    ("journal_mode", "wal"),
    ("synchronous", "full"),  # a commit is on the disk before it returns
    # macOS: fsync alone leaves data in the drive's cache
    *((("fullfsync", 1), ("checkpoint_fullfsync", 1)) if sys.platform == "darwin" else ()),
    ("secure_delete", "on"),  # deleted bytes are overwritten, which erasing relies on
    ("foreign_keys", 1),
    ("cache_size", -128),  # KiB for each of many connections; the system's cache is behind it
)


class Database(PooledSqliteDatabase):  # type: ignore[misc]  # playhouse has no types
    """A pool of connections to one file; each thread that asks gets its own until it closes it."""

    def __init__(self, path: Path, max_connections: int = 64) -> None:
        super().__init__(
            str(path),
            max_connections=max_connections,
            timeout=BUSY_TIMEOUT_S,
            pragmas=PRAGMAS,
            check_same_thread=False,
        )
        self._path = path
        self._file: tuple[int, int] | None = None

    def remember_file(self) -> None:
        """Notes which file is open now, for `is_replaced`."""
        self._file = self._named_file()

    def is_replaced(self) -> bool:
        """Whether the path names another file by now: then what connections write is lost."""
        return self._file is not None and self._named_file() != self._file

    def _named_file(self) -> tuple[int, int]:
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return (0, 0)
        return (found.st_dev, found.st_ino)

    def give_back(self) -> None:
        """Returns this thread's connection to the pool, when it has one."""
        if not self.is_closed():
            self.close()

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Runs *sql* for each row. Raises: peewee's errors, as its own queries do."""
        try:
            self.cursor().executemany(sql, rows)
        except sqlite3.IntegrityError as error:
            raise peewee.IntegrityError(*error.args) from error
        except sqlite3.DatabaseError as error:
            raise peewee.DatabaseError(*error.args) from error

    def insert(self, statement: Insert, rows: Iterable[Sequence[Any]]) -> None:
        """Puts *rows* in with few statements. Raises: peewee's errors, as its own queries do.

        Each statement lets go of the interpreter, and under load waits long to get it back.
        """
        rows = list(rows)
        for start, count in pieces(len(rows)):
            values = chain.from_iterable(rows[start : start + count])
            self.execute_sql(statement.sql(count), tuple(values))


def pieces(length: int) -> Iterator[tuple[int, int]]:
    """Cuts *length* into (start, count), each count a power of two: so there are few statements."""
    start = 0
    while start < length:
        count = 1 << min(length - start, MAX_ROWS).bit_length() - 1
        yield start, count
        start += count


def initialise(directory: Path, log_name: str) -> Path:
    """Makes *directory* and in it an empty ledger and the seed of its signing keys, all for this
    user only; returns the database's file.

    The file has its name only when it is whole, so that what was interrupted can be repeated.
    Raises: SetupError when there is a database already, or nothing can be written.
    """
    path = directory / FILE
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(directory) as handle:
            if path.exists():
                open_database(directory).close_all()  # says what to do when it is no ledger
                raise SetupError(f"{path} exists already: this ledger is initialised")
            half = directory / f"{FILE}.new"
            for left in (half, *directory.glob(f"{half.name}-*")):
                left.unlink(missing_ok=True)
            os.close(os.open(half, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            _create(half, log_name)
            half.rename(path)
            os.fsync(handle)
            try:
                make_seed(directory)
            except SetupError:
                path.unlink()  # so that nothing is half made
                raise
            Journal.make(directory)  # one that is there stays: it knows what was signed before
    except OSError as error:
        raise SetupError(
            f"{directory} cannot be written ({error.strerror}); name another with --data"
        ) from None
    return path


@contextmanager
def _alone(directory: Path) -> Iterator[int]:
    """A handle of *directory*, locked against others who make a ledger in it at the same time."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _create(path: Path, log_name: str) -> None:
    """The tables and what is known from the start, in the empty file *path*."""
    database = Database(path)
    try:
        with database.connection_context(), database.atomic("IMMEDIATE"):
            for table in TABLES:
                peewee.SchemaManager(table, database=database).create_all()
            Meta.insert_many(
                [
                    {"key": "schema", "value": str(SCHEMA)},
                    {"key": "log_name", "value": log_name},
                    {"key": "created", "value": moment(now_ms())},
                ]
            ).execute(database)
    finally:
        database.close_all()


def open_database(directory: Path, max_connections: int = 64) -> Database:
    """The ledger of *directory*, checked to be one that this version understands and may write.

    Raises: SetupError with a sentence that says what to do.
    """
    path = directory / FILE
    if not path.exists():
        raise SetupError(
            f"{directory} holds no ledger yet; run `consent-ledger --data {directory} init` first"
        )
    if not os.access(path, os.W_OK) or not os.access(directory, os.W_OK | os.X_OK):
        raise SetupError(
            f"{directory} cannot be written by this user; "
            "correct its owner or name another with --data"
        )
    database = Database(path, max_connections)
    try:
        with database.connection_context():
            found = read_meta(database, "schema")
            database.remember_file()
    except (peewee.DatabaseError, sqlite3.DatabaseError) as error:
        database.close_all()
        if str(error) in ("no such table: meta", "file is not a database"):
            raise SetupError(
                f"{path} is no ledger's database, or its `init` was interrupted; move it away and "
                f"run `consent-ledger --data {directory} init`, or name another with --data"
            ) from None
        raise SetupError(f"{path} cannot be opened as a ledger's database: {error}") from None
    if found is None or not found.isdigit():
        database.close_all()
        raise SetupError(f"{path} is no ledger's database: it names no schema version")
    if int(found) > SCHEMA:
        database.close_all()
        raise SetupError(
            f"{path} was written by a newer version (schema {found}, this one knows {SCHEMA}); "
            "install that version of consent-ledger"
        )
    if int(found) < SCHEMA:
        from consent_ledger.migration import migrate  # rarely needed

        try:
            migrate(database, directory)
        except BaseException:
            database.close_all()
            raise
    return database


def check_unsigned(directory: Path) -> None:
    """Raises: SetupError when *directory* holds no ledger, or one that has signed a log."""
    path = directory / FILE
    if not path.exists():
        raise SetupError(f"{directory} holds no ledger yet; `consent-ledger init` makes one")
    database = Database(path)
    try:
        with database.connection_context():
            if read_meta(database, "schema") == "1":
                return  # signing came with schema 2
            query = Log.select(Log.origin).where(Log.checkpoint.is_null(False))
            signed = query.tuples().first(database)
    except (peewee.DatabaseError, sqlite3.DatabaseError) as error:
        raise SetupError(f"{path} cannot be opened as a ledger's database: {error}") from None
    finally:
        database.close_all()
    if signed:
        raise SetupError(
            f"the log {signed[0]} was signed with a secret that is not this directory's any more; "
            "put signing.seed back from where it is kept safe"
        )


def read_meta(database: Database, key: str) -> str | None:
    row = Meta.select(Meta.value).where(Meta.key == key).tuples().first(database)
    return row[0] if row else None
