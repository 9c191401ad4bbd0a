# SPDX-License-Identifier: MIT
"""What a server does by itself: finishes and announces erasures, and expires what is kept too long.

One thread looks every few seconds for what is due. What fails is logged in one line and tried
again; writing goes through the committer like everything else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from consent_ledger.config import Settings
from consent_ledger.db import Database
from consent_ledger.eraser import Eraser
from consent_ledger.errors import LedgerError, Stopping
from consent_ledger.sites import list_sites

CLEAR_EVERY_S = 5
ANNOUNCE_LOOK_S = 60
EXPIRE_PAUSE_S = 0.05

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Task:
    """Something to do every *every_s* seconds, the first time at once."""

    name: str
    every_s: float
    do: Callable[[], object]
    due_s: float = 0.0  # by time.monotonic


class Housekeeping:
    """Use `start` before and `close` after."""

    def __init__(
        self, database: Database, eraser: Eraser, settings: Settings, clock: Callable[[], int]
    ) -> None:
        self._database = database
        self._eraser = eraser
        self._announce_after_ms = settings.announce_after * 1000
        self._clock = clock
        self._ending = threading.Event()
        announce_s = min(ANNOUNCE_LOOK_S, settings.announce_after)
        self._tasks = (
            Task("clearing files of what was erased", CLEAR_EVERY_S, self._eraser.clear),
            Task("announcing erasures", announce_s, self._announce),
            Task("expiring", settings.purge_interval, self._expire),
        )
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        self._eraser.doubt()
        self._thread.start()

    def close(self) -> None:
        """Ends the thread after the step it is at; the committer must still run."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            for task in self._tasks:
                if time.monotonic() >= task.due_s and not self._ending.is_set():
                    self._do(task)
            next_s = min(task.due_s for task in self._tasks)
            self._ending.wait(max(0.0, next_s - time.monotonic()))

    def _do(self, task: Task) -> None:
        try:
            task.do()
        except Stopping:
            pass
        except Exception as error:  # the thread must outlive any surprise
            found = error.code if isinstance(error, LedgerError) else type(error).__name__
            log.error("%s failed (%s), and is tried again", task.name, found)
        task.due_s = time.monotonic() + task.every_s

    def _announce(self) -> None:
        self._eraser.announce_older(self._clock() - self._announce_after_ms)

    def _expire(self) -> None:
        self._eraser.drop_marks(self._clock())
        with self._database.connection_context():
            sites = [info.site for info in list_sites(self._database)]
        for site in sites:
            self._eraser.expire(site, self._breathe)

    def _breathe(self, records: int) -> None:
        """Between two steps decisions come first. Raises: Stopping when the server ends."""
        if self._ending.wait(EXPIRE_PAUSE_S):
            raise Stopping("the ledger is shutting down")
