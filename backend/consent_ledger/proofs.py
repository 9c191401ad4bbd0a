# SPDX-License-Identifier: MIT
"""Proofs out of what is stored: tiles, and the checkpoint that was signed over them."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from consent_ledger import statements
from consent_ledger.db import Database
from consent_ledger.tlog import merkle
from consent_ledger.tlog.errors import MissingHashError, ProofError
from consent_ledger.tlog.tile import Tile
from consent_ledger.tlog.tile_reader import TileReader
from consent_ledger.trusted_json import encode

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in the tree of *tree_size* whose root the *checkpoint*, a note, signs."""

    tree_size: int
    hashes: Sequence[bytes]  # from the entry's sibling up to the root's child
    checkpoint: bytes

    def to_json(self) -> bytes:
        """Canonical JSON."""
        hashes = b",".join(b'"%b"' % base64.b64encode(each) for each in self.hashes)
        return b'{"checkpoint":%b,"hashes":[%b],"tree_size":%d}' % (
            encode(self.checkpoint.decode()),
            hashes,
            self.tree_size,
        )


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A generation of a site's log, up to a checkpoint that was signed."""

    site: str
    generation: int
    origin: str
    size: int
    root: bytes
    checkpoint: bytes


def tiles_of(database: Database, site: str, generation: int) -> Callable[[Tile], bytes]:
    """Reads stored tiles of a log, which may be wider than what is asked for.

    What it returns raises MissingHashError for a tile that is not stored.
    """

    def read(tile: Tile) -> bytes:
        key = (site, generation, tile.level, tile.index)
        row = database.execute_sql(statements.TILE, key).fetchone()
        if row is None:
            raise MissingHashError(tile.path, "no such tile", "a stored one")
        return bytes(row[0])

    return read


class StoredProver:
    """Proofs of stored entries at a signed size of their log; tiles are read once."""

    def __init__(self, database: Database, head: SignedHead) -> None:
        self.head = head
        self._tree = TileReader(head.size, tiles_of(database, head.site, head.generation))

    def prove(self, index: int, entry: bytes) -> Proof | None:
        """The proof of *entry*, checked; None when the stored tiles do not give one.

        A ledger whose tiles are damaged still hands out what it holds, only without proof.
        """
        head = self.head
        try:
            hashes = merkle.inclusion_proof(index, head.size, self._tree)
            leaf = merkle.leaf_hash(entry)
            merkle.verify_inclusion(index, head.size, leaf, hashes, head.root)
        except ProofError as error:
            log.error("entry %d of the log %s cannot be proved: %s", index, head.origin, error)
            return None
        return Proof(head.size, hashes, head.checkpoint)
