# SPDX-License-Identifier: MIT
"""What a ledger writes into a log about itself: what was erased and why, and who used which key."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from consent_ledger.batch import Batch
from consent_ledger.models import Log, Pending
from consent_ledger.opening import Opening, Receipt
from consent_ledger.timestamps import hour, moment
from consent_ledger.tlog import entry
from consent_ledger.trusted_json import encode

ERASURE_SCHEMA = "consent-ledger/erasure/v1"
ACCESS_SCHEMA = "consent-ledger/access/v1"

BOTH_PARTS = ("evidence", "subject")

# Parts of indexes in one erasure entry: the format allows 50,000, and a batch shall stay short.
MAX_ANNOUNCED = 10_000


class Announced(NamedTuple):
    """How many parts of entries were accounted for, and whether there are more."""

    parts: int
    more: bool


@dataclass(frozen=True, slots=True)
class Announce:
    """Accounts for parts that were destroyed, in one erasure entry, as far as one may hold them.

    Erasures of several people stand in it together, and only its opening tells which they are.
    """

    site: str

    def apply(self, batch: Batch) -> Announced:
        """Appends an entry of kind 2, unless nothing is pending. Raises: SiteUnknown, LogHalted."""
        if self.site in batch.announced:
            return Announced(0, more=True)  # by another one; whether all of it, is seen next time
        query = (
            Pending.select(
                Pending.generation, Pending.entry_index, Log.origin, Pending.part, Pending.reason
            )
            .join(Log, on=((Log.site == Pending.site) & (Log.generation == Pending.generation)))
            .where(Pending.site == self.site)
            .order_by(Pending.generation, Pending.entry_index, Pending.part)
            .limit(MAX_ANNOUNCED + 1)
        )
        rows = batch.rows(query)
        more = len(rows) > MAX_ANNOUNCED
        if not rows:
            return Announced(0, more=False)
        rows = rows[:MAX_ANNOUNCED]
        batch.announced.add(self.site)
        gathered: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for _, index, origin, part, reason in rows:
            gathered[origin, part, reason].append(index)
        erased = [
            {"origin": origin, "part": part, "reason": reason, "indexes": merge(indexes)}
            for (origin, part, reason), indexes in sorted(gathered.items())
        ]
        evidence = {"schema": ERASURE_SCHEMA, "erased": erased}
        _append(batch, self.site, entry.Kind.ERASURE, {}, evidence)
        generation, index, _, part, _ = rows[-1]
        # Not by `add_change`: what is erased in this same batch is pending, and not announced here.
        batch.change_stored(
            Pending.delete().where(
                (Pending.site == self.site)
                & (
                    (Pending.generation < generation)
                    | ((Pending.generation == generation) & (Pending.entry_index < index))
                )
            )
        )
        # Of the last index perhaps one part only.
        batch.change_stored(
            Pending.delete().where(
                (Pending.site == self.site)
                & (Pending.generation == generation)
                & (Pending.entry_index == index)
                & (Pending.part <= part)
            )
        )
        return Announced(len(rows), more)


def announce_pending(run: Callable[[Any], Any], site: str) -> int:
    """Accounts in the log for all that was erased of *site*; returns the number of parts.

    *run* has a piece of work committed and returns its result. Raises: LogHalted.
    """
    parts = 0
    more = True
    while more:
        announced, more = run(Announce(site))
        parts += announced
    return parts


@dataclass(frozen=True, slots=True)
class NoteAccess:
    """Says in the log that a key was used to read or erase what is not for everybody."""

    site: str
    key: str  # 12 hexadecimal digits
    scope: str  # audit or manage
    operation: str  # export, receipt or erase
    parts: tuple[str, ...]  # ("evidence",) or BOTH_PARTS

    def apply(self, batch: Batch) -> int:
        """Appends an entry of kind 3 and returns its index. Raises: SiteUnknown, LogHalted."""
        evidence = {
            "schema": ACCESS_SCHEMA,
            "scope": self.scope,
            "operation": self.operation,
            "parts": list(self.parts),
        }
        return _append(batch, self.site, entry.Kind.ACCESS, {"key": self.key}, evidence)


def _append(
    batch: Batch, site: str, kind: entry.Kind, subject: dict[str, Any], evidence: dict[str, Any]
) -> int:
    head = batch.head(site)
    opening = Opening(
        encode({**subject, "recorded_at": moment(head.time_ms)}),
        secrets.token_bytes(entry.SALT_BYTES),
        encode({**evidence, "recorded_hour": hour(head.time_ms)}),
        secrets.token_bytes(entry.SALT_BYTES),
    )
    receipt = Receipt(head.origin, head.size, opening.entry(kind), opening)
    batch.add_record(head, kind, None, None, receipt)
    return receipt.index


def merge(indexes: Iterable[int]) -> list[list[int]]:
    """Ascending [first, last], inclusive and not touching, of ascending *indexes*."""
    ranges: list[list[int]] = []
    for index in indexes:
        if ranges and ranges[-1][1] == index - 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    return ranges
