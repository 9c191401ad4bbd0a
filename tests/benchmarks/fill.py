# SPDX-License-Identifier: MIT
"""A ledger with many entries, made as the server makes them but without HTTP."""

import itertools
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import decisions
import sizes
import tables
from consent_ledger import committer, db
from consent_ledger.app import close_app, create_app
from consent_ledger.config import Settings
from consent_ledger.loading import loader
from consent_ledger.notices import Publications
from consent_ledger.records import Decision, check_decision
from consent_ledger.schemas.requests import DecisionSchema
from consent_ledger.services import EXTENSION, Services
from contenders import Ledger

GROUP = 8192  # written at once, and not waited for on the disk
IN_A_HURRY = (*db.PRAGMAS, ("synchronous", "off"), ("cache_size", -256 * 1024))
SAMPLES = 2000


@dataclass(frozen=True)
class Filled:
    """What was put in: how fast, and some of the record ids, evenly spread."""

    per_s: float
    record_ids: list[str]


class GrownLogs:
    """A ledger for each number of entries, filled when they are first asked for.

    Whoever lets them grow further comes last.
    """

    def __init__(self, folder: Path, entries: Sequence[int]) -> None:
        self._folder, self._entries = folder, entries
        self._ledgers: dict[int, tuple[Ledger, Filled]] = {}

    def ledgers(self) -> dict[int, tuple[Ledger, Filled]]:
        """The ledgers by their number of entries, fewest first."""
        if not self._ledgers:
            self._folder.mkdir()
            build = sizes.build(sizes.REFERENCE, self._folder / "build").folder
            for count in self._entries:
                ledger = Ledger(self._folder / str(count), build)
                self._ledgers[count] = ledger, fill(ledger, count)
        return self._ledgers


def fill(ledger: Ledger, size: int) -> Filled:
    """Lets the log of *ledger*, which is not being served, grow to *size* entries."""
    with (
        patch.object(db, "PRAGMAS", IN_A_HURRY),
        patch.object(committer, "MAX_BATCH", GROUP),
    ):
        return _fill(ledger, size)


def _fill(ledger: Ledger, size: int) -> Filled:
    app = create_app(Settings.load({}, data=ledger.data))
    parts: Services = app.extensions[EXTENSION]
    kept = []
    try:
        with parts.database.connection_context():
            made = _decisions(ledger.target, parts.publications)
        todo = size - 1  # entry 0 is the notice
        step = max(1, todo // SAMPLES)
        start = time.perf_counter()
        for done in range(0, todo, GROUP):
            tables.progress(f"filling a log: {done:,} of {size:,} entries")
            group = list(itertools.islice(made, min(GROUP, todo - done)))
            waiting = [parts.committer.enqueue(decision) for decision in group]
            for each in waiting:
                each.answered.acquire()
                if each.done.error is not None:
                    raise each.done.error
            kept += [group[at].record_id for at in range(-done % step, len(group), step)]
        seconds = time.perf_counter() - start
        tables.progress("")
    finally:
        close_app(app)
    return Filled(todo / seconds, kept)


def _decisions(target: decisions.Target, publications: Publications) -> Iterator[Decision]:
    """Endless decisions, each of a visitor of its own."""
    load = loader(DecisionSchema)
    shown = publications.shown(target.site, target.build)
    shapes = [
        check_decision(
            target.site,
            target.origin,
            load(json.loads(decisions.body(target, action, "0" * 32, "0" * 32))),
            shown,
        )
        for action in decisions.MIX
    ]

    def endless() -> Iterator[Decision]:
        for shape in itertools.cycle(shapes):
            random = os.urandom(112)
            yield replace(
                shape,
                record_id=random[:16].hex(),
                subject=random[16:48],
                subject_salt=random[48:80],
                evidence_salt=random[80:],
            )

    return endless()
