# SPDX-License-Identifier: MIT
"""Every entry of a site's logs, in order, streamed: memory stays constant and reads stay short.

What an entry holds stays out unless it was asked for: subject parts single people out.
"""

import base64
import csv
import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import peewee
from consent_banner import canonical

from consent_ledger.db import Database
from consent_ledger.logs import describe
from consent_ledger.models import Entry, Log, Record
from consent_ledger.sites import get_site
from consent_ledger.timestamps import moment, now_ms
from consent_ledger.tlog import entry

SCHEMA = "consent-ledger/export/v1"
PAGE = 500  # entries to a read: a long read would keep the write-ahead log from being reset

FORMATS = ("ndjson", "csv")
ENTRIES = "X-Entries"  # header with the number of entries that will follow
MEDIA_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv"}

# The last line of a stream that broke off. It is no entry in either format.
BROKEN_OFF = {
    "ndjson": b'{"error":"this export broke off here; ask for it again"}\n',
    "csv": b"ERROR: this export broke off here; ask for it again\r\n",
}

COLUMNS = (
    "generation",
    "index",
    "kind",
    "recorded_hour",
    "expires_hour",
    "action",
    "categories_given",
    "categories_refused",
    "services_given",
    "services_refused",
    "layer",
    "control",
    "gpc",
    "language",
    "origin",
    "notice",
    "build",
)
SUBJECT_COLUMNS = ("record", "subject", "seq", "recorded_at", "decided_at", "previous")

log = logging.getLogger(__name__)

Row = tuple[int, bytes, bytes | None, bytes | None, bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Span:
    """A generation of a site's log and how far an export of it goes."""

    origin: str
    generation: int
    size: int


@dataclass(frozen=True)
class Export:
    """What will be exported: sizes are fixed when it is made, so it is complete up to there."""

    database: Database
    site: str
    with_subjects: bool
    spans: tuple[Span, ...]

    @property
    def size(self) -> int:
        """Number of entries."""
        return sum(span.size for span in self.spans)

    def write(self, form: str) -> Iterator[bytes]:
        """The export as pieces of *form*, one of FORMATS: a first line, then one for each entry."""
        writers: dict[str, Callable[[], Iterator[bytes]]] = {"ndjson": self.ndjson, "csv": self.csv}
        return writers[form]()

    def write_guarded(self, form: str) -> Iterator[bytes]:
        """The same for streams whose end cannot say that something went wrong: a last line does."""
        try:
            yield from self.write(form)
        except Exception as error:
            log.error("an export broke off: %s", describe(error))
            yield BROKEN_OFF[form]

    def ndjson(self) -> Iterator[bytes]:
        """A line that says what follows, then a line for each entry, all canonical JSON."""
        yield (
            canonical.dumps(
                {
                    "schema": SCHEMA,
                    "site": self.site,
                    "parts": ["evidence", "subject"] if self.with_subjects else ["evidence"],
                    "logs": [
                        {
                            "origin": span.origin,
                            "generation": span.generation,
                            "size": span.size,
                        }
                        for span in self.spans
                    ],
                    "exported_at": moment(now_ms()),
                }
            )
            + b"\n"
        )
        for span, rows in self._pages():
            yield b"".join(self._line(span, row) for row in rows)

    def _line(self, span: Span, row: Row) -> bytes:
        index, data, subject_part, subject_salt, evidence_part, evidence_salt = row
        parsed = entry.parse_entry(data)
        line = [b'{"entry":"', base64.b64encode(data), b'"']
        if isinstance(parsed, entry.PrivateEntry):
            line += [b',"evidence":', _opening(evidence_part, evidence_salt)]
        line.append(
            b',"generation":%d,"index":%d,"kind":%d' % (span.generation, index, parsed.kind)
        )
        if isinstance(parsed, entry.PublicEntry):
            line += [b',"public":', parsed.body]
        elif self.with_subjects:
            line += [b',"subject":', _opening(subject_part, subject_salt)]
        line.append(b"}\n")
        return b"".join(line)

    def csv(self) -> Iterator[bytes]:
        """A row of names, then a row for each entry; lists of ids are separated by spaces."""
        yield _csv([COLUMNS + (SUBJECT_COLUMNS if self.with_subjects else ())])
        for span, rows in self._pages():
            yield _csv([self._cells(span, row) for row in rows])

    def _cells(self, span: Span, row: Row) -> tuple[object, ...]:
        index, data, subject_part, _, evidence_part, _ = row
        kind = entry.parse_entry(data).kind
        evidence: dict[str, Any] = json.loads(evidence_part) if evidence_part else {}
        categories, services = evidence.get("categories", {}), evidence.get("services", {})
        cells: tuple[object, ...] = (
            span.generation,
            index,
            kind.name.lower(),
            *(evidence.get(key) for key in ("recorded_hour", "expires_hour", "action")),
            *(
                " ".join(sorted(key for key, value in part.items() if value is given))
                for part in (categories, services)
                for given in (True, False)
            ),
            *(
                evidence.get(key)
                for key in ("layer", "control", "gpc", "language", "origin", "notice", "build")
            ),
        )
        if self.with_subjects:
            subject: dict[str, Any] = json.loads(subject_part) if subject_part else {}
            cells += tuple(
                subject.get(key)
                for key in ("id", "subject", "seq", "recorded_at", "decided_at", "previous")
            )
        return cells

    def _pages(self) -> Iterator[tuple[Span, list[Row]]]:
        for span in self.spans:
            for start in range(0, span.size, PAGE):
                yield span, self._page(span, start, min(start + PAGE, span.size))

    def _page(self, span: Span, start: int, end: int) -> list[Row]:
        query = (
            Entry.select(
                Entry.entry_index,
                Entry.entry,
                Record.subject_part,
                Record.subject_salt,
                Record.evidence_part,
                Record.evidence_salt,
            )
            .join(
                Record,
                peewee.JOIN.LEFT_OUTER,
                on=(
                    (Record.site == Entry.site)
                    & (Record.generation == Entry.generation)
                    & (Record.entry_index == Entry.entry_index)
                ),
            )
            .where(
                (Entry.site == self.site)
                & (Entry.generation == span.generation)
                & (Entry.entry_index >= start)
                & (Entry.entry_index < end)
            )
            .order_by(Entry.entry_index)
        )
        # Run by the thread that streams, which may hold no connection, and gives it back at once.
        held = not self.database.is_closed()
        if held:
            return list(query.tuples().execute(self.database))
        with self.database.connection_context():
            return list(query.tuples().execute(self.database))


def prepare_export(database: Database, site: str, *, with_subjects: bool) -> Export:
    """An export of everything that *site*'s logs hold now. Raises: SiteUnknown."""
    get_site(database, site)
    spans = (
        Log.select(Log.origin, Log.generation, Log.size)
        .where(Log.site == site)
        .order_by(Log.generation)
        .tuples()
        .execute(database)
    )
    return Export(database, site, with_subjects, tuple(Span(*row) for row in spans))


def _opening(part: bytes | None, salt: bytes | None) -> bytes:
    """A part with its salt, or null when it was erased."""
    if part is None or salt is None:
        return b"null"
    return b'{"part":%b,"salt":"%b"}' % (part, base64.b64encode(salt))


def _csv(rows: list[tuple[object, ...]]) -> bytes:
    """RFC 4180, except that a cell which a spreadsheet would take for a formula starts with '."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(map(_inert, row) for row in rows)
    return text.getvalue().encode()


def _inert(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text
