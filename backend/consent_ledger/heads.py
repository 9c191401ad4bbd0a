# SPDX-License-Identifier: MIT
"""The head of a site's log while something is appended to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from consent_ledger.log_keys import KeysInUse
from consent_ledger.opening import Receipt
from consent_ledger.timestamps import HOUR_MS
from consent_ledger.tlog.edge import Edge
from consent_ledger.tlog.note import Signer


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
    keys: KeysInUse  # that sign what is appended
    drops_keys: bool = False  # whether older ones signed the stored size
    rotated_at: int | None = None  # index of the entry that introduces the newest key
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

    def rotate(self, entry: bytes, signer: Signer, until_ms: int) -> int:
        """Appends the *entry* that introduces *signer*; the newest key signs beside it until
        *until_ms*, and those before it no more. Returns the entry's index."""
        self.rotated_at = self.append(entry)
        self.drops_keys = self.drops_keys or len(self.keys.signers) > 1
        self.keys = self.keys.followed_by(signer, until_ms)
        return self.rotated_at
