# SPDX-License-Identifier: MIT
"""Whether the database still holds what was signed: its log against the journal's head."""

from __future__ import annotations

from dataclasses import dataclass

from consent_ledger.db import Database
from consent_ledger.errors import SetupError
from consent_ledger.journal import Journal, SignedSize
from consent_ledger.proofs import tiles_of
from consent_ledger.tlog import merkle
from consent_ledger.tlog.tile_reader import TileReader


@dataclass(frozen=True, slots=True)
class StoredLog:
    """A generation of a site's log, as its head row has it."""

    site: str
    generation: int
    origin: str
    size: int
    root: bytes


def find_lost(database: Database, journal: Journal, newest: StoredLog) -> SignedSize | None:
    """The last head that was signed for the site, when its *newest* generation in the database
    does not continue it; None when it does, and may go on.

    Requires a transaction that keeps others from writing: a head is in the journal only after it
    is in the database.
    Raises: SetupError when the journal is damaged; ProofError when the log's own tiles are.
    """
    later = signed_generations(journal, newest.site, newest.generation + 1)
    if later:
        return journal.head(newest.site, later[-1])
    kept = journal.head(newest.site, newest.generation)
    if kept is None and newest.size:
        raise SetupError(
            f"the journal has lost what the log {newest.origin} last signed; put its files back as "
            "they were when the ledger last ran, or run `consent-ledger continue`"
        )
    if kept is None or continues(database, newest, kept):
        return None
    return kept


def continues(database: Database, log: StoredLog, head: SignedSize) -> bool:
    """Whether the stored tree begins with the one of *head*; nothing signed is always continued.

    Raises: ProofError when the tiles do not lead to the log's own root.
    """
    if not head.size:
        return True
    if head.origin != log.origin or head.size > log.size:
        return False
    tree = TileReader(log.size, tiles_of(database, log.site, log.generation))
    found = merkle.root(head.size, tree)
    proof = merkle.consistency_proof(head.size, log.size, tree)
    merkle.verify_consistency(head.size, log.size, proof, found, log.root)
    return found == head.root


def count_kept(database: Database, journal: Journal, log: StoredLog) -> int:
    """How many of the entries that were signed as the log's origin the database still holds.

    Of a shorter log that contradicts nothing, all of them: an older copy. Of another history, as
    far as a head in the journal shows that the two are the same.
    """
    heads = journal.heads(log.site, log.generation)
    if any(head.origin != log.origin for head in heads):
        return 0
    within = [head for head in heads if head.size <= log.size]
    if len(within) < len(heads) and all(continues(database, log, head) for head in within):
        return log.size
    return next((head.size for head in within if continues(database, log, head)), 0)


def signed_generations(journal: Journal, site: str, first: int = 1) -> list[int]:
    """Generations from *first* on under which something was signed, in order."""
    found = []
    for generation in journal.generations(site):
        head = journal.head(site, generation)
        if generation >= first and head is not None and head.size:
            found.append(generation)
    return found
