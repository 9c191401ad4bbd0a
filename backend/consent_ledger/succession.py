# SPDX-License-Identifier: MIT
"""Opening a ledger to write: nothing is ever signed twice, whatever copy of the database stands
there.

A log whose database is older than its journal is never signed again under its origin. It goes on
as the next generation, whose first entry, an anchor, names the head that was lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from consent_banner import canonical

from consent_ledger.batch import Batch
from consent_ledger.continuity import StoredLog, count_kept, find_lost, signed_generations
from consent_ledger.db import Database, open_database, read_meta
from consent_ledger.errors import LogHalted, SetupError
from consent_ledger.journal import Journal, SignedSize
from consent_ledger.lock import sole_user
from consent_ledger.log_keys import read_keys
from consent_ledger.log_writer import LogWriter
from consent_ledger.models import Log, Site
from consent_ledger.replay import accounted, erase_again
from consent_ledger.signing import SigningKeys
from consent_ledger.timestamps import moment, now_ms
from consent_ledger.tlog import entry
from consent_ledger.tlog.encoding import format_base64
from consent_ledger.tlog.errors import ProofError
from consent_ledger.tlog.merkle import EMPTY_ROOT

ANCHOR_SCHEMA = "consent-ledger/anchor/v1"

log = logging.getLogger(__name__)

Clock = Callable[[], int]


def open_for_writing(
    directory: Path, max_connections: int = 64, clock: Clock = now_ms
) -> tuple[Database, LogWriter]:
    """The ledger of a data directory, and what writes its logs, after `settle`.

    Raises: SetupError with a sentence that says what to do.
    """
    database = open_database(directory, max_connections)
    try:
        keys = SigningKeys.read(directory)
        with database.connection_context():
            writer = LogWriter(keys, _open_journal(directory, database))
            settle(database, writer, clock)
    except BaseException:
        database.close_all()
        raise
    return database, writer


def _open_journal(directory: Path, database: Database) -> Journal:
    """The journal; made when `init` was interrupted before it and nothing was signed since."""
    if Log.select(Log.site).where(Log.size > 0).first(database) is None:
        return Journal.make(directory)
    return Journal.open(directory)


def settle(database: Database, writer: LogWriter, clock: Clock = now_ms) -> None:
    """Brings journal and database together, for each site: what was erased is erased again, the
    journal learns of heads that were committed but never shown, and a log that has lost signed
    entries gets its next generation.

    Raises: SetupError when the journal or the seed is damaged or not the right one.
    """
    for site, *_ in Site.select(Site.site).order_by(Site.site).tuples().execute(database):
        settle_site(database, writer, site, clock)


def settle_site(database: Database, writer: LogWriter, site: str, clock: Clock = now_ms) -> None:
    """The same for one site."""
    erase_again(database, writer, site, clock)
    with database.atomic("IMMEDIATE"):
        newest = _newest(database, site)
        try:
            lost = find_lost(database, writer.journal, newest)
        except ProofError:
            lost = None  # damaged: the writer halts the log and says why
        if lost is not None:
            batch = _succeed(database, writer, newest, lost, clock)
        else:
            if newest.size:
                read_keys(database, writer.keys, site, newest.generation, newest.origin)
            batch = Batch(database, writer, clock)
            with suppress(LogHalted):
                batch.head(site)
    batch.keep_heads()


def _succeed(
    database: Database, writer: LogWriter, newest: StoredLog, lost: SignedSize, clock: Clock
) -> Batch:
    """The next generation of a site's log, within the caller's transaction.

    Entry 0 anchors *lost*, the newest head that was signed. When generations between that and the
    database's are lost as well, nothing stored tells of them: further anchors do.
    """
    journal, site = writer.journal, newest.site
    stored = {each.generation: each for each in _logs(database, site)}
    signed = signed_generations(journal, site, newest.generation)
    generation = max(newest.generation, *signed) + 1
    anchors = []
    for each in reversed(signed):
        head = journal.head(site, each)
        if head is None:
            raise AssertionError("_succeed: a head of the journal is gone")
        held = stored.get(each)
        kept = 0
        if held is not None:
            with suppress(ProofError):  # what is damaged as well is not held
                kept = count_kept(database, journal, held)
        if head == lost or kept < head.size:
            anchors.append(Anchor(site, head, kept))
    origin = _origin(database, site, generation)
    for anchor in anchors:
        log.warning(
            "the log %s was signed up to size %d, and the database holds %d of these entries: it "
            "is an older copy, or another one. The log goes on as %s",
            anchor.lost.origin,
            anchor.lost.size,
            anchor.kept,
            origin,
        )
    return _begin(database, writer, generation, origin, anchors, clock)


def _begin(
    database: Database,
    writer: LogWriter,
    generation: int,
    origin: str,
    anchors: Sequence[Anchor],
    clock: Clock,
) -> Batch:
    """A new generation of the log of the site that *anchors* speak of, which are its first entries.

    Time goes on from the generation before.
    """
    site = anchors[0].site
    newest = Log.select(Log.last_ms).where(Log.site == site).order_by(Log.generation.desc())
    (last_ms,) = newest.tuples().first(database)
    Log.insert(
        site=site, generation=generation, origin=origin, size=0, last_ms=last_ms, root=EMPTY_ROOT
    ).execute(database)
    batch = Batch(database, writer, clock)
    for anchor in anchors:
        anchor.apply(batch)
    batch.write()
    return batch


def _origin(database: Database, site: str, generation: int) -> str:
    return f"{read_meta(database, 'log_name')}/{site}/{generation}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """Ties a new generation to what was signed last: *kept* of its entries are still held."""

    site: str
    lost: SignedSize
    kept: int

    def apply(self, batch: Batch) -> int:
        """Appends a public entry of kind 18. Raises: SiteUnknown, LogHalted."""
        head = batch.head(self.site)
        body = canonical.dumps(
            {
                "schema": ANCHOR_SCHEMA,
                "reason": "restored",
                "previous": {
                    "origin": self.lost.origin,
                    "size": self.lost.size,
                    "root": format_base64(self.lost.root),
                    "kept": self.kept,
                },
                "recorded_at": moment(head.time_ms),
            }
        )
        return head.append(entry.public_entry(entry.Kind.ANCHOR, body))


def _newest(database: Database, site: str) -> StoredLog:
    """The newest generation of a site's log. Raises: SetupError when there is none."""
    logs = _logs(database, site)
    if not logs:
        raise SetupError(
            f"the database has lost the log of site {site!r}; "
            "restore the data directory from its newest backup"
        )
    return logs[-1]


