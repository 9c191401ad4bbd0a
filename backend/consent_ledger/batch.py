# SPDX-License-Identifier: MIT
"""One transaction on the log: everything a group of requests writes becomes durable together.

The head row of a site's log is the only lock. It is read inside the transaction and moved by
compare-and-swap on its size, so that another process which writes in between is never overlooked.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import peewee

from consent_ledger import preferences, statements
from consent_ledger.db import Database, pieces
from consent_ledger.errors import SiteUnknown
from consent_ledger.log_writer import LogWriter
from consent_ledger.models import Entry, Hour, Record, Table
from consent_ledger.opening import Opening, Receipt
from consent_ledger.proofs import Proof, SignedHead, StoredProver
from consent_ledger.timestamps import HOUR_MS, now_ms
from consent_ledger.tlog.edge import Edge
from consent_ledger.tlog.merkle import inclusion_proof, leaf_hashes
from consent_ledger.trusted_json import encode


class Work(Protocol):
    """Something to write. `apply` may refuse by raising before it has changed the batch."""

    def apply(self, batch: Batch) -> Any: ...


class Lookup(NamedTuple):
    """The record and the visitor that a piece of work will ask for."""

    site: str
    record_id: bytes
    subject: bytes


class Foreseen(ABC):
    """Work that says beforehand what it will ask for, so that a group reads it at once."""

    __slots__ = ()

    @property
    @abstractmethod
    def lookup(self) -> Lookup: ...


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one piece of work: its result, or why it was refused."""

    result: Any = None
    error: Exception | None = None


@dataclass(slots=True)
class Head:
    """A site's log as this transaction sees it. `time_ms` is the server time of all it appends."""

    site: str
    generation: int
    origin: str
    stored_size: int
    stored_ms: int
    time_ms: int
    edge: Edge
    appended: list[bytes] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)  # of what was appended

    @property
    def size(self) -> int:
        return self.stored_size + len(self.appended)

    @property
    def begins_hour(self) -> bool:
        """Whether what is appended is the first of its hour."""
        return not self.stored_size or self.time_ms // HOUR_MS > self.stored_ms // HOUR_MS

    def append(self, entry: bytes) -> int:
        """Gives *entry* the next index and returns it."""
        self.appended.append(entry)
        return self.size - 1


class HeadMovedError(AssertionError):
    """The head changed under an immediate transaction: a bug, and nothing may be committed."""


def commit(
    database: Database,
    writer: LogWriter,
    works: Sequence[Work],
    clock: Callable[[], int] = now_ms,
) -> list[Done]:
    """Writes *works* in one durable transaction and says what became of each, in order.

    A refused one leaves no trace and does not hinder the others.
    Raises: peewee.DatabaseError when nothing was written.
    """
    with database.atomic("IMMEDIATE"):
        batch = Batch(database, writer, clock)
        batch.read_ahead(work.lookup for work in works if isinstance(work, Foreseen))
        done = [_apply(work, batch) for work in works]
        batch.write()
    return done


def _apply(work: Work, batch: Batch) -> Done:
    try:
        return Done(work.apply(batch))
    except peewee.DatabaseError:
        raise  # a doubt about the database is everyone's
    except Exception as error:  # whatever is wrong with one must not hinder the others
        return Done(error=error)


