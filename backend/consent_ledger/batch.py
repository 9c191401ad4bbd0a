# SPDX-License-Identifier: MIT
"""One transaction on the log: everything a group of requests writes becomes durable together.

The head row of a site's log is the only lock. It is read inside the transaction and moved by
compare-and-swap on its size, so that another process which writes in between is never overlooked.
"""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import peewee

from consent_ledger import preferences, statements
from consent_ledger.continuity import StoredLog
from consent_ledger.db import Database, pieces
from consent_ledger.errors import LedgerError, OutcomeUnknown, SiteUnknown
from consent_ledger.forgotten import LIFETIME_MS
from consent_ledger.heads import Head
from consent_ledger.log_keys import put_key, retire_keys
from consent_ledger.log_writer import LogWriter, Writable
from consent_ledger.logs import describe
from consent_ledger.models import Entry, Forgotten, Hour, Record, Table
from consent_ledger.opening import Opening, Receipt
from consent_ledger.proofs import Proof, SignedHead, StoredProver
from consent_ledger.timestamps import HOUR_MS, now_ms
from consent_ledger.tlog.merkle import inclusion_proof, leaf_hashes
from consent_ledger.tlog.note import Signer
from consent_ledger.trusted_json import encode

STATE_STEP = 256  # bytes that the row of a preference is rounded up to

log = logging.getLogger(__name__)


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


class HeadMovedError(AssertionError):
    """The head changed under an immediate transaction: a bug, and nothing may be committed."""


