# SPDX-License-Identifier: MIT
"""What a process that writes knows of its logs: their keys, and the edge that each grows from."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from consent_ledger.continuity import StoredLog, find_lost
from consent_ledger.db import Database
from consent_ledger.errors import LedgerError, LogHalted, SetupError
from consent_ledger.forgotten import Marks
from consent_ledger.journal import Journal
from consent_ledger.log_keys import KeysInUse, read_keys
from consent_ledger.proofs import tiles_of
from consent_ledger.signing import SigningKeys
from consent_ledger.tlog.edge import Edge
from consent_ledger.tlog.errors import ProofError

KEPT_EDGES = 256  # some 20 KB each at a million entries

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Writable:
    """A log that may be continued: the edge of its tree, and the keys that signed it."""

    edge: Edge
    keys: KeysInUse


class LogWriter:
    """Belongs to one writing thread; it may forget anything but the seed.

    What it knows of a log is used only while the head row in the database has its size and its
    root: so another process that wrote, and a transaction that was rolled back, are both noticed.
    """

    def __init__(self, keys: SigningKeys, journal: Journal) -> None:
        self.keys = keys
        self.journal = journal
        self.marks = Marks(keys)
        self._known: dict[str, Writable] = {}
        self._journaled: dict[str, tuple[int, bytes]] = {}
        self._halted: dict[str, tuple[str, str]] = {}  # by site: an origin and a reason

    @classmethod
    def open(cls, directory: Path) -> LogWriter:
        """That of a data directory. Raises: SetupError when its seed or journal is missing."""
        return cls(SigningKeys.read(directory), Journal.open(directory))

    @property
    def halted(self) -> list[str]:
        """Origins of the logs that were last found unfit to be continued."""
        return sorted(origin for origin, _ in list(self._halted.values()))

    def read(self, database: Database, stored: StoredLog) -> Writable:
        """What the log with this head row is continued from, in a transaction that holds the row.

        Raises: LogHalted when something contradicts the row: the stored tiles, the journal, the
            seed; nothing may be signed then.
        """
        origin = stored.origin
        if database.is_replaced():
            raise self._halt(
                stored,
                "another file has taken the place of the database under this process; restart it",
            )
        known = self._known.get(origin)
        if known is not None and (known.edge.size, known.edge.root) == (stored.size, stored.root):
            return known
        self._forget(origin)
        try:
            lost = find_lost(database, self.journal, stored)
            if lost is not None:
                raise self._halt(
                    stored,
                    f"{lost.origin} was signed at size {lost.size}, which the database does not "
                    "continue any more: it is an older copy; restart the server, and the log goes "
                    "on as its next generation",
                )
            edge = Edge.read(
                stored.size, stored.root, tiles_of(database, stored.site, stored.generation)
            )
            keys = read_keys(database, self.keys, stored.site, stored.generation, origin)
            if not stored.size:  # so that a log with entries always has its head in the journal
                self.journal.keep_head(stored.site, stored.generation, origin, 0, stored.root)
        except ProofError as error:
            raise self._halt(
                stored,
                f"its head and its tiles disagree ({error}); stop the server and restore the data "
                "directory from its newest backup",
            ) from None
        except (SetupError, OSError) as error:
            raise self._halt(stored, str(error)) from None
        self._halted.pop(stored.site, None)
        return self.keep(origin, Writable(edge, keys))

    def keep(self, origin: str, known: Writable) -> Writable:
        """Remembers and returns *known*, whether or not its transaction will come through."""
        if len(self._known) >= KEPT_EDGES:
            self._known.clear()  # rare, and cheaper than keeping an order
            self._journaled.clear()
        self._known[origin] = known
        return known

    def keep_head(self, site: str, generation: int, origin: str, size: int, root: bytes) -> None:
        """Returns when the journal holds a head that is committed; only then may it be shown.

        Raises: as `Journal.keep_head`.
        """
        if self._journaled.get(origin) == (size, root):
            return
        try:
            self.journal.keep_head(site, generation, origin, size, root)
        except (LedgerError, OSError):
            self._forget(origin)  # so that the next one to write looks closer
            raise
        self._journaled[origin] = (size, root)

    def _forget(self, origin: str) -> None:
        self._known.pop(origin, None)
        self._journaled.pop(origin, None)

    def _halt(self, stored: StoredLog, reason: str) -> LogHalted:
        """The refusal for whoever wants to write; the operator is told once for each reason."""
        if self._halted.get(stored.site) != (stored.origin, reason):
            self._halted[stored.site] = (stored.origin, reason)
            log.error("the log %s takes no more entries: %s", stored.origin, reason)
        return LogHalted(
            "this site's log is damaged or older than what it signed, and nothing is added to it "
            "until its operator has seen to it; what is recorded can still be read"
        )