class Batch:
    """Reads what a piece of work needs, and gathers rows until `write`."""

    def __init__(self, database: Database, writer: LogWriter, clock: Callable[[], int]) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock
        self._heads: dict[str, Head] = {}
        self._receipts: dict[tuple[str, bytes], Receipt] = {}
        self._preferences: dict[tuple[str, bytes], preferences.State] = {}
        self._rows: dict[type[Table], list[tuple[Any, ...]]] = {}
        self._new_records: set[tuple[str, bytes]] = set()  # known not to be stored
        self._states: dict[tuple[str, bytes], bytes | None] = {}  # as stored

    def read_ahead(self, lookups: Iterable[Lookup]) -> None:
        """Reads with a few statements for each site what would be asked for one by one."""
        sites: dict[str, list[Lookup]] = {}
        for lookup in lookups:
            sites.setdefault(lookup.site, []).append(lookup)
        for site, some in sites.items():
            ids = {lookup.record_id for lookup in some}
            stored = {row[0] for row in self._read_many(statements.known_records, site, ids)}
            self._new_records |= {(site, each) for each in ids - stored}
            subjects = {lookup.subject for lookup in some}
            states = dict(self._read_many(statements.known_preferences, site, subjects))
            self._states |= {(site, each): states.get(each) for each in subjects}

    def _read_many(
        self, statement: Callable[[int], str], site: str, keys: Iterable[bytes]
    ) -> list[tuple[Any, ...]]:
        found = []
        ordered = list(keys)
        for start, count in pieces(len(ordered)):
            some = ordered[start : start + count]
            found += self._database.execute_sql(statement(count), (site, *some)).fetchall()
        return found

    def head(self, site: str) -> Head:
        """The head of the site's newest generation. Raises: SiteUnknown, LogHalted."""
        head = self._heads.get(site)
        if head is None:
            row = self._database.execute_sql(statements.HEAD, (site, 1)).fetchone()
            if row is None:
                raise SiteUnknown(f"this ledger keeps no site {site!r}")
            generation, origin, size, last_ms, root = row
            edge = self._writer.edge(self._database, site, generation, origin, size, root)
            time_ms = max(self._clock(), last_ms)
            head = Head(site, generation, origin, size, last_ms, time_ms, edge)
            self._heads[site] = head
        return head

    def record(self, site: str, record_id: bytes) -> Receipt | None:
        """The receipt of a record that is stored, or waits in this batch."""
        waiting = self._receipts.get((site, record_id))
        if waiting is not None:
            return waiting
        if (site, record_id) in self._new_records:
            return None
        row = self._database.execute_sql(statements.RECORD, (site, record_id)).fetchone()
        if row is None:
            return None
        head = SignedHead(*row[:6])
        index, entry, *opened = row[6:]
        proof = StoredProver(self._database, head).prove(index, entry)
        return Receipt(head.origin, index, entry, Opening(*opened), proof)

    def add_record(
        self, head: Head, kind: int, record_id: bytes, subject: bytes, receipt: Receipt
    ) -> None:
        """Appends a private entry with its opening, at the index that the receipt names."""
        index = head.append(receipt.entry)
        if index != receipt.index:
            raise AssertionError("Batch.add_record: the receipt names another index")
        head.receipts.append(receipt)
        self._receipts[head.site, record_id] = receipt
        opening = receipt.opening
        self.add_row(
            Record,
            head.site,
            head.generation,
            index,
            kind,
            record_id,
            subject,
            opening.subject_part,
            opening.subject_salt,
            opening.evidence_part,
            opening.evidence_salt,
        )

    def fold_preferences(self, site: str, subject: bytes, new: preferences.State) -> None:
        """Takes a decision into the visitor's current preferences."""
        known = self._preferences.get((site, subject))
        if known is None:
            stored = self._state(site, subject)
            known = None if stored is None else json.loads(stored)
        self._preferences[site, subject] = preferences.fold(known, new)

    def _state(self, site: str, subject: bytes) -> bytes | None:
        if (site, subject) in self._states:
            return self._states[site, subject]
        row = self._database.execute_sql(statements.PREFERENCE, (site, subject)).fetchone()
        return None if row is None else bytes(row[0])

    def add_row(self, table: type[Table], *values: Any) -> None:
        """A row of *table*, its values in the order of the columns."""
        self._rows.setdefault(table, []).append(values)

    def waiting(self, table: type[Table]) -> list[tuple[Any, ...]]:
        """The rows of *table* that this batch has gathered, in the order they came."""
        return self._rows.get(table, [])

    def one(self, query: Any) -> Any:
        """First row of a peewee query as a tuple, or None."""
        return query.tuples().first(self._database)

    def write(self) -> None:
        """Writes what was gathered, and proves it: rows, tiles and signed heads belong together."""
        for head in self._heads.values():
            if head.appended:
                self._write_log(head)
        for table, rows in self._rows.items():
            self._database.executemany(statements.INSERT[table], rows)
        self._database.executemany(
            statements.PUT_PREFERENCE,
            (
                (site, subject, encode(state))
                for (site, subject), state in self._preferences.items()
            ),
        )

    def _write_log(self, head: Head) -> None:
        """Entries, the tiles they change, and the head with its checkpoint."""
        growth = head.edge.grow(leaf_hashes(head.appended))
        checkpoint = self._writer.sign(head.origin, growth.edge)
        self._database.executemany(
            statements.INSERT[Entry],
            (
                (head.site, head.generation, index, entry)
                for index, entry in enumerate(head.appended, head.stored_size)
            ),
        )
        if head.begins_hour:
            hour = (head.site, head.generation, head.time_ms // HOUR_MS, head.stored_size)
            self._database.executemany(statements.INSERT[Hour], [hour])
        self._database.executemany(
            statements.PUT_TILE,
            (
                (head.site, head.generation, tile.level, tile.index, hashes)
                for tile, hashes in growth.tiles.items()
            ),
        )
        moved = self._database.execute_sql(
            statements.MOVE_HEAD,
            (
                head.size,
                head.time_ms,
                growth.edge.root,
                checkpoint,
                head.site,
                head.generation,
                head.stored_size,
            ),
        )
        if moved.rowcount != 1 or growth.edge.size != head.size:
            raise HeadMovedError("Batch.write: the head's size changed inside its transaction")
        self._writer.keep(head.origin, growth.edge)
        for receipt in head.receipts:
            hashes = inclusion_proof(receipt.index, head.size, growth.known)
            receipt.proof = Proof(head.size, hashes, checkpoint)
