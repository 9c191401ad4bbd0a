# SPDX-License-Identifier: MIT
"""What a visitor may read of their own: current preferences, and records in pages."""

import json
from typing import Any

from consent_banner import canonical

from consent_ledger import preferences, statements
from consent_ledger.db import Database
from consent_ledger.errors import VisitorUnknown
from consent_ledger.models import Entry, Log, Record
from consent_ledger.opening import Opening, Receipt
from consent_ledger.proofs import SignedHead, StoredProver

SCHEMA = "consent-ledger/history/v1"
NOTHING = "nothing is recorded for this token on this site"


def read_preferences(database: Database, site: str, subject: bytes) -> bytes:
    """Current preferences as canonical JSON.

    Raises: VisitorUnknown when nothing at all is recorded for *subject*.
    """
    row = database.execute_sql(statements.PREFERENCE, (site, subject)).fetchone()
    if row is None:
        raise VisitorUnknown(NOTHING)
    return canonical.dumps(preferences.public(site, json.loads(row[0])))


def read_history(
    database: Database, site: str, subject: bytes, limit: int, page: str | None
) -> bytes:
    """A page of receipts, newest first, as canonical JSON; `next` continues it, or is null.

    Raises: VisitorUnknown when nothing at all is recorded for *subject*.
    """
    query = (
        Record.select(
            Log.site,
            Log.generation,
            Log.origin,
            Log.size,
            Log.root,
            Log.checkpoint,
            Record.entry_index,
            Entry.entry,
            Record.subject_part,
            Record.subject_salt,
            Record.evidence_part,
            Record.evidence_salt,
        )
        .join(Log, on=((Log.site == Record.site) & (Log.generation == Record.generation)))
        .join(
            Entry,
            on=(
                (Entry.site == Record.site)
                & (Entry.generation == Record.generation)
                & (Entry.entry_index == Record.entry_index)
            ),
        )
        .where((Record.site == site) & (Record.subject == subject))
        .order_by(Record.generation.desc(), Record.entry_index.desc())
        .limit(limit + 1)
    )
    if page is not None:
        generation, index = map(int, page.split("-"))
        query = query.where(
            (Record.generation < generation)
            | ((Record.generation == generation) & (Record.entry_index < index))
        )
    rows = list(query.tuples().execute(database))
    if not rows and page is None:
        raise VisitorUnknown(NOTHING)
    more = len(rows) > limit
    rows = rows[:limit]
    provers: dict[int, StoredProver] = {}
    receipts = (_receipt(database, provers, row).to_json() for row in rows)
    following = f'"{rows[-1][1]}-{rows[-1][6]}"' if more else "null"
    return b'{"next":%b,"records":[%b],"schema":"%b","site":%b}' % (
        following.encode(),
        b",".join(receipts),
        SCHEMA.encode(),
        canonical.dumps(site),
    )


def _receipt(database: Database, provers: dict[int, StoredProver], row: tuple[Any, ...]) -> Receipt:
    """The receipt of a row; one prover for each generation reads shared tiles once."""
    head = SignedHead(*row[:6])
    index, entry, *opened = row[6:]
    prover = provers.setdefault(head.generation, StoredProver(database, head))
    return Receipt(head.origin, index, entry, Opening(*opened), prover.prove(index, entry))
