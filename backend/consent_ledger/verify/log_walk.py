# SPDX-License-Identifier: MIT
"""One pass over a log: each entry in the tree, opened or accounted for, in time and in place."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from consent_ledger.derived import csv_rows, jsonld
from consent_ledger.tlog.entry import (
    EVIDENCE_LABEL,
    LABEL,
    PRIVATE_ENTRY_BYTES,
    SUBJECT_LABEL,
    Kind,
    PublicEntry,
    parse_entry,
)
from consent_ledger.tlog.errors import ProofError, shown
from consent_ledger.tlog.tile import ENTRIES, WIDTH
from consent_ledger.verify.clock import bounds
from consent_ledger.verify.erasures import misplaced
from consent_ledger.verify.manifest import LogPart
from consent_ledger.verify.members import CONTEXT, CSV, JSONLD, OPENINGS
from consent_ledger.verify.openings import Opened, Opening
from consent_ledger.verify.parts import (
    REASONS,
    read_erasure,
    read_evidence,
    read_public,
    read_subject,
    recorded_at,
)
from consent_ledger.verify.plain import PlainDecisions
from consent_ledger.verify.record_files import RecordFiles
from consent_ledger.verify.state import State
from consent_ledger.verify.tree import Tree

# Where the commitments stand in a private entry.
_SUBJECT = slice(len(LABEL) + 1, len(LABEL) + 33)
_EVIDENCE = slice(len(LABEL) + 33, PRIVATE_ENTRY_BYTES)
_STARTS = {LABEL + bytes((kind,)): kind for kind in Kind if kind.is_private}


@dataclass
class LogResult:
    """What the entries of a log turned out to be; parts are counted by part."""

    log: LogPart
    entries: Counter[Kind] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    erased: dict[str, Counter[str]] = field(
        default_factory=lambda: {reason: Counter() for reason in REASONS}
    )
    rotations: dict[int, dict[str, Any]] = field(default_factory=dict)  # kind 17, by index
    anchors: list[dict[str, Any]] = field(default_factory=list)  # kind 18: what came before


def walk(state: State, log: LogPart, tree: Tree) -> LogResult:
    """Checks every entry of *log* that the bundle holds; faults are added."""
    return _Walk(state, log, tree).run()


class _Walk:
    def __init__(self, state: State, log: LogPart, tree: Tree) -> None:
        self._state, self._log, self._tree = state, log, tree
        self._files = RecordFiles(state, log)
        self._plain = PlainDecisions(state, log, self._files)
        self._result = LogResult(log)
        self._path = ""  # of the entry bundle that is being read
        self._time: str | None = None  # of the entry that was read last, if it shows one
        self._neighbours = _neighbours(state, log)

    def run(self) -> LogResult:
        present = self._tree.entry_bundles()
        log = self._log
        covering = range(log.first // WIDTH, -(-log.end // WIDTH)) if log.first < log.end else ()
        beside = {index // WIDTH for index in self._neighbours}
        for bundle in sorted({*covering, *beside, *present}):
            self._path = self._tree.path(ENTRIES, bundle)
            try:
                entries = self._tree.read_entries(bundle)
            except ProofError as error:
                self._state.faults.add_error(error, log=log.origin, path=self._path)
                self._state.publications.is_whole = False
                self._files.skip((bundle + 1) * WIDTH)
                continue
            self._tree.check_leaves(bundle, entries)
            self._check_entries(bundle * WIDTH, entries)
            self._state.advance(len(entries))
        if log.end == log.size:
            self._check_end()
        self._state.clock.end_range()  # its end may stand in a bundle that cannot be read
        self._tree.check_other_leaves()
        self._files.finish()
        return self._result

    def _check_entries(self, first: int, entries: list[bytes]) -> None:
        """Those that are plainly right together, the others by themselves."""
        at = 0
        while at < len(entries):
            self._check_begin(first + at)
            run = self._plain.read(first + at, entries[at:])
            others = 1  # the one that ends the run
            if self._plain.accept(run):
                self._count(run.count)
                at += run.count
            else:
                others += run.count
            for data in entries[at : at + others]:
                self._check_entry(first + at, data)
                at += 1

    def _count(self, decisions: int) -> None:
        """Takes note of that many decisions that are opened."""
        result = self._result
        result.entries[Kind.DECISION] += decisions
        result.opened["evidence"] += decisions
        subjects = result.opened if self._files.with_subjects else result.withheld
        subjects["subject"] += decisions

    def _check_entry(self, index: int, data: bytes) -> None:
        if index == self._log.end:
            self._check_end()
        self._time = None
        self._read_entry(index, data)
        if index in self._neighbours:
            self._check_neighbour(index)

    def _read_entry(self, index: int, data: bytes) -> None:
        is_inside = self._log.first <= index < self._log.end
        kind = _STARTS.get(data[: len(LABEL) + 1])
        if kind is not None and len(data) == PRIVATE_ENTRY_BYTES:
            if is_inside:
                self._check_inside(index, kind, data)
            else:
                self._check_context(index, kind, data)
            return
        try:
            parsed = parse_entry(data)
        except ProofError as error:
            self._error(error, index, self._path)
            if is_inside:
                self._files.skip(index + 1)
            return
        assert isinstance(parsed, PublicEntry), "private entries were told by their first bytes"
        if is_inside:
            self._result.entries[parsed.kind] += 1
            self._check_row(index, parsed.kind, None, None)
        self._check_public(index, parsed)

    # --- private entries -----------------------------------------------------------------------

    def _check_inside(self, index: int, kind: Kind, data: bytes) -> None:
        """An entry that the bundle covers: every part is accounted for."""
        files, result, path = self._files, self._result, self._files.paths[OPENINGS]
        result.entries[kind] += 1
        is_there, opening = files.openings.find(index)
        if opening is None:
            self._fault(
                "opening", "bytes that are none" if is_there else "none", "one", index, path
            )
            files.rows.skip(index + 1)
            files.nodes.skip(index + 1)
            return
        if opening.has_subject is not files.with_subjects:
            found, expected = ("handed over", "withheld")[:: 1 if opening.has_subject else -1]
            self._fault("subject", found, f"{expected}, as of every entry", index, path)
        if not opening.has_subject:
            result.withheld["subject"] += 1
        holds = True
        for part, opened in (("subject", opening.subject), ("evidence", opening.evidence)):
            if opened is not None:
                result.opened[part] += 1
            elif part == "evidence" or opening.has_subject:
                holds &= self._check_erased(index, kind, part, path)
        holds &= self._check_opening(index, kind, data, opening, path)
        if holds:
            evidence, subject = opening.evidence, opening.subject
            self._check_derived(
                index,
                kind,
                None if evidence is None else evidence.part,
                None if subject is None else subject.part,
            )
        else:  # one fault is enough for what is derived from it
            files.rows.skip(index + 1)
            files.nodes.skip(index + 1)

    def _check_context(self, index: int, kind: Kind, data: bytes) -> None:
        """An entry that is only there for others: it may be opened, and then rightly."""
        is_there, opening = self._files.context.find(index)
        path = self._files.paths[CONTEXT]
        if opening is not None:
            self._check_opening(index, kind, data, opening, path)
        elif is_there:
            self._fault("opening", "bytes that are none", "one", index, path)

    def _check_erased(self, index: int, kind: Kind, part: str, path: str) -> bool:
        reason = self._state.erasures.reason(self._log, index, part)
        if reason is None:
            self._fault(part, "missing", "opened, or named by a later erasure entry", index, path)
            return False
        self._result.erased[reason][part] += 1
        if kind is Kind.ERASURE and part == "evidence":
            self._fault(part, f"erased ({reason})", "opened, as of each erasure", index, path)
            return False
        return True

    def _check_opening(
        self, index: int, kind: Kind, data: bytes, opening: Opening, path: str
    ) -> bool:
        """Whether what is opened is what the entry commits to, and says what it may."""
        hour = moment = None
        holds = True
        if opening.evidence is not None:
            if self._commits("evidence", opening.evidence, data, index, path):
                publications = self._state.publications
                hour, publication, errors = publications.check(kind, opening.evidence.part)
                for error in errors:
                    holds = False
                    self._error(error, index, path)
                if publication is not None and not publications.has(publication):
                    self._fault(
                        "evidence.notice",
                        f"notice {publication[0]} with build {publication[1]}",
                        "what an earlier entry published",
                        index,
                        path,
                    )
                if kind is Kind.ERASURE and not errors:
                    self._check_erasure(index, opening.evidence.part, path)
            else:
                holds = False
        if opening.subject is not None:
            if self._commits("subject", opening.subject, data, index, path):
                try:
                    moment = read_subject(kind, opening.subject.part)
                except ProofError as error:
                    self._error(error, index, path)
                    holds = False
            else:
                holds = False
        self._time = moment or (bounds(hour)[0] if hour else None)
        wrong = self._state.clock.advance(hour, moment)
        if wrong is not None:
            self._error(wrong, index, path)
        return holds

    def _commits(self, part: str, opened: Opened, data: bytes, index: int, path: str) -> bool:
        label, place = (
            (SUBJECT_LABEL, _SUBJECT) if part == "subject" else (EVIDENCE_LABEL, _EVIDENCE)
        )
        found = opened.commitment(label)
        if found == data[place]:
            return True
        self._fault(
            f"{part} commitment", found.hex(), f"the entry's {data[place].hex()}", index, path
        )
        return False

    def _check_erasure(self, index: int, part: bytes, path: str) -> None:
        items = read_erasure(read_evidence(Kind.ERASURE, part).document)
        logs = self._state.manifest.logs
        for error in misplaced(items, self._log, index, logs):
            self._error(error, index, path)

    # --- public entries ------------------------------------------------------------------------

    def _check_public(self, index: int, entry: PublicEntry) -> None:
        try:
            document = read_public(entry.kind, entry.body)
            self._time = recorded_at(entry.kind, document)
            wrong = self._state.clock.advance(None, self._time)
            if wrong is not None:
                raise wrong
        except ProofError as error:
            self._error(error, index, self._path)
            return
        if entry.kind is Kind.NOTICE:
            self._state.publications.add(self._log, index, document)
        elif entry.kind is Kind.SIGNING_KEY:
            self._result.rotations[index] = document
            if document["origin"] != self._log.origin:
                self._fault("body.origin", document["origin"], self._log.origin, index, self._path)
        elif index == len(self._result.anchors):
            self._result.anchors.append(document["previous"])
        else:
            self._fault("kind", "an anchor", "one of the first entries only", index, self._path)

    # --- the range of time ---------------------------------------------------------------------

    def _check_begin(self, index: int) -> None:
        """From the first entry of a range on, none is older than the range."""
        start, log = self._state.manifest.start, self._log
        if start is not None and index == log.first < log.end:
            self._state.clock.begin_range(start)

    def _check_end(self) -> None:
        """Up to the last entry of a range, none is younger than the range."""
        stop, log, last = self._state.manifest.stop, self._log, self._state.clock.last
        if stop is not None and log.first < log.end and last >= stop:
            path = self._files.paths[OPENINGS]
            self._fault("time", last, f"before {stop}, where the range ends", log.end - 1, path)
        self._state.clock.end_range()

    def _check_neighbour(self, index: int) -> None:
        """The entry before a range is older and the one after it is not: nothing is left out."""
        manifest = self._state.manifest
        if index < self._log.first:
            holds = self._time is not None and self._time < (manifest.start or "")
            expected = f"before {manifest.start}, where the range begins"
        else:
            holds = self._time is not None and self._time >= (manifest.stop or "")
            expected = f"from {manifest.stop} on, where the range ends"
        if not holds:
            path = self._files.paths[CONTEXT]
            self._fault("time", self._time or "none that is shown", expected, index, path)

    # --- derived files -------------------------------------------------------------------------

    def _check_derived(
        self, index: int, kind: Kind, evidence: bytes | None, subject: bytes | None
    ) -> None:
        self._check_row(index, kind, evidence, subject)
        if kind is not Kind.DECISION or evidence is None:
            return
        generation, path = self._log.generation, self._files.paths[JSONLD]
        is_there, found = self._files.nodes.find(index)

        def node(subject: bytes | None) -> bytes:
            return jsonld.node(generation, index, _parsed(evidence), _parsed(subject))

        expected = node(subject)
        if found == expected:
            return
        # Parts that were erased while the bundle was written may be missing from what came later.
        erased = self._state.erasures
        if not is_there and erased.reason(self._log, index, "evidence"):
            return
        if found == node(None) and erased.reason(self._log, index, "subject"):
            return
        self._differs("record", index, path, is_there, found, expected)

    def _check_row(
        self, index: int, kind: Kind, evidence: bytes | None, subject: bytes | None
    ) -> None:
        with_subjects = self._files.with_subjects
        is_there, found = self._files.rows.find(index)

        def row(evidence: bytes | None, subject: bytes | None) -> bytes:
            parts = _parsed(evidence), _parsed(subject)
            made = csv_rows.row(self._log.generation, index, kind, *parts, with_subjects)
            return made[: -len(csv_rows.LINE_END)]

        expected = row(evidence, subject)
        if found == expected:
            return
        if kind.is_private and found is not None:  # see above
            reason = self._state.erasures.reason
            parts = [evidence], [subject]
            for name, choices in zip(("evidence", "subject"), parts, strict=True):
                if reason(self._log, index, name):
                    choices.append(None)
            if any(found == row(e, s) for e in parts[0] for s in parts[1]):
                return
        self._differs("row", index, self._files.paths[CSV], is_there, found, expected)

    def _differs(
        self,
        name: str,
        index: int,
        path: str,
        is_there: bool,
        found: bytes | None,
        expected: bytes,
    ) -> None:
        what = "none" if not is_there else "bytes that are none" if found is None else shown(found)
        self._fault(name, what, f"{shown(expected)}, as the opening says", index, path)

    # --- faults --------------------------------------------------------------------------------

    def _fault(self, field: str, found: str, expected: str, index: int, path: str) -> None:
        self._state.faults.add(field, found, expected, log=self._log.origin, index=index, path=path)

    def _error(self, error: ProofError, index: int, path: str) -> None:
        self._state.faults.add_error(error, log=self._log.origin, index=index, path=path)


def _neighbours(state: State, log: LogPart) -> frozenset[int]:
    """The entries beside a range of time, which have to show their times."""
    manifest = state.manifest
    before = {log.first - 1} if manifest.start is not None and log.first else set()
    after = {log.end} if manifest.stop is not None and log.end < log.size else set()
    return frozenset(before | after)


def _parsed(part: bytes | None) -> Any:
    return None if part is None else json.loads(part)
