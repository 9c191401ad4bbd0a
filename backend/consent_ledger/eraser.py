# SPDX-License-Identifier: MIT
"""Erases for a server or a command: commits, writes the journal, and removes what files still hold.

In this order, so that a restored older copy of the database is erased again, and nobody is told
that something is gone before it is.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import peewee
from peewee import fn

from consent_ledger.accounting import announce_pending, merge
from consent_ledger.batch import Batch
from consent_ledger.db import Database
from consent_ledger.erasing import Destroyed, Expire, ForgetRecord, ForgetVisitor
from consent_ledger.errors import LedgerError, OutcomeUnknown
from consent_ledger.journal import Erased, Journal
from consent_ledger.logs import describe
from consent_ledger.models import Forgotten, Log, Pending
from consent_ledger.remains import PATIENCE_S, Remains

SCHEMA = "consent-ledger/erasure-answer/v1"

# What an answer says about the rest, for the person who asked.
KEPT = (
    "The log keeps 32 bytes for each erased part. They can no longer be linked to a person by "
    "anyone who does not hold the destroyed salt.",
    "Receipts that were handed out go on proving what they say; whoever holds one can show it.",
)

log = logging.getLogger(__name__)


class Erasure(NamedTuple):
    """How many decisions were erased, and whether their bytes are gone from the files already."""

    records: int
    gone: bool

    def to_dict(self, site: str) -> dict[str, object]:
        return {
            "schema": SCHEMA,
            "site": site,
            "records": self.records,
            "gone": self.gone,
            "remains": list(KEPT),
        }


class Eraser:
    """*run* has a piece of work committed and returns its result, or raises what it refused."""

    def __init__(self, database: Database, run: Callable[[Any], Any], journal: Journal) -> None:
        self._database = database
        self._run = run
        self._journal = journal
        self._remains = Remains(database, run)
        self._journal_lock = threading.Lock()
        self._unkept: dict[str, list[Erased]] = defaultdict(list)  # by site
        # By site: what this process has had kept since it was last announced.
        self._kept: dict[str, set[tuple[str, str, int]]] = defaultdict(set)
        self._is_in_doubt = False

    def erase(self, work: ForgetVisitor | ForgetRecord, patience_s: float = PATIENCE_S) -> Erasure:
        """Erases, and waits so long for the bytes to be gone. Raises: what *work* refuses."""
        self._settle()
        try:
            destroyed: Destroyed = self._run(work)
        except OutcomeUnknown:
            self._is_in_doubt = True
            raise
        self._remember(work.site, destroyed.ranges)
        return Erasure(destroyed.records, self.clear(patience_s))

    def clear(self, patience_s: float = PATIENCE_S) -> bool:
        """Whether all that was erased before is in the journal and gone from the files.

        What fails is logged, and done when it is called again.
        """
        try:
            self._settle()
            self._keep()
            return self._remains.clear(patience_s)
        except (LedgerError, OSError, peewee.DatabaseError) as error:
            found = describe(error).partition("\n")[0]
            log.warning("an erasure is not finished yet, and is tried again: %s", found)
            return False

    def doubt(self) -> None:
        """Has the next one look for what a process before this one left unfinished."""
        self._is_in_doubt = True

    def expire(
        self, site: str, progress: Callable[[int], None] = lambda parts: None
    ) -> Counter[str]:
        """Destroys what has passed the time for which *site* keeps it, step by step.

        *progress* is told how many parts each step destroyed.
        Returns: how many of each part. What files still hold is cleared by `clear`.
        """
        parts: Counter[str] = Counter()
        more = True
        while more:
            destroyed, part, more = self._run(Expire(site))
            self._remember(site, destroyed.ranges)
            self._keep()
            parts[part] += destroyed.records
            progress(destroyed.records)
        return +parts

    def announce_pending(self, site: str) -> int:
        """Accounts in the log for all that was erased; returns the number of parts.

        What the journal may not have, as another process erased it and was killed, goes there
        first.
        Raises: LogHalted when the log takes no entries; SetupError, OSError for the journal.
        """
        self._keep()
        pending = self._pending(site)
        if not _parts(pending) <= self._kept[site]:
            self._remember(site, pending)
            self._keep()
        self._kept.pop(site, None)
        return announce_pending(self._run, site)

    def announce_older(self, than_ms: int) -> None:
        """Announces what is pending of each site with something erased before *than_ms*."""
        for site in self._sites(fn.MIN(Pending.erased_ms) <= than_ms):
            self.announce_pending(site)

    def drop_marks(self, now_ms: int) -> None:
        """Forgets who was forgotten, once no browser can have anything of theirs queued."""
        self._run(DropMarks(now_ms))

    def _settle(self) -> None:
        """Has the journal told of all that is not announced, where it may not know."""
        if not self._is_in_doubt:
            return
        self._run(Nothing())  # behind whatever is on its way still
        self._is_in_doubt = False
        for site in self._sites(fn.COUNT(Pending.part) > 0):
            self._remember(site, self._pending(site))

    def _sites(self, having: Any) -> list[str]:
        query = Pending.select(Pending.site).group_by(Pending.site).having(having)
        with self._database.connection_context():
            return [site for (site,) in query.tuples().execute(self._database)]

    def _pending(self, site: str) -> tuple[Erased, ...]:
        query = (
            Pending.select(Log.origin, Pending.part, Pending.reason, Pending.entry_index)
            .join(Log, on=((Log.site == Pending.site) & (Log.generation == Pending.generation)))
            .where(Pending.site == site)
            .order_by(Pending.entry_index)
        )
        indexes: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        with self._database.connection_context():
            for *names, index in query.tuples().execute(self._database):
                indexes[tuple(names)].append(index)
        return tuple(
            Erased(*names, first, last)
            for names, found in indexes.items()
            for first, last in merge(found)
        )

    def _remember(self, site: str, ranges: tuple[Erased, ...]) -> None:
        if ranges:
            with self._journal_lock:
                self._unkept[site] += ranges

    def _keep(self) -> None:
        """Writes into the journal what it does not have yet. Raises: SetupError, OSError."""
        with self._journal_lock:
            for site in list(self._unkept):
                ranges = self._unkept.pop(site)
                try:
                    self._journal.keep_erased(site, ranges)
                except BaseException:
                    self._unkept[site] += ranges
                    raise
                self._kept[site] |= _parts(ranges)


def _parts(ranges: Iterable[Erased]) -> set[tuple[str, str, int]]:
    """Origin, part and index of each part that *ranges* name."""
    return {
        (each.origin, each.part, index)
        for each in ranges
        for index in range(each.first, each.last + 1)
    }


class Nothing:
    """Writes nothing: when it is done, everything before it is."""

    def apply(self, batch: Batch) -> None:
        return None


class DropMarks:
    """Deletes the marks whose time is over."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def apply(self, batch: Batch) -> None:
        batch.add_change(Forgotten.delete().where(Forgotten.until_ms <= self._now_ms))
