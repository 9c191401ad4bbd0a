# SPDX-License-Identifier: MIT
"""What the checks of one bundle share: the open file, what it claims, and what was seen so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from consent_ledger.tlog.entry import Kind
from consent_ledger.tlog.errors import FormatError, ProofError
from consent_ledger.verify.archive import Archive, Stream
from consent_ledger.verify.clock import Clock
from consent_ledger.verify.erasures import Erasures
from consent_ledger.verify.faults import Faults
from consent_ledger.verify.manifest import LogPart, Manifest
from consent_ledger.verify.notices import AskedNotice, contradictions, parse_notice
from consent_ledger.verify.parts import read_evidence

REMEMBERED = 4096
REMEMBERED_BYTES = 8192  # larger parts are rare, and would fill the memory


class CheckedEvidence(NamedTuple):
    """What an evidence part says, and what is wrong with it by itself and by its notice."""

    hour: str | None
    publication: tuple[str, str] | None  # notice and build of a decision
    errors: tuple[ProofError, ...]


class Publications:
    """The notices of a bundle, and which of them have been published so far."""

    def __init__(self, archive: Archive, site: str) -> None:
        self._archive, self._site = archive, site
        self._notices: dict[str, AskedNotice | FormatError] = {}
        self._known: dict[tuple[Kind, bytes], CheckedEvidence] = {}
        self._published: set[tuple[str, str]] = set()
        self.is_whole = True  # unless entries are missing, which may have been publications
        self.needed: dict[str, tuple[str, int]] = {}  # notice to where it was first published
        self.screenshots: dict[str, tuple[str, int]] = {}  # the same of pictures

    def add(self, log: LogPart, index: int, document: dict[str, Any]) -> None:
        """Takes in a publication entry."""
        self._published.add((document["notice"], document["build"]))
        if index < log.end:
            self.needed.setdefault(document["notice"], (log.origin, index))
            for each in document["screenshots"]:
                self.screenshots.setdefault(each["sha256"], (log.origin, index))

    def has(self, publication: tuple[str, str]) -> bool:
        """Whether an entry so far published this notice with this build, as far as can be known."""
        return publication in self._published or not self.is_whole

    def notice(self, sha256: str) -> AskedNotice:
        """A notice in the bundle. Raises: FormatError."""
        if sha256 not in self._notices:
            self._notices[sha256] = self._read(sha256)
        found = self._notices[sha256]
        if isinstance(found, FormatError):
            raise found
        return found

    def _read(self, sha256: str) -> AskedNotice | FormatError:
        path = f"notices/{sha256}.json"
        if path not in self._archive:
            return FormatError(
                "evidence.notice", f"{sha256}, which is not here", f"the file {path}"
            )
        try:
            notice = parse_notice(self._archive.read(path))
        except FormatError as error:
            return error
        if notice.site != self._site:
            return FormatError("site.id of the notice", notice.site, self._site)
        return notice

    def check(self, kind: Kind, part: bytes) -> CheckedEvidence:
        """What *part* says; remembered, as evidence names nobody and the same bytes come often."""
        if len(part) > REMEMBERED_BYTES:
            return self._check(kind, part)
        known = self._known.get((kind, part))
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[kind, part] = self._check(kind, part)
        return known

    def _check(self, kind: Kind, part: bytes) -> CheckedEvidence:
        try:
            hour, document = read_evidence(kind, part)
        except ProofError as error:
            return CheckedEvidence(None, None, (error,))
        if kind is not Kind.DECISION:
            return CheckedEvidence(hour, None, ())
        publication = document["notice"], document["build"]
        try:
            notice = self.notice(document["notice"])
        except FormatError as error:
            return CheckedEvidence(hour, publication, (error,))
        return CheckedEvidence(hour, publication, tuple(contradictions(document, notice)))


@dataclass
class State:
    """One verification of one bundle."""

    archive: Archive
    manifest: Manifest
    faults: Faults
    erasures: Erasures
    publications: Publications
    advance: Callable[[int], None]  # told how many entries were checked
    clock: Clock = field(default_factory=Clock)
    hashes: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    def finish(self, stream: Stream) -> None:
        """Reads the rest of a member; its size and hashes are kept for the manifest's."""
        path = stream.member.name
        try:
            sha256, packed = stream.finish()
        except FormatError as error:
            self.faults.add_error(error, path=path)
            return
        self.hashes[path] = stream.size_bytes, sha256, packed
