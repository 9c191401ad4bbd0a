# SPDX-License-Identifier: MIT
"""One log of a bundle: the signed head that it ends with, and which of its entries are needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from consent_ledger.bundle_tiles import Interval
from consent_ledger.errors import SetupError, Unavailable
from consent_ledger.export_pages import OF_KIND, OPENINGS, StoredLog, steps
from consent_ledger.export_range import Range, Span
from consent_ledger.models import Log, LogKey, Publication
from consent_ledger.tlog.encoding import format_base64
from consent_ledger.tlog.entry import LABEL, Kind

SCAN = 20_000  # indexes to a read that looks for the few entries of a kind


@dataclass(frozen=True, slots=True)
class Key:
    """A key that signed checkpoints from that of the tree which ends with entry *first*."""

    vkey: str
    first: int
    last: int | None
    checkpoint: bytes | None  # the one that it signed together with the key before it

    def to_dict(self) -> dict[str, object]:
        return {"key": self.vkey, "first": self.first, "last": self.last}


@dataclass(slots=True)
class BundledLog:
    """A generation as the bundle holds it."""

    stored: StoredLog
    span: Span
    size: int
    root: bytes
    checkpoint: bytes
    keys: list[Key]
    publications: list[tuple[int, bytes]]  # index below `end`, SHA-256 of the notice
    context: list[int] = field(default_factory=list)  # private, opened, and outside [first, end)
    neighbours: list[int] = field(default_factory=list)  # their times bound those of the range

    @property
    def intervals(self) -> list[Interval]:
        """The entries whose bytes are in the bundle at least: first and last of each interval."""
        first, end = self.span.first, self.span.end
        single = [*self.context, *self.neighbours, *(index for index, _ in self.publications)]
        single += [key.first for key in self.keys if key.first]
        if self.span.generation > 1:
            single.append(0)  # the anchor: which log it continues
        return [*([(first, end - 1)] if first < end else []), *((each, each) for each in single)]

    def to_dict(self) -> dict[str, object]:
        """What the manifest says of it."""
        span = self.span
        return {
            "generation": span.generation,
            "origin": span.origin,
            "size": self.size,
            "root": format_base64(self.root),
            "first": span.first,
            "end": span.end,
            "keys": [key.to_dict() for key in self.keys],
        }


def read_log(stored: StoredLog, span: Span) -> BundledLog:
    """The log of *span* as it is signed now, still without its context.

    Raises: SetupError when it has no key.
    """
    log = (Log.site == stored.site) & (Log.generation == stored.generation)
    ((size, root, checkpoint),) = stored.read(
        Log.select(Log.size, Log.root, Log.checkpoint).where(log)
    )
    keys = stored.read(
        LogKey.select(LogKey.vkey, LogKey.first_index, LogKey.last_index, LogKey.checkpoint)
        .where(
            (LogKey.site == stored.site)
            & (LogKey.generation == stored.generation)
            & (LogKey.first_index < size)  # a rotation after this head is not in this bundle
        )
        .order_by(LogKey.version)
    )
    if not keys or checkpoint is None:
        raise SetupError(f"the database does not say which key signs the log {span.origin}")
    publications = stored.read(
        Publication.select(Publication.entry_index, Publication.notice)
        .where(
            (Publication.site == stored.site)
            & (Publication.generation == stored.generation)
            & (Publication.entry_index < span.end)
        )
        .order_by(Publication.entry_index)
    )
    return BundledLog(
        stored,
        span,
        size,
        bytes(root),
        bytes(checkpoint),
        [Key(*row) for row in keys],
        [(index, bytes(notice)) for index, notice in publications],
    )


def find_neighbours(log: BundledLog, wanted: Range) -> list[int]:
    """The entries beside [first, end) whose times show that the range of *wanted* is all there.

    A range that goes up to now needs none after it.
    """
    first, end = log.span.first, log.span.end
    found = [first - 1] if wanted.start is not None and first else []
    return [*found, end] if wanted.stop is not None and end < log.size else found


def find_context(log: BundledLog, spans: Sequence[Span]) -> list[int]:
    """Private entries outside [first, end) that are opened too, in order.

    These are the neighbours, and each erasure entry that names an index of *spans*. Those come
    after what they name, so none stands before a range.
    Raises: Unavailable when a neighbour was erased since the export began.
    """
    found: set[int] = set()
    end = log.span.end
    for index in log.neighbours:
        for _, _, evidence_part, *_ in log.stored.fetch(OPENINGS, index, index + 1):
            if evidence_part is None:
                raise Unavailable("an entry beside the range was erased meanwhile; ask again")
            found.add(index)
    for start, stop in steps(end, log.size, SCAN):
        for index, evidence_part in log.stored.fetch(OF_KIND, start, stop, int(Kind.ERASURE)):
            if evidence_part is None:
                continue
            try:
                names = _names(json.loads(evidence_part), spans)
            except (ValueError, KeyError, TypeError):
                raise log.stored.damaged(f"entry {index}") from None
            if names:
                found.add(index)
    return sorted(found)


def _names(evidence: dict[str, Any], spans: Sequence[Span]) -> bool:
    """Whether an erasure entry accounts for a part of an index within *spans*."""
    within = {span.origin: span for span in spans}
    return any(
        first < span.end and last >= span.first
        for item in evidence["erased"]
        if (span := within.get(item["origin"])) is not None
        for first, last in item["indexes"]
    )


def screenshots_of(log: BundledLog) -> Iterator[bytes]:
    """SHA-256 of each screenshot that the publications name, as often as they name it.

    Raises: SetupError for one whose entry is no publication.
    """
    for index, _ in log.publications:
        (data,) = log.stored.entries(index, index + 1)
        try:
            shots = json.loads(data[len(LABEL) + 1 :]).get("screenshots", [])
            yield from [bytes.fromhex(shot["sha256"]) for shot in shots]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise log.stored.damaged(f"entry {index}") from None
