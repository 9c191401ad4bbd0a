# SPDX-License-Identifier: MIT
"""Which entries an export covers: all that there are when it begins, or those of some hours."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import peewee

from consent_ledger.db import Database
from consent_ledger.errors import InvalidFields
from consent_ledger.models import Entry, Hour, Log, Record
from consent_ledger.timestamps import HOUR_MS, hour

TIME = r"\d{4}-\d{2}-\d{2}(?:T\d{2}Z)?"
EXPECTED = "a day or an hour in UTC, such as 2026-11-01 or 2026-11-01T08Z"

_TIME = re.compile(TIME, re.ASCII)


@dataclass(frozen=True, slots=True)
class Range:
    """From the beginning of one hour up to that of another, in hours since 1970; None is open."""

    start: int | None = None
    stop: int | None = None

    @classmethod
    def parse(cls, start: str | None, stop: str | None) -> Range:
        """The range that two times spell, each a day or an hour in UTC.

        Raises: InvalidFields naming `from` or `to`.
        """
        made = cls(_parse("from", start), _parse("to", stop))
        if made.start is not None and made.stop is not None and made.start >= made.stop:
            raise InvalidFields(
                f"from: found {start}, expected a time before {stop}",
                fields={"from": [f"found {start}, expected a time before {stop}"]},
            )
        return made

    @property
    def is_all(self) -> bool:
        return self.start is None and self.stop is None

    def to_dict(self) -> dict[str, str | None] | None:
        """Its two hours as text, or None for everything."""
        return None if self.is_all else {"from": _hour(self.start), "to": _hour(self.stop)}

    def __str__(self) -> str:
        start, stop = _hour(self.start), _hour(self.stop)
        return " ".join([*(["from", start] if start else []), *(["up to", stop] if stop else [])])


EVERYTHING = Range()


@dataclass(frozen=True, slots=True)
class Span:
    """A generation of a site's log of *size* entries, and the indexes [first, end) of an export."""

    origin: str
    generation: int
    size: int
    first: int
    end: int


def read_spans(database: Database, site: str, wanted: Range) -> tuple[Span, ...]:
    """The generations of *site*'s log as they are now, oldest first, with what *wanted* covers.

    One that lies before the range has first = end = size, one that lies after it first = end = 0.
    Entries whose time was erased count as in the range when they stand beside it, so that the
    neighbours, which show where it begins and ends, have a time.
    Raises: InvalidFields when nothing lies in the range.
    """
    rows = (
        Log.select(Log.origin, Log.generation, Log.size)
        .where(Log.site == site)
        .order_by(Log.generation)
        .tuples()
        .execute(database)
    )
    spans = tuple(
        Span(
            *(origin, generation, size),
            first=_index_at(database, site, generation, wanted.start, size, otherwise=0),
            end=_index_at(database, site, generation, wanted.stop, size, otherwise=size),
        )
        for origin, generation, size in rows
    )
    if not wanted.is_all and not any(span.first < span.end for span in spans):
        raise InvalidFields(
            f"nothing was recorded for site {site!r} {wanted}",
            fields={"from": [f"nothing was recorded {wanted}"]},
        )
    return tuple(_between_known(database, site, span) for span in spans)


def as_held(wanted: Range, spans: tuple[Span, ...]) -> Range:
    """*wanted*, without an end when nothing was recorded after it: then it goes up to now."""
    newest = next((span for span in reversed(spans) if span.size), None)
    if newest is not None and newest.end == newest.size:
        return Range(wanted.start, None)
    return wanted


def _between_known(database: Database, site: str, span: Span) -> Span:
    """*span*, up to the nearest entries on both sides whose time is not erased."""
    first, end = span.first, span.end
    if first:
        known = _known(database, site, span.generation, Entry.entry_index < first, newest=True)
        first = 0 if known is None else known + 1
    if end < span.size:
        known = _known(database, site, span.generation, Entry.entry_index >= end, newest=False)
        end = span.size if known is None else min(known, span.size)
    return replace(span, first=first, end=end)


def _known(
    database: Database, site: str, generation: int, where: Any, *, newest: bool
) -> int | None:
    """The newest or oldest index *where* the entry is public or its evidence is not erased."""
    at = Entry.entry_index
    place = (Record.site == Entry.site) & (Record.generation == Entry.generation)
    row = (
        Entry.select(at)
        .join(Record, peewee.JOIN.LEFT_OUTER, on=(place & (Record.entry_index == at)))
        .where(
            (Entry.site == site)
            & (Entry.generation == generation)
            & where
            & (Record.entry_index.is_null() | Record.evidence_part.is_null(False))
        )
        .order_by(at.desc() if newest else at.asc())
        .limit(1)
        .tuples()
        .first(database)
    )
    return row[0] if row else None


def _index_at(
    database: Database, site: str, generation: int, hours: int | None, size: int, *, otherwise: int
) -> int:
    """The first index of that hour or a later one, *size* when there is none."""
    if hours is None:
        return otherwise
    row = (
        Hour.select(Hour.first_index)
        .where((Hour.site == site) & (Hour.generation == generation) & (Hour.hour >= hours))
        .order_by(Hour.hour)
        .limit(1)
        .tuples()
        .first(database)
    )
    return min(row[0], size) if row else size


def _parse(field: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        form = "%Y-%m-%dT%HZ" if "T" in text else "%Y-%m-%d"
        at = datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        found = f"found {text[:40]!r}, expected {EXPECTED}"
        raise InvalidFields(f"{field}: {found}", fields={field: [found]}) from None
    return int(at.timestamp()) // (HOUR_MS // 1000)


def _hour(hours: int | None) -> str | None:
    return None if hours is None else hour(hours * HOUR_MS)
