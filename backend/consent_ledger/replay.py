# SPDX-License-Identifier: MIT
"""Erasures that an older copy of the database does not know of: the journal does."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from consent_ledger import statements
from consent_ledger.batch import Batch, commit
from consent_ledger.db import Database
from consent_ledger.erasing import RETENTION, SUBJECT, destroy_parts, drop_if_current, find_held
from consent_ledger.journal import Erased
from consent_ledger.log_writer import LogWriter
from consent_ledger.models import Log, Record
from consent_ledger.tlog.entry import Kind

STEP = 100  # ranges to a batch, so that a batch stays short

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EraseAgain:
    """Destroys the part of a generation's indexes that was erased before, for the same reason."""

    site: str
    generation: int
    erased: Erased

    def apply(self, batch: Batch) -> int:
        """How many decisions still had that part."""
        _, part, reason, first, last = self.erased
        held = [
            one
            for one in find_held(batch, self.site, span=(self.generation, first, last + 1))
            if part in one.parts
        ]
        for one in held if reason != RETENTION else ():
            for name in (one.subject, one.record_id):
                if name is not None:
                    batch.forget(self.site, name)
        if part == SUBJECT:
            drop_if_current(batch, self.site, held)
        return destroy_parts(batch, self.site, held, (part,), reason).records


def erase_again(database: Database, writer: LogWriter, site: str, clock: Callable[[], int]) -> None:
    """Brings the site's records to what the journal says was erased of them, and commits that."""
    works = list(_missed(database, writer, site))
    for start in range(0, len(works), STEP):
        for done in commit(database, writer, works[start : start + STEP], clock):
            if done.error is not None:
                raise done.error
    if works:
        log.warning(
            "the database of %s held what had been erased: it is an older copy, and %d ranges of "
            "entries are erased again",
            site,
            len(works),
        )


def _missed(database: Database, writer: LogWriter, site: str) -> Iterator[EraseAgain]:
    """The ranges in which something is left. A journal is long and an older copy rare, so each
    range is asked about by its key, and what has expired for good is passed over."""
    query = Log.select(Log.origin, Log.generation, Log.subjects_from, Log.evidence_from)
    rows = query.where(Log.site == site).tuples().execute(database)
    logs = {origin: (generation, *expired) for origin, generation, *expired in rows}
    for erased in writer.journal.erased(site):
        if erased.origin not in logs:
            continue  # a generation that the copy does not hold at all
        generation, subjects_from, evidence_from = logs[erased.origin]
        expired = subjects_from if erased.part == SUBJECT else evidence_from
        first, last = max(erased.first, expired), erased.last
        span = (site, generation, first, last, Kind.DECISION, 1)
        left = statements.LEFT[erased.part]
        if first <= last and database.execute_sql(left, span).fetchone():
            yield EraseAgain(site, generation, erased)


def accounted(database: Database, site: str) -> Iterator[Erased]:
    """What the erasure entries of the site's logs tell, for a journal that was lost.

    What is erased and not announced yet is not among it; who announces it next keeps it.
    """
    query = Record.select(Record.evidence_part).where(
        (Record.site == site) & (Record.kind == Kind.ERASURE)
    )
    for (evidence,) in query.tuples().execute(database):
        for erased in json.loads(evidence)["erased"]:
            for first, last in erased["indexes"]:
                yield Erased(erased["origin"], erased["part"], erased["reason"], first, last)
