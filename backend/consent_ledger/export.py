# SPDX-License-Identifier: MIT
"""Every entry of a site's logs, in order, streamed: memory stays constant and reads stay short.

What an entry holds stays out unless it was asked for: subject parts single people out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from consent_banner import canonical

from consent_ledger.db import Database
from consent_ledger.derived import csv_rows, jsonld
from consent_ledger.export_lines import (
    Tell,
    csv_lines,
    entry_lines,
    jsonld_document,
    jsonld_nodes,
)
from consent_ledger.export_pages import StoredLog
from consent_ledger.export_range import EVERYTHING, Range, Span, as_held, read_spans
from consent_ledger.logs import describe
from consent_ledger.sites import SiteInfo, get_site
from consent_ledger.timestamps import moment, now_ms

SCHEMA = "consent-ledger/export/v1"

NDJSON, CSV, JSONLD, BUNDLE = FORMATS = ("ndjson", "csv", "jsonld", "bundle")
SUFFIXES = {NDJSON: ".ndjson", CSV: ".csv", JSONLD: ".jsonld", BUNDLE: ".zip"}
MEDIA_TYPES = {
    NDJSON: "application/x-ndjson",
    CSV: "text/csv",
    JSONLD: "application/ld+json",
    BUNDLE: "application/zip",
}
ENTRIES = "X-Entries"  # header with the number of entries that will follow

# The last line of a stream that broke off. It is no entry in either format.
BROKEN_OFF = {
    NDJSON: b'{"error":"this export broke off here; ask for it again"}\n',
    CSV: b"ERROR: this export broke off here; ask for it again\r\n",
}
# The other formats have an end of their own, without which no reader takes them for whole: the
# document's last bracket, and the record that ends a ZIP file.
ENDS = {
    JSONLD: re.compile(re.escape(jsonld.END) + rb"\Z"),
    BUNDLE: re.compile(rb"PK\x05\x06.{18}\Z", re.DOTALL),
}

log = logging.getLogger(__name__)


def ignore(_count: int) -> None:
    """For those who do not want to know how far it is."""


@dataclass(frozen=True)
class Export:
    """What will be exported: sizes are fixed when it is made, so it is complete up to there."""

    database: Database
    site: SiteInfo
    with_subjects: bool
    range: Range
    spans: tuple[Span, ...]

    @property
    def size(self) -> int:
        """Number of entries."""
        return sum(span.end - span.first for span in self.spans)

    def lines(self, form: str, tell: Tell = ignore) -> Iterator[bytes]:
        """The export as pieces of *form*, any of FORMATS but a bundle.

        *tell* is told how many entries more were written.
        """
        writers: dict[str, Callable[[Tell], Iterator[bytes]]] = {
            NDJSON: self._ndjson,
            CSV: self._csv,
            JSONLD: self._jsonld,
        }
        return writers[form](tell)

    def _ndjson(self, tell: Tell) -> Iterator[bytes]:
        """A line that says what follows, then a line for each entry, all canonical JSON."""
        head = {
            "schema": SCHEMA,
            "site": self.site.site,
            "parts": ["evidence", "subject"] if self.with_subjects else ["evidence"],
            "range": self.range.to_dict(),
            "logs": [
                {
                    "origin": span.origin,
                    "generation": span.generation,
                    "size": span.size,
                    "first": span.first,
                    "end": span.end,
                }
                for span in self.spans
            ],
            "exported_at": moment(now_ms()),
        }
        yield canonical.dumps(head) + b"\n"
        for stored, span in self._logs():
            yield from entry_lines(stored, span.first, span.end, self.with_subjects, tell)

    def _csv(self, tell: Tell) -> Iterator[bytes]:
        yield csv_rows.header(self.with_subjects)
        for stored, span in self._logs():
            yield from csv_lines(stored, span.first, span.end, self.with_subjects, tell)

    def _jsonld(self, tell: Tell) -> Iterator[bytes]:
        """One document for all generations: their origins differ in the generation only."""
        nodes = (
            jsonld_nodes(stored, span.first, span.end, self.with_subjects, tell)
            for stored, span in self._logs()
        )
        start = jsonld.start(self.site.site, self.site.name, self.site.log_origin)
        return jsonld_document(start, chain.from_iterable(nodes))

    def _logs(self) -> Iterator[tuple[StoredLog, Span]]:
        for span in self.spans:
            yield StoredLog(self.database, self.site.site, span.generation), span


def prepare_export(
    database: Database, site: str, *, with_subjects: bool, wanted: Range = EVERYTHING
) -> Export:
    """An export of what *site*'s logs hold now. Raises: SiteUnknown; InvalidFields for a range in
    which nothing was recorded."""
    info = get_site(database, site)
    spans = read_spans(database, site, wanted)
    return Export(database, info, with_subjects, as_held(wanted, spans), spans)


def guarded(pieces: Iterator[bytes], form: str) -> Iterator[bytes]:
    """The same, for streams whose end cannot say that something went wrong: the last line does, or
    what should end them is missing."""
    try:
        yield from pieces
    except Exception as error:
        log.error("an export broke off: %s", describe(error))
        if form in BROKEN_OFF:
            yield BROKEN_OFF[form]