def _logs(database: Database, site: str) -> list[StoredLog]:
    """Every generation of a site's log, in order."""
    query = (
        Log.select(Log.site, Log.generation, Log.origin, Log.size, Log.root)
        .where(Log.site == site)
        .order_by(Log.generation)
    )
    return [StoredLog(*row) for row in query.tuples().execute(database)]


# After a lost journal


def find_unjournaled(directory: Path) -> list[str]:
    """Origins of the logs of which the journal does not know what they last signed.

    Raises: SetupError when the directory holds no ledger, or a damaged journal.
    """
    database = open_database(directory, max_connections=2)
    try:
        with database.connection_context():
            return [log_.origin for log_ in _unjournaled(database, Journal(directory))]
    finally:
        database.close_all()


def continue_unjournaled(directory: Path, clock: Clock = now_ms) -> list[str]:
    """Starts the next generation of every log whose last signed head is not known any more, with
    an anchor to the head that the database holds; returns the origins.

    What was erased is written into a new journal as far as the database tells it.
    Raises: SetupError; also when a server uses the directory.
    """
    with sole_user(directory):
        database = open_database(directory, max_connections=2)
        try:
            with database.connection_context():
                writer = LogWriter(SigningKeys.read(directory), Journal.make(directory))
                return [
                    _continue(database, writer, newest, clock)
                    for newest in _unjournaled(database, writer.journal)
                ]
        finally:
            database.close_all()


def _unjournaled(database: Database, journal: Journal) -> list[StoredLog]:
    sites = [row[0] for row in Site.select(Site.site).tuples().execute(database)]
    newest = [_newest(database, site) for site in sorted(sites)]
    return [
        each
        for each in newest
        if each.size
        and journal.head(each.site, each.generation) is None
        and not signed_generations(journal, each.site, each.generation)
    ]


def _continue(database: Database, writer: LogWriter, newest: StoredLog, clock: Clock) -> str:
    site, generation = newest.site, newest.generation + 1
    lost = SignedSize(newest.origin, newest.size, newest.root)
    with database.atomic("IMMEDIATE"):
        origin = _origin(database, site, generation)
        anchors = [Anchor(site, lost, newest.size)]
        batch = _begin(database, writer, generation, origin, anchors, clock)
    batch.keep_heads()
    # Only now: until the new generation is there, the old one must not look as if it may go on.
    for old in _logs(database, site)[:-1]:
        if old.size and writer.journal.head(site, old.generation) is None:
            writer.journal.keep_head(site, old.generation, old.origin, old.size, old.root)
    if not writer.journal.erased(site):
        writer.journal.keep_erased(site, accounted(database, site))
    return origin