def commit(
    database: Database,
    writer: LogWriter,
    works: Sequence[Work],
    clock: Callable[[], int] = now_ms,
) -> list[Done]:
    """Writes *works* in one durable transaction and says what became of each, in order.

    A refused one leaves no trace and does not hinder the others. When it returns, the journal holds
    every head that a result speaks of.
    Raises: peewee.DatabaseError when nothing was written.
    """
    with database.atomic("IMMEDIATE"):
        batch = Batch(database, writer, clock)
        batch.read_ahead(work.lookup for work in works if isinstance(work, Foreseen))
        done = [_apply(work, batch) for work in works]
        batch.write()
    try:
        batch.keep_heads()
    except (LedgerError, OSError) as error:
        log.error("what was signed is not in the journal: %s", describe(error))
        unknown = OutcomeUnknown(
            "it is stored, but not safe against a restored database yet; "
            "sending the same again is safe"
        )
        return [Done(error=one.error or unknown) for one in done]
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
        self._preferences: dict[tuple[str, bytes], preferences.State | None] = {}
        self._rows: dict[type[Table], list[tuple[Any, ...]]] = {}
        # What was read ahead: ids without a record, states as stored, names without a mark.
        self._new_records: set[tuple[str, bytes]] = set()
        self._states: dict[tuple[str, bytes], bytes | None] = {}
        self._unmarked: set[tuple[str, bytes]] = set()
        self._forgotten: set[tuple[str, bytes]] = set()
        self._marked: dict[str, bool] = {}  # sites, and whether any mark is stored
        self._changes: list[Any] = []
        # (site, generation, index, part) of what this batch destroys
        self.destroyed: set[tuple[str, int, int, str]] = set()
        # sites whose pending erasures this batch announces
        self.announced: set[str] = set()

    @property
    def time_ms(self) -> int:
        """Now, ms since 1970."""
        return self._clock()

    def read_ahead(self, lookups: Iterable[Lookup]) -> None:
        """Reads with a few statements for each site what would be asked for one by one."""
        sites: dict[str, list[Lookup]] = {}
        for lookup in lookups:
            sites.setdefault(lookup.site, []).append(lookup)
        for site, some in sites.items():
            ids = {lookup.record_id for lookup in some}
            stored = {row[0] for row in self._read_many(statements.known_records, ids, site)}
            self._new_records |= {(site, each) for each in ids - stored}
            subjects = {lookup.subject for lookup in some}
            states = dict(self._read_many(statements.known_preferences, subjects, site))
            self._states |= {(site, each): states.get(each) for each in subjects}
            if not self._is_marked(site):
                continue
            marks = {self._writer.marks.of(name): name for name in ids | subjects}
            standing = self._read_many(statements.standing_marks, marks, site, self.time_ms)
            marked = {marks[row[0]] for row in standing}
            self._unmarked |= {(site, name) for name in marks.values() if name not in marked}

    def _read_many(
        self, statement: Callable[[int], str], keys: Iterable[bytes], *before: Any
    ) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        ordered = list(keys)
        for start, count in pieces(len(ordered)):
            some = ordered[start : start + count]
            found += self._database.execute_sql(statement(count), (*before, *some)).fetchall()
        return found

    def head(self, site: str) -> Head:
        """The head of the site's newest generation. Raises: SiteUnknown, LogHalted."""
        head = self._heads.get(site)
        if head is None:
            row = self._database.execute_sql(statements.HEAD, (site, 1)).fetchone()
            if row is None:
                raise SiteUnknown(f"this ledger keeps no site {site!r}")
            generation, origin, size, last_ms, root = row
            stored = StoredLog(site, generation, origin, size, bytes(root))
            known = self._writer.read(self._database, stored)
            time_ms = max(self._clock(), last_ms)
            keys = known.keys.at(time_ms)
            drops = keys is not known.keys
            head = Head(site, generation, origin, size, last_ms, time_ms, known.edge, keys, drops)
            self._heads[site] = head
        return head

    def signer(self, head: Head, version: int) -> Signer:
        """A key of the head's log."""
        return self._writer.keys.signer(head.origin, version)

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
        index, entry, *opened = row[6:12]
        proof = StoredProver(self._database, head).prove(index, entry)
        return Receipt(head.origin, index, entry, Opening(*opened), proof)

    def add_record(
        self,
        head: Head,
        kind: int,
        record_id: bytes | None,
        subject: bytes | None,
        receipt: Receipt,
    ) -> None:
        """Appends a private entry with its opening, at the index that the receipt names.

        Only a decision has a record id and a subject.
        """
        index = head.append(receipt.entry)
        if index != receipt.index:
            raise AssertionError("Batch.add_record: the receipt names another index")
        head.receipts.append(receipt)
        if record_id is not None:
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
        self._preferences[site, subject] = preferences.fold(self.preference(site, subject), new)

    def preference(self, site: str, subject: bytes) -> preferences.State | None:
        """The visitor's current preferences, with what waits in this batch."""
        if (site, subject) not in self._preferences:
            stored = self._state(site, subject)
            found: preferences.State | None = None if stored is None else json.loads(stored)
            return found
        return self._preferences[site, subject]

    def _state(self, site: str, subject: bytes) -> bytes | None:
        if (site, subject) in self._states:
            return self._states[site, subject]
        row = self._database.execute_sql(statements.PREFERENCE, (site, subject)).fetchone()
        return None if row is None else bytes(row[0])

    def drop_preference(self, site: str, subject: bytes) -> None:
        """From now on nothing is known of what the visitor prefers."""
        self._preferences[site, subject] = None

    def forget(self, site: str, name: bytes) -> None:
        """Marks a subject or a record id, so that it is not recorded again for a while."""
        self._forgotten.add((site, self._writer.marks.of(name)))

    def is_forgotten(self, site: str, *names: bytes) -> bool:
        """Whether a mark stands that was made of one of *names*, at most two: a subject, a record
        id."""
        unmarked = not self._is_marked(site) or all(
            (site, name) in self._unmarked for name in names
        )
        if unmarked and not self._forgotten:
            return False
        one, other = (self._writer.marks.of(name) for name in (names[0], names[-1]))
        if not self._forgotten.isdisjoint(((site, one), (site, other))):
            return True
        values = (site, one, other, self.time_ms)
        return self._database.execute_sql(statements.FORGOTTEN, values).fetchone() is not None

    def _is_marked(self, site: str) -> bool:
        """Whether any mark is stored; on most sites none ever is."""
        if site not in self._marked:
            row = self._database.execute_sql(statements.MARKED, (site,)).fetchone()
            self._marked[site] = row is not None
        return self._marked[site]

    def add_row(self, table: type[Table], *values: Any) -> None:
        """A row of *table*, its values in the order of the columns."""
        self._rows.setdefault(table, []).append(values)

    def waiting(self, table: type[Table]) -> list[tuple[Any, ...]]:
        """The rows of *table* that this batch has gathered, in the order they came."""
        return self._rows.get(table, [])

    def add_change(self, query: Any) -> None:
        """A peewee query or an SQL text that changes rows, run after those of this batch are
        written, in the order they came."""
        self._changes.append(query)

    def change_stored(self, query: Any) -> None:
        """A peewee query that changes rows as they are stored, run at once: what this batch has
        gathered is not among them."""
        query.execute(self._database)

    def rows(self, query: Any) -> list[tuple[Any, ...]]:
        """Rows of a peewee query as tuples."""
        return list(query.tuples().execute(self._database))

    def one(self, query: Any) -> Any:
        """First row of a peewee query as a tuple, or None."""
        return query.tuples().first(self._database)

    def write(self) -> None:
        """Writes what was gathered, and proves it: rows, tiles and signed heads belong together."""
        for head in self._heads.values():
            if head.appended:
                self._write_log(head)
        for table, rows in self._rows.items():
            self._database.insert(statements.INSERT[table], rows)
        self._write_preferences()
        until_ms = self.time_ms + LIFETIME_MS
        for site, mark in self._forgotten:
            row = Forgotten.insert(site=site, mark=mark, until_ms=until_ms)
            row.on_conflict_replace().execute(self._database)
        for change in self._changes:
            if isinstance(change, str):
                self._database.execute_sql(change)
            else:
                change.execute(self._database)

    def _write_preferences(self) -> None:
        """Each state in its row, padded so that it seldom outgrows it; see `statements`."""
        dropped = [key for key, state in self._preferences.items() if state is None]
        states = [
            (*key, encode(state)) for key, state in self._preferences.items() if state is not None
        ]
        padded = [
            (site, subject, state.ljust(-(-len(state) // STATE_STEP) * STATE_STEP))
            for site, subject, state in states
        ]
        self._database.executemany(statements.CLEAR_PREFERENCE, dropped)
        self._database.executemany(
            statements.CLEAR_SHORTER_PREFERENCE,
            (
                (site, subject, len(state))
                for site, subject, state in padded
                if self._states.get((site, subject), b"") is not None  # else there is no row
            ),
        )
        self._database.insert(statements.PUT_PREFERENCE, padded)

    def _write_log(self, head: Head) -> None:
        """Entries, the tiles they change, and the head with its checkpoint."""
        growth = head.edge.grow(leaf_hashes(head.appended))
        checkpoint = head.keys.sign(head.origin, growth.edge)
        self._write_keys(head)
        self._database.insert(
            statements.INSERT[Entry],
            (
                (head.site, head.generation, index, entry)
                for index, entry in enumerate(head.appended, head.stored_size)
            ),
        )
        if head.begins_hour:
            hour = (head.site, head.generation, head.time_ms // HOUR_MS, head.stored_size)
            self._database.insert(statements.INSERT[Hour], [hour])
        self._database.insert(
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
        self._writer.keep(head.origin, Writable(growth.edge, head.keys))
        head.edge = growth.edge
        for receipt in head.receipts:
            hashes = inclusion_proof(receipt.index, head.size, growth.known)
            receipt.proof = Proof(head.size, hashes, checkpoint)

    def _write_keys(self, head: Head) -> None:
        """What changes about the keys: the first, a new one, or that an old one signs no more."""
        log_ = (self._database, head.site, head.generation)
        if not head.stored_size:
            put_key(*log_, head.keys, 0)
        if head.drops_keys:
            retire_keys(*log_, head.keys, head.stored_size - 1)
        if head.rotated_at is not None:
            leaves = leaf_hashes(head.appended[: head.rotated_at + 1 - head.stored_size])
            introduced = head.keys.sign(head.origin, head.edge.grow(leaves).edge)
            put_key(*log_, head.keys, head.rotated_at, introduced)

    def keep_heads(self) -> None:
        """Has the journal hold every head that this batch saw or signed, once it is committed.

        Raises: as `LogWriter.keep_head`; then nothing of this batch may be told to anybody.
        """
        for head in self._heads.values():
            self._writer.keep_head(
                head.site, head.generation, head.origin, head.edge.size, head.edge.root
            )
