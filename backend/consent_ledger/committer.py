# SPDX-License-Identifier: MIT
"""Group commit: one thread writes what request threads hand it, and answers once it is durable.

There is no timer. While a transaction is on its way to the disk others queue, and the next one
takes them all; when nothing else waits, a single one goes at once.
"""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

import peewee

from consent_ledger.batch import Batch, Done, Work, commit
from consent_ledger.db import Database
from consent_ledger.errors import OutcomeUnknown, Stopping, StorageUnavailable
from consent_ledger.log_writer import LogWriter
from consent_ledger.logs import describe
from consent_ledger.timestamps import now_ms

MAX_BATCH = 256
CACHE_KB = 8192  # of the writing connection: all pages that a full group changes

log = logging.getLogger(__name__)


class Waiting:
    """A piece of work. `answered` can be acquired once `done` says what became of it."""

    __slots__ = ("answered", "done", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = Done()
        self.answered = threading.Lock()
        self.answered.acquire()

    def answer(self, done: Done) -> None:
        self.done = done
        self.answered.release()


class _Ping:
    """Writes nothing, but takes the way that every write takes."""

    def apply(self, batch: Batch) -> None:
        return None


class Committer:
    """The one writer of a process. Use `start` before and `close` after."""

    def __init__(
        self,
        database: Database,
        writer: LogWriter,
        deadline_s: float,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._database = database
        self._writer = writer
        self._deadline_s = deadline_s
        self._clock = clock
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._entrance = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, work: Work) -> Any:
        """Has *work* written and returns its result once that is durable.

        Raises: what `work.apply` raised; StorageUnavailable when the database refused;
            OutcomeUnknown when the deadline passed first; Stopping after `close`.
        """
        waiting = self.enqueue(work)
        if not waiting.answered.acquire(timeout=self._deadline_s):
            raise OutcomeUnknown(
                f"no answer from the disk within {self._deadline_s:g} s: it may still be recorded; "
                "sending the same again is safe"
            )
        if waiting.done.error is not None:
            raise waiting.done.error
        return waiting.done.result

    def enqueue(self, work: Work) -> Waiting:
        """Has *work* written without waiting for it. Raises: Stopping after `close`."""
        waiting = Waiting(work)
        with self._entrance:  # so that nothing is queued behind the end
            if self._closed:
                raise Stopping("the ledger is shutting down; send it again in a moment")
            self._queue.put(waiting)
        return waiting

    @property
    def waiting(self) -> int:
        """How many pieces of work are queued, about."""
        return self._queue.qsize()

    @property
    def halted(self) -> list[str]:
        """Origins of the logs that take no entries until an operator has seen to them."""
        return self._writer.halted

    @property
    def is_closed(self) -> bool:
        return self._closed

    def ping(self) -> None:
        """Returns when the thread and the database can write. Raises as `submit` does."""
        self.submit(_Ping())

    def close(self) -> None:
        """Writes and answers what is queued, refuses what comes later, and ends the thread."""
        with self._entrance:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            group, ending = self._gather()
            if not group:
                continue
            try:
                done = self._commit(group)
            except Exception as error:  # the thread must outlive any surprise
                log.error("committing %d pieces of work failed: %s", len(group), describe(error))
                done = [Done(error=error)] * len(group)
            for waiting, outcome in zip(group, done, strict=True):
                waiting.answer(outcome)
        self._database.manual_close()

    def _gather(self) -> tuple[list[Waiting], bool]:
        """What waits, at least one unless this is the end, and whether it is."""
        group: list[Waiting] = []
        waiting = self._queue.get()
        while waiting is not None:
            group.append(waiting)
            if len(group) == MAX_BATCH:
                return group, False
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, group: list[Waiting]) -> list[Done]:
        works = [waiting.work for waiting in group]
        try:
            return self._transaction(works)
        except peewee.IntegrityError as error:
            # One of them breaks a rule of the schema: a bug, but only that one must suffer.
            log.error("a group of %d was refused: %s", len(works), describe(error))
            if len(works) == 1:
                return [Done(error=error)]
            return [done for waiting in group for done in self._commit([waiting])]
        except peewee.DatabaseError as error:
            log.error("the database cannot be written: %s", describe(error))
            self._database.manual_close()  # the next group begins with a fresh connection
            refusal = StorageUnavailable(
                "the database could not be written; sending the same again is safe"
            )
            return [Done(error=refusal)] * len(works)

    def _transaction(self, works: list[Work]) -> list[Done]:
        if self._database.is_closed():
            self._database.connect()
            self._database.execute_sql(f"PRAGMA cache_size = -{CACHE_KB}")
        return commit(self._database, self._writer, works, self._clock)
