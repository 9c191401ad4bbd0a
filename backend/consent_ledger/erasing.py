# SPDX-License-Identifier: MIT
"""Erasing: payload and salt of parts are destroyed, and the entry keeps its place in the log.

What is left of a part is its commitment, 32 bytes that nobody can link to a person without the
destroyed salt. Each destroyed part is pending until an erasure entry accounts for it.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from peewee import fn

from consent_ledger.accounting import BOTH_PARTS, NoteAccess, merge
from consent_ledger.batch import Batch
from consent_ledger.errors import RecordUnknown, VisitorUnknown
from consent_ledger.journal import Erased
from consent_ledger.models import Hour, Log, Meta, Pending, Record, Site
from consent_ledger.timestamps import DAY_MS, HOUR_MS
from consent_ledger.tlog.entry import Kind

SUBJECT, EVIDENCE = PARTS = ("subject", "evidence")
VISITOR, OWNER, RETENTION = "visitor", "owner", "retention"

# In the table Meta while files may hold copies of what was erased: another value each time.
REMAINS = "remains"

# How many indexes one step of `Expire` looks at, so that a batch stays short.
STEP = 1000
MAX_PARAMETERS = 500

_EMPTY: dict[str, dict[Any, None]] = {
    SUBJECT: dict.fromkeys(
        (Record.record_id, Record.subject, Record.subject_part, Record.subject_salt)
    ),
    EVIDENCE: dict.fromkeys((Record.evidence_part, Record.evidence_salt)),
}

Rows = Callable[[Any], Sequence[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Held:
    """A decision of which something is left: *parts* are those that are not destroyed."""

    generation: int
    index: int
    record_id: bytes | None
    subject: bytes | None
    parts: frozenset[str]


class Destroyed(NamedTuple):
    """What a piece of work destroyed: of how many decisions, and the ranges for the journal."""

    records: int
    ranges: tuple[Erased, ...]


@dataclass(frozen=True, slots=True)
class ForgetVisitor:
    """Destroys both parts of every decision of a visitor, who asked for it with their token."""

    site: str
    subject: bytes

    def apply(self, batch: Batch) -> Destroyed:
        """Raises: VisitorUnknown when nothing is recorded, and was not a short time ago."""
        held = find_held(batch, self.site, subject=self.subject)
        if not held and not batch.is_forgotten(self.site, self.subject):
            raise VisitorUnknown("nothing is recorded for this token on this site")
        return _forget(batch, self.site, self.subject, held, VISITOR)


@dataclass(frozen=True, slots=True)
class ForgetRecord:
    """The same as the owner does it, for the visitor behind a record id; or *only* that record.

    With *key*, the id of an API key, the log tells of its use.
    """

    site: str
    record_id: bytes
    only: bool = False
    key: str = ""

    def apply(self, batch: Batch) -> Destroyed:
        """Raises: RecordUnknown when there is none, and was none a short time ago; LogHalted when
        the use of the key cannot be told.
        """
        found = find_held(batch, self.site, record_id=self.record_id)
        if not found and not batch.is_forgotten(self.site, self.record_id):
            raise RecordUnknown(f"site {self.site!r} has no record {self.record_id.hex()}")
        if self.key:
            NoteAccess(self.site, self.key, "manage", "erase", BOTH_PARTS).apply(batch)
        if not found:
            return Destroyed(0, ())
        batch.forget(self.site, self.record_id)
        subject = found[0].subject
        if self.only or subject is None:
            drop_if_current(batch, self.site, found)
            return destroy_parts(batch, self.site, found, PARTS, OWNER)
        held = find_held(batch, self.site, subject=subject)
        return _forget(batch, self.site, subject, held, OWNER)


class Expired(NamedTuple):
    """What one step destroyed, of which part, and whether another one would find more."""

    destroyed: Destroyed
    part: str
    more: bool


@dataclass(frozen=True, slots=True)
class Expire:
    """Destroys what the site keeps no longer, at most `STEP` indexes of it."""

    site: str

    def apply(self, batch: Batch) -> Expired:
        due = list(find_due(batch.rows, self.site, batch.time_ms))
        if not due:
            return Expired(Destroyed(0, ()), SUBJECT, more=False)
        first = due[0]
        end = min(first.end, first.start + STEP)
        held = [
            each
            for each in find_held(batch, self.site, span=(first.generation, first.start, end))
            if first.part in each.parts
        ]
        if first.part == SUBJECT:
            drop_if_current(batch, self.site, held)
        destroyed = destroy_parts(batch, self.site, held, (first.part,), RETENTION)
        watermark = Log.subjects_from if first.part == SUBJECT else Log.evidence_from
        batch.add_change(
            Log.update({watermark: end}).where(
                (Log.site == self.site) & (Log.generation == first.generation)
            )
        )
        return Expired(destroyed, first.part, more=end < first.end or len(due) > 1)


class Due(NamedTuple):
    """Indexes from *start* up to *end* of a generation, whose *part* is kept no longer."""

    generation: int
    part: str
    start: int
    end: int


def find_due(rows: Rows, site: str, now_ms: int) -> Iterator[Due]:
    """What has passed the time for which *site* keeps it; subject parts first.

    An hour is due as a whole: when the last moment of it is.
    """
    ((*days,),) = rows(Site.select(Site.subject_days, Site.evidence_days).where(Site.site == site))
    logs = rows(
        Log.select(Log.generation, Log.size, Log.subjects_from, Log.evidence_from)
        .where(Log.site == site)
        .order_by(Log.generation)
    )
    for at, part in enumerate(PARTS):
        limit = (now_ms - days[at] * DAY_MS) // HOUR_MS
        for generation, size, *watermarks in logs:
            hours = (Hour.site == site) & (Hour.generation == generation)
            passed = rows(Hour.select(Hour.hour).where(hours & (Hour.hour < limit)).limit(1))
            if not passed:
                continue
            ((kept,),) = rows(
                Hour.select(fn.MIN(Hour.first_index)).where(hours & (Hour.hour >= limit))
            )
            end = size if kept is None else kept
            if watermarks[at] < end:
                yield Due(generation, part, watermarks[at], end)


def destroy_parts(
    batch: Batch, site: str, held: Collection[Held], parts: Collection[str], reason: str
) -> Destroyed:
    """Empties *parts* of what is *held*, and remembers each as pending until it is announced."""
    now = batch.time_ms
    indexes: dict[tuple[int, str], list[int]] = defaultdict(list)
    for one in sorted(held, key=lambda each: (each.generation, each.index)):
        for part in one.parts.intersection(parts):
            indexes[one.generation, part].append(one.index)
            batch.destroyed.add((site, one.generation, one.index, part))
            batch.add_row(Pending, site, one.generation, one.index, part, reason, now)
    if not indexes:
        return Destroyed(0, ())
    query = Log.select(Log.generation, Log.origin).where(Log.site == site)
    origins = dict(batch.rows(query))
    for (generation, part), found in indexes.items():
        for at in range(0, len(found), MAX_PARAMETERS):
            batch.add_change(
                Record.update(_EMPTY[part]).where(
                    (Record.site == site)
                    & (Record.generation == generation)
                    & Record.entry_index.in_(found[at : at + MAX_PARAMETERS])
                )
            )
    note = Meta.insert(key=REMAINS, value=secrets.token_hex(8))
    batch.add_change(note.on_conflict_replace())
    return Destroyed(
        len({(generation, index) for (generation, _), found in indexes.items() for index in found}),
        tuple(
            Erased(origins[generation], part, reason, first, last)
            for (generation, part), found in indexes.items()
            for first, last in merge(found)
        ),
    )


def _forget(
    batch: Batch, site: str, subject: bytes, held: Collection[Held], reason: str
) -> Destroyed:
    if held:
        batch.forget(site, subject)
        batch.drop_preference(site, subject)
    return destroy_parts(batch, site, held, PARTS, reason)


def drop_if_current(batch: Batch, site: str, held: Collection[Held]) -> None:
    """Drops the preferences that rest on one of *held*.

    What was decided before is not put in force again: it may be what the erased one withdrew.
    """
    places = {(one.generation, one.index) for one in held}
    for subject in {one.subject for one in held if one.subject is not None}:
        state = batch.preference(site, subject)
        if state is not None and (state["generation"], state["index"]) in places:
            batch.drop_preference(site, subject)


def find_held(
    batch: Batch,
    site: str,
    *,
    subject: bytes | None = None,
    record_id: bytes | None = None,
    span: tuple[int, int, int] | None = None,
) -> list[Held]:
    """Decisions that are stored or wait in this batch: a subject's, the one with a record id, or
    those of a generation's indexes from ... up to ... (stored ones only)."""
    condition = (Record.site == site) & (Record.kind == int(Kind.DECISION))
    if span is not None:
        generation, start, end = span
        condition &= (Record.generation == generation) & Record.entry_index.between(start, end - 1)
    elif subject:
        condition &= Record.subject == subject
    else:
        condition &= Record.record_id == record_id
    query = Record.select(
        Record.generation,
        Record.entry_index,
        Record.record_id,
        Record.subject,
        Record.subject_part.is_null(False),
        Record.evidence_part.is_null(False),
    ).where(condition)
    rows = batch.rows(query)
    if span is None:
        rows += [
            (*row[1:3], *row[4:6], True, True)
            for row in batch.waiting(Record)
            if row[0] == site and (row[5] == subject if subject else row[4] == record_id)
        ]
    held = [
        Held(
            generation,
            index,
            row_id,
            row_subject,
            frozenset(
                part
                for part, there in zip(PARTS, there_are, strict=True)
                if there and (site, generation, index, part) not in batch.destroyed
            ),
        )
        for generation, index, row_id, row_subject, *there_are in rows
    ]
    return [one for one in held if one.parts]
