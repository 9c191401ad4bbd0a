# SPDX-License-Identifier: MIT
"""Which keys sign a log: the newest, and for an overlap the one before it as well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from consent_ledger.db import Database
from consent_ledger.errors import SetupError
from consent_ledger.models import Log, LogKey
from consent_ledger.signing import FIRST_VERSION, SigningKeys
from consent_ledger.timestamps import moment
from consent_ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from consent_ledger.tlog.edge import Edge
from consent_ledger.tlog.note import Signer


@dataclass(frozen=True, slots=True)
class KeysInUse:
    """The signers of a log, the oldest first; *version* is that of the newest, the last.

    The others sign until *until_ms*, ms since 1970.
    """

    signers: tuple[Signer, ...]
    version: int = FIRST_VERSION
    until_ms: int = 0

    @property
    def newest(self) -> Signer:
        return self.signers[-1]

    @property
    def oldest_version(self) -> int:
        return self.version - len(self.signers) + 1

    def at(self, ms: int) -> KeysInUse:
        """Those that sign what is written at *ms*: after the overlap the newest alone."""
        if len(self.signers) == 1 or ms < self.until_ms:
            return self
        return replace(self, signers=self.signers[-1:])

    def followed_by(self, signer: Signer, until_ms: int) -> KeysInUse:
        """Those after a rotation: the newest signs beside its successor until *until_ms*."""
        return KeysInUse((self.newest, signer), self.version + 1, until_ms)

    def sign(self, origin: str, edge: Edge) -> bytes:
        """The checkpoint of the tree of *edge*: a promise that must not leave before the commit
        is on the disk and in the journal."""
        return sign_checkpoint(Checkpoint(origin, edge.size, edge.root), *self.signers)


def read_keys(
    database: Database, keys: SigningKeys, site: str, generation: int, origin: str
) -> KeysInUse:
    """The keys that signed the log's last checkpoint; of an empty log, those that will sign.

    Raises: SetupError when the seed in *keys* is not the one that signed the log.
    """
    query = (
        LogKey.select(LogKey.version, LogKey.vkey, LogKey.overlap_until_ms)
        .where(_of(site, generation) & LogKey.last_index.is_null(True))
        .order_by(LogKey.version)
    )
    rows = list(query.tuples().execute(database))
    signers = []
    for version, vkey, _ in rows:
        signer = keys.signer(origin, version)
        if signer.key.vkey != vkey:
            raise SetupError(
                f"signing.seed is not the secret that the log {origin} was signed with; "
                "put the right file back from where it is kept safe"
            )
        signers.append(signer)
    if not rows:
        return KeysInUse((keys.signer(origin),))
    until_ms = next((row[2] for row in rows if row[2] is not None), 0)
    return KeysInUse(tuple(signers), rows[-1][0], until_ms)


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key of a log as anyone may know it. Indexes are inclusive; *last* is None while it signs,
    *overlap_until_ms* is None unless another key follows it."""

    log: str
    generation: int
    version: int
    vkey: str
    first: int
    last: int | None
    overlap_until_ms: int | None

    def to_dict(self) -> dict[str, object]:
        """For people's and machines' eyes, times as text."""
        until_ms = self.overlap_until_ms
        return {
            "log": self.log,
            "generation": self.generation,
            "version": self.version,
            "key": self.vkey,
            "first": self.first,
            "last": self.last,
            "overlap_until": None if until_ms is None else moment(until_ms),
        }


def list_keys(database: Database, site: str) -> list[KeyInfo]:
    """Every key that ever signed a log of the site, the oldest first."""
    query = (
        LogKey.select(
            Log.origin,
            LogKey.generation,
            LogKey.version,
            LogKey.vkey,
            LogKey.first_index,
            LogKey.last_index,
            LogKey.overlap_until_ms,
        )
        .join(Log, on=((Log.site == LogKey.site) & (Log.generation == LogKey.generation)))
        .where(LogKey.site == site)
        .order_by(LogKey.generation, LogKey.version)
    )
    return [KeyInfo(*row) for row in query.tuples().execute(database)]


def put_key(
    database: Database,
    site: str,
    generation: int,
    keys: KeysInUse,
    first_index: int,
    checkpoint: bytes | None = None,
) -> None:
    """Stores the newest of *keys*, public from entry *first_index* on, and how long the one
    before it goes on; *checkpoint* is the first that both signed."""
    LogKey.insert(
        site=site,
        generation=generation,
        version=keys.version,
        vkey=keys.newest.key.vkey,
        first_index=first_index,
        checkpoint=checkpoint,
    ).execute(database)
    if len(keys.signers) > 1:
        LogKey.update({LogKey.overlap_until_ms: keys.until_ms}).where(
            _of(site, generation) & (LogKey.version == keys.version - 1)
        ).execute(database)


def retire_keys(
    database: Database, site: str, generation: int, keys: KeysInUse, last_index: int
) -> None:
    """Ends every key older than *keys*: *last_index* is the last that one of them covers."""
    LogKey.update({LogKey.last_index: last_index}).where(
        _of(site, generation)
        & (LogKey.version < keys.oldest_version)
        & LogKey.last_index.is_null(True)
    ).execute(database)


def _of(site: str, generation: int) -> Any:
    return (LogKey.site == site) & (LogKey.generation == generation)
