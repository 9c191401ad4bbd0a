# SPDX-License-Identifier: MIT
"""The short way for what is plainly right: opened decisions, one after the other, checked at once.

Nearly every entry of a log is one. Each is read by one expression out of the bytes that come next,
and hashed; rows and records are made for all of them and compared with what comes next in their
files. Anything else, and whatever is wrong, is left to `log_walk`, which says what it is; nothing
is decided here that is not decided there.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from consent_ledger.derived import jsonld
from consent_ledger.derived.forms import (
    PLAIN_SUBJECT,
    REMEMBERED,
    REMEMBERED_BYTES,
    Form,
    Forms,
)
from consent_ledger.tlog.entry import (
    EVIDENCE_LABEL,
    LABEL,
    PRIVATE_ENTRY_BYTES,
    SUBJECT_LABEL,
    Kind,
)
from consent_ledger.tlog.errors import FormatError
from consent_ledger.verify.clock import bounds
from consent_ledger.verify.manifest import LogPart
from consent_ledger.verify.openings import OPENED_START, SALT
from consent_ledger.verify.parts import check_hour
from consent_ledger.verify.record_files import RecordFiles
from consent_ledger.verify.state import State

AHEAD_BYTES = 1 << 18  # of the openings, read before looking for plain ones

_ENTRY_START = LABEL + bytes((Kind.DECISION,))
_PART_END = b',"salt":"'
_EVIDENCE_REST = rb"," + SALT + rb',"index":(\d+)'
# After the evidence part; groups: its salt, the index, the subject part, its values, its salt.
_REST = re.compile(
    _EVIDENCE_REST + rb',"subject":\{"part":(' + PLAIN_SUBJECT + rb")," + SALT + rb"\}\n"
)
_REST_WITHHELD = re.compile(_EVIDENCE_REST + rb"\}\n")


@dataclass(slots=True)
class Run:
    """Entries in a row that are plainly right, but for what is derived from them."""

    count: int
    end: int  # where their openings end
    last: str  # the time of the last one
    rows: list[bytes] = field(default_factory=list)
    nodes: list[bytes] = field(default_factory=list)


class _Known:
    """An evidence part that is right, whatever entry it stands in."""

    __slots__ = ("earliest", "form", "hour", "latest")

    def __init__(self, hour: str, form: Form) -> None:
        self.form = form
        self.hour = hour[:-1].encode()
        self.earliest, self.latest = (each.encode() for each in bounds(hour))


class PlainDecisions:
    """Takes runs of plain decisions out of the files of one log."""

    def __init__(self, state: State, log: LogPart, files: RecordFiles) -> None:
        self._publications, self._clock, self._log = state.publications, state.clock, log
        self._files = files
        self._rest = _REST if files.with_subjects else _REST_WITHHELD
        self._forms = Forms(log.generation, files.with_subjects)
        self._known: dict[bytes, _Known] = {}
        self._hours: set[bytes] = set()  # that exist

    def read(self, first: int, entries: Sequence[bytes]) -> Run:
        """The plain ones at the beginning of *entries*, the first of which has the index *first*.

        Nothing is taken out of the files yet.
        """
        files, log = self._files, self._log
        openings = files.openings.records
        run = Run(0, openings.at, self._clock.last)
        if not log.first <= first < log.end or any(
            file.is_ahead for file in (files.openings, files.rows, files.nodes)
        ):
            return run
        openings.fill(AHEAD_BYTES)
        run.end = openings.at
        self._read(run, openings.buffer, first, entries[: log.end - first])
        return run

    def accept(self, run: Run) -> bool:
        """Takes the run out of the files, if what is derived is there; otherwise takes nothing."""
        if not run.count:
            return True
        files = self._files
        rows, nodes = b"".join(run.rows), jsonld.SEPARATOR.join([*run.nodes, b""])
        if not (files.rows.records.has(rows) and files.nodes.records.has(nodes)):
            return False
        files.rows.records.at += len(rows)
        files.nodes.records.at += len(nodes)
        files.openings.records.at = run.end
        self._clock.pass_on(run.last)
        return True

    def _read(self, run: Run, buffer: bytes, first: int, entries: Sequence[bytes]) -> None:
        rest, known_parts, hours = self._rest, self._known, self._hours
        rows, nodes, at, last = run.rows, run.nodes, run.end, run.last.encode()
        for index, entry in enumerate(entries, first):  # no more calls than it needs
            if not buffer.startswith(OPENED_START, at):
                break
            end = buffer.find(_PART_END, at)
            part = buffer[at + len(OPENED_START) : end]
            known = known_parts.get(part) or self._learn(part)
            match = rest.match(buffer, end) if known is not None else None
            if known is None or match is None:
                break
            found = match.groups(b"")
            committed = sha256(EVIDENCE_LABEL + a2b_base64(found[0]) + part).digest()
            if found[1] != b"%d" % index:
                break
            values = found[3:9] or None
            if values is not None:
                salt, hour, time = a2b_base64(found[9]), values[0][:13], values[3]
                committed = sha256(SUBJECT_LABEL + salt + found[2]).digest() + committed
                if (
                    entry != _ENTRY_START + committed
                    or time < last
                    or time[:13] != known.hour
                    or (hour not in hours and not self._exists(hour))
                ):
                    break
            else:
                time = max(known.earliest, last)
                if (
                    len(entry) != PRIVATE_ENTRY_BYTES
                    or not entry.startswith(_ENTRY_START)
                    or not entry.endswith(committed)
                    or known.latest < last
                ):
                    break
            rows.append(known.form.row(index, values))
            nodes.append(known.form.node(index, values))
            at, last = match.end(), time
        run.count, run.end, run.last = len(rows), at, last.decode()

    def _learn(self, part: bytes) -> _Known | None:
        """What to remember of an evidence part; None when it is not plainly right."""
        if len(part) > REMEMBERED_BYTES:
            return None
        hour, publication, errors = self._publications.check(Kind.DECISION, part)
        if errors or hour is None or publication is None or not self._publications.has(publication):
            return None
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        known = self._known[part] = _Known(hour, self._forms.of(part))
        return known

    def _exists(self, hour: bytes) -> bool:
        """Whether there is such an hour of such a day; what there is, is remembered."""
        try:
            check_hour("hour", hour.decode() + "Z")
        except FormatError:
            return False
        if len(self._hours) >= REMEMBERED:
            self._hours.clear()
        self._hours.add(hour)
        return True
