# SPDX-License-Identifier: MIT
"""An export that an outsider verifies offline: one streamed ZIP file. BUNDLE.md describes it.

The order of work makes it harmless that people are erased while it is streamed, and nothing has to
wait for it:

1. [first, end) is fixed. Then openings are read, page by page, and what is derived from them.
2. The erasures that wait for being announced are announced.
3. Only then the signed head is read, with the rest of the log below it.

Destroying a part and noting it for announcement is one transaction. So whoever reads a part in
step 1 finds either the part, or nothing, and then the note is there already; step 2 turns each such
note into an entry, and step 3 reads a tree that holds it. What is destroyed after its opening was
written stays opened in this bundle, as if it had been asked for a moment earlier. What is derived
is read after the openings, so it can lack a part that they open (an entry says that it was erased),
and never show one that they lack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from consent_ledger import __version__
from consent_ledger.bundle_log import (
    BundledLog,
    find_context,
    find_neighbours,
    read_log,
    screenshots_of,
)
from consent_ledger.bundle_readme import readme
from consent_ledger.bundle_tiles import TileRun, needed_tiles
from consent_ledger.derived import csv_rows, jsonld
from consent_ledger.errors import NotFound, Unavailable
from consent_ledger.export import Export, ignore
from consent_ledger.export_lines import (
    Tell,
    csv_lines,
    jsonld_document,
    jsonld_nodes,
    opening_line,
    opening_lines,
)
from consent_ledger.export_pages import EVIDENCE_OPENINGS, OPENINGS, StoredLog, steps
from consent_ledger.export_range import Span
from consent_ledger.models import Log, Notice, Screenshot
from consent_ledger.timestamps import moment, now_ms
from consent_ledger.tlog.entry_bundle import encode_bundle
from consent_ledger.tlog.tile import ENTRIES, WIDTH, Tile, tile_width
from consent_ledger.trusted_json import encode
from consent_ledger.zip_stream import Written, ZipStream

SCHEMA = "consent-ledger/bundle/v1"
PASSES = 4  # times that each entry is read: openings, table, JSON-LD, log
BUNDLES = 16  # entry bundles to a read


class Bundle:
    """One bundle of a site; `pieces` streams it, once, in constant memory."""

    def __init__(
        self,
        export: Export,
        announce: Callable[[], object],
        tell: Tell = ignore,
    ) -> None:
        """*announce* accounts in the log for whatever of the site was erased; *tell* is told how
        many entries more were read, each of them PASSES times in all.

        Raises: NotFound when there is no entry yet.
        """
        self._database = export.database
        self._site = export.site
        self._spans = tuple(span for span in export.spans if span.size)
        self._range = export.range
        self._with_subjects = export.with_subjects
        self._announce_pending = announce
        self._tell = tell
        self._zip = ZipStream()
        self._files: list[Written] = []
        if not self._spans:
            raise NotFound(f"the log of site {export.site.site!r} has no entry yet")

    def pieces(self) -> Iterator[bytes]:
        """The file, front to back."""
        text = readme(self._site, self._spans, self._range, self._with_subjects)
        yield from self._member("README.txt", [text])
        logs: list[BundledLog] = []
        for span in self._spans:
            stored = StoredLog(self._database, self._site.site, span.generation)
            yield from self._records(stored, span)
            if span is self._spans[-1]:  # only the newest generation takes entries
                self._announce()
            log = read_log(stored, span)
            log.neighbours = find_neighbours(log, self._range)
            log.context = find_context(log, self._spans)
            yield from self._proofs(log)
            logs.append(log)
        yield from self._published(logs)
        yield from self._zip.member("manifest.json", [self._manifest(logs)], packed=False)
        yield from self._zip.end()

    def _member(self, name: str, pieces: Iterable[bytes], *, long: bool = False) -> Iterator[bytes]:
        """A member that the manifest lists."""
        yield from self._zip.member(name, pieces, long=long)
        assert self._zip.last is not None, "Bundle._member: a member was written"
        self._files.append(self._zip.last)

    def _announce(self) -> None:
        site = self._site.site
        self._announce_pending()
        newest = StoredLog(self._database, site, self._spans[-1].generation).read(
            Log.select(Log.generation)
            .where((Log.site == site) & (Log.size > 0))
            .order_by(Log.generation.desc())
            .limit(1)
        )
        if newest != [(self._spans[-1].generation,)]:
            raise Unavailable("a new generation of the log began during this export; ask again")

    # --- what a log holds, in the order of the bundle ------------------------------------------

    def _records(self, stored: StoredLog, span: Span) -> Iterator[bytes]:
        """Openings, and what is derived from the same parts."""
        part = (stored, span.first, span.end, self._with_subjects, self._tell)
        folder = f"logs/{span.generation}"
        yield from self._member(f"{folder}/openings.ndjson", opening_lines(*part), long=True)
        table = chain([csv_rows.header(self._with_subjects)], csv_lines(*part))
        yield from self._member(f"{folder}/records.csv", table, long=True)
        start = jsonld.start(self._site.site, self._site.name, span.origin)
        document = jsonld_document(start, jsonld_nodes(*part))
        yield from self._member(f"{folder}/records.jsonld", document, long=True)

    def _proofs(self, log: BundledLog) -> Iterator[bytes]:
        """Context, signed heads, tiles and entries."""
        folder = f"logs/{log.span.generation}"
        yield from self._member(f"{folder}/context.ndjson", self._context(log), long=True)
        yield from self._member(f"{folder}/checkpoint", [log.checkpoint])
        for key in log.keys:
            if key.checkpoint is not None:
                name = f"{folder}/rotations/{key.first}.checkpoint"
                yield from self._member(name, [key.checkpoint])
        for run in needed_tiles(log.size, log.intervals):
            tiles = (
                self._entries(log, run) if run.level == ENTRIES else log.stored.tiles(run, log.size)
            )
            for tile, data in tiles:
                yield from self._zip.member(f"{folder}/{tile.path}", [data], packed=False)

    def _context(self, log: BundledLog) -> Iterator[bytes]:
        sql = OPENINGS if self._with_subjects else EVIDENCE_OPENINGS
        for index in log.context:
            for row in log.stored.fetch(sql, index, index + 1):
                yield opening_line(row, self._with_subjects)

    def _entries(self, log: BundledLog, run: TileRun) -> Iterator[tuple[Tile, bytes]]:
        """The entry bundles of *run*, several to a read."""
        for start, stop in steps(run.first, run.last + 1, BUNDLES):
            entries = log.stored.entries(start * WIDTH, min(stop * WIDTH, log.size))
            for index in range(start, stop):
                at = (index - start) * WIDTH
                tile = Tile(ENTRIES, index, tile_width(ENTRIES, index, log.size))
                yield tile, encode_bundle(entries[at : at + tile.width])
            self._tell(len(entries))

    # --- what all logs of the site share ---------------------------------------------------------

    def _published(self, logs: list[BundledLog]) -> Iterator[bytes]:
        """Each notice and each screenshot that the publications name."""
        shared = StoredLog(self._database, self._site.site, self._spans[-1].generation)
        notices = {notice: (log, at) for log in logs for at, notice in log.publications}
        for sha256, (log, index) in sorted(notices.items(), key=lambda each: each[0]):
            condition = (Notice.site == self._site.site) & (Notice.notice == sha256)
            rows = shared.read(Notice.select(Notice.document).where(condition))
            if not rows:
                raise log.stored.damaged(f"entry {index}: its notice {sha256.hex()} is missing")
            yield from self._member(f"notices/{sha256.hex()}.json", rows[0])
        shots = {shot for log in logs for shot in screenshots_of(log)}
        for sha256 in sorted(shots):
            condition = (Screenshot.site == self._site.site) & (Screenshot.sha256 == sha256)
            for (image,) in shared.read(Screenshot.select(Screenshot.image).where(condition)):
                yield from self._member(f"screenshots/{sha256.hex()}.png", [image])

    def _manifest(self, logs: list[BundledLog]) -> bytes:
        parts, withheld = ["evidence"], [{"part": "subject", "reason": "not asked for"}]
        if self._with_subjects:
            parts, withheld = ["evidence", "subject"], []
        return encode(
            {
                "schema": SCHEMA,
                "site": self._site.site,
                "name": self._site.name,
                "generator": f"consent-ledger {__version__}",
                "exported_at": moment(now_ms()),
                "parts": parts,
                "withheld": withheld,
                "range": self._range.to_dict(),
                "logs": [log.to_dict() for log in logs],
                "files": [
                    {
                        "path": file.name,
                        "bytes": file.size_bytes,
                        "sha256": file.sha256,
                        "packed": file.packed_sha256,
                    }
                    for file in self._files
                ],
            }
        )
