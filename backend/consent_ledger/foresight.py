# SPDX-License-Identifier: MIT
"""What an erasure would erase, for whoever decides whether to do it."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from peewee import fn

from consent_ledger.db import Database
from consent_ledger.erasing import SUBJECT, ForgetRecord, find_due
from consent_ledger.models import Hour, Record
from consent_ledger.timestamps import HOUR_MS, hour
from consent_ledger.tlog.entry import Kind


class Foreseen(NamedTuple):
    """A number of decisions, and the hours in which the first and the last were recorded."""

    records: int
    first_hour: str
    last_hour: str


def foresee(database: Database, work: ForgetRecord) -> Foreseen | None:
    """What *work* would erase; None when no such record is stored."""
    record = (Record.site == work.site) & (Record.record_id == work.record_id)
    behind = Record.select(Record.subject).where(record)
    row = behind.tuples().first(database)
    if row is None:
        return None
    everything = (Record.site == work.site) & (Record.subject == row[0])
    places = (
        Record.select(Record.generation, Record.entry_index)
        .where(record if work.only else everything)
        .order_by(Record.generation, Record.entry_index)
    )
    found = list(places.tuples().execute(database))
    ends = (_hour(database, work.site, *found[at]) for at in (0, -1))
    return Foreseen(len(found), *ends)


def foresee_expiry(database: Database, site: str, now_ms: int) -> Counter[str]:
    """How many of each part are kept no longer at *now_ms*."""

    def rows(query: Any) -> list[tuple[Any, ...]]:
        return list(query.tuples().execute(database))

    parts: Counter[str] = Counter()
    for due in find_due(rows, site, now_ms):
        held = Record.subject_part if due.part == SUBJECT else Record.evidence_part
        ((count,),) = rows(
            Record.select(fn.COUNT(Record.entry_index)).where(
                (Record.site == site)
                & (Record.generation == due.generation)
                & Record.entry_index.between(due.start, due.end - 1)
                & (Record.kind == int(Kind.DECISION))
                & held.is_null(False)
            )
        )
        parts[due.part] += count
    return parts


def _hour(database: Database, site: str, generation: int, index: int) -> str:
    """The hour in which an entry was written."""
    query = Hour.select(fn.MAX(Hour.hour)).where(
        (Hour.site == site) & (Hour.generation == generation) & (Hour.first_index <= index)
    )
    ((found,),) = query.tuples().execute(database)
    return hour(found * HOUR_MS)
