# SPDX-License-Identifier: MIT
"""What a process that writes knows of its logs: their keys, and the edge that each grows from."""

from __future__ import annotations

import logging

from consent_ledger.db import Database
from consent_ledger.errors import LogHalted
from consent_ledger.forgotten import Marks
from consent_ledger.proofs import tiles_of
from consent_ledger.signing import SigningKeys
from consent_ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from consent_ledger.tlog.edge import Edge
from consent_ledger.tlog.errors import ProofError

KEPT_EDGES = 256  # some 20 KB each at a million entries

log = logging.getLogger(__name__)


class LogWriter:
    """Belongs to one writing thread; it may forget anything but the keys.

    An edge in memory is used only while the head row in the database has its size and its root:
    so another process that wrote, and a transaction that was rolled back, are both noticed.
    """

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys
        self.marks = Marks(keys)
        self._edges: dict[str, Edge] = {}
        self._halted: set[str] = set()

    def edge(
        self, database: Database, site: str, generation: int, origin: str, size: int, root: bytes
    ) -> Edge:
        """The edge of the log whose head row says *size* and *root*.

        Raises: LogHalted when the stored tiles say otherwise; nothing may be signed then.
        """
        known = self._edges.get(origin)
        if known is not None and (known.size, known.root) == (size, root):
            return known
        self._edges.pop(origin, None)
        try:
            edge = Edge.read(size, root, tiles_of(database, site, generation))
        except ProofError as error:
            if origin not in self._halted:
                self._halted.add(origin)
                log.error(
                    "the log %s takes no more entries: its head and its tiles disagree (%s); "
                    "stop the server and restore the data directory from its newest backup",
                    origin,
                    error,
                )
            raise LogHalted(
                "this site's log is damaged, and nothing is added to it until its operator has "
                "repaired it; what is recorded can still be read"
            ) from None
        self._halted.discard(origin)
        self.keep(origin, edge)
        return edge

    def keep(self, origin: str, edge: Edge) -> None:
        """Remembers *edge*, whether or not its transaction will come through."""
        if len(self._edges) >= KEPT_EDGES:
            self._edges.clear()  # rare, and cheaper than keeping an order
        self._edges[origin] = edge

    def sign(self, origin: str, edge: Edge) -> bytes:
        """The checkpoint of the tree of *edge*: a promise that must not leave before the commit."""
        checkpoint = Checkpoint(origin, edge.size, edge.root)
        return sign_checkpoint(checkpoint, self._keys.signer(origin))
