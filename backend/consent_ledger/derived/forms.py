# SPDX-License-Identifier: MIT
"""Rows and records of many decisions, fast: a form for each evidence part, filled in by entry.

Evidence names nobody, so the same bytes come often: what is made of them is made once, with gaps
for the index and for what the subject part says. Subject parts are all different, but always of one
shape: an expression takes the values out of their bytes. What is not of that shape is made by
`csv_rows.row` and `jsonld.node`, whose word counts.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from consent_ledger.derived import csv_rows, jsonld
from consent_ledger.tlog.entry import Kind

REMEMBERED = 1024
REMEMBERED_BYTES = 8192  # larger parts are rare, and would fill the memory

_MOMENT = rb"(\d{4}-\d\d-\d\dT\d\d:[0-5]\d:[0-5]\d\.\d{3}Z)"

# A decision's subject part. Its groups are a PlainSubject; none of them needs an escape, neither in
# JSON nor in CSV.
PLAIN_SUBJECT = (
    rb'\{"decided_at":"%b","id":"([0-9a-f]{32})","previous":(?:null|"([0-9a-f]{32})"),'
    rb'"recorded_at":"%b","seq":([1-9][0-9]{0,15}),"subject":"([0-9a-f]{64})"\}'
    % (_MOMENT, _MOMENT)
)
_PLAIN_SUBJECT = re.compile(PLAIN_SUBJECT)

# decided_at, id, previous (empty for none), recorded_at, seq, subject
PlainSubject = Sequence[bytes]
_GAP = b"%b"


def plain_subject(part: bytes) -> PlainSubject | None:
    """The values of a decision's subject part; None for any other part, which has to be parsed."""
    match = _PLAIN_SUBJECT.fullmatch(part)
    return match.groups(b"") if match else None


class Form:
    """What is made of an evidence part, but for the gaps."""

    def __init__(self, generation: int, evidence: dict[str, Any], with_subjects: bool) -> None:
        """*evidence* is as `csv_rows.row` and `jsonld.node` want it."""
        number = b"%d" % generation
        cells = _escaped(csv_rows.evidence_cells(evidence))
        pieces = jsonld.Pieces(*map(_escaped, jsonld.pieces(evidence)))
        places = number, b"%d", Kind.DECISION, cells
        self._row = csv_rows.line(*places, b"%b,%b,%b,%b,%b,%b", with_subjects)
        self._row_alone = csv_rows.line(*places, None, with_subjects)
        gaps = jsonld.ShownSubject(*[_GAP] * 4)
        self._node_after = jsonld.fill(number, b"%d", pieces, gaps)
        self._node_first = jsonld.fill(number, b"%d", pieces, gaps._replace(previous=b""))
        self._node_alone = jsonld.fill(number, b"%d", pieces, None)

    def row(self, index: int, subject: PlainSubject | None) -> bytes:
        """The line of the table; *subject* is None when it is not at hand."""
        if subject is None:
            return self._row_alone % index
        decided_at, record, previous, recorded_at, seq, person = subject
        return self._row % (index, record, person, seq, recorded_at, decided_at, previous)

    def node(self, index: int, subject: PlainSubject | None) -> bytes:
        """The consent record."""
        if subject is None:
            return self._node_alone % (index, index)
        _, record, previous, recorded_at, _, person = subject
        if previous:
            return self._node_after % (index, recorded_at, record, previous, person)
        return self._node_first % (index, recorded_at, record, person)


class Forms:
    """The forms of a log; the last ones that were asked for are remembered."""

    def __init__(self, generation: int, with_subjects: bool) -> None:
        """*with_subjects*: the table has columns for subject parts."""
        self._generation, self._with_subjects = generation, with_subjects
        self._known: dict[bytes, Form] = {}

    def of(self, evidence_part: bytes) -> Form:
        """The form of a decision's evidence."""
        form = self._known.get(evidence_part)
        if form is None:
            evidence = json.loads(evidence_part)
            form = Form(self._generation, evidence, self._with_subjects)
            if len(evidence_part) <= REMEMBERED_BYTES:
                if len(self._known) >= REMEMBERED:
                    self._known.clear()  # cheaper than keeping an order: parts come by the hour
                self._known[evidence_part] = form
        return form

    def row(
        self, index: int, kind: Kind, evidence_part: bytes | None, subject_part: bytes | None
    ) -> bytes:
        """The line of any entry, as `csv_rows.row` makes it, out of parts as canonical JSON."""
        shown = subject_part if self._with_subjects else None
        plain = plain_subject(shown) if shown is not None else None
        if kind is Kind.DECISION and evidence_part is not None and (plain or shown is None):
            return self.of(evidence_part).row(index, plain)
        parts = _parsed(evidence_part), _parsed(shown)
        return csv_rows.row(self._generation, index, kind, *parts, self._with_subjects)

    def node(self, index: int, evidence_part: bytes | None, subject_part: bytes | None) -> bytes:
        """A decision's record, as `jsonld.node` makes it, out of parts as canonical JSON."""
        plain = plain_subject(subject_part) if subject_part is not None else None
        if evidence_part is not None and (plain or subject_part is None):
            return self.of(evidence_part).node(index, plain)
        parts = _parsed(evidence_part), _parsed(subject_part)
        return jsonld.node(self._generation, index, *parts)


def _escaped(text: bytes) -> bytes:
    """*text* as it has to stand in a form."""
    return text.replace(b"%", b"%%")


def _parsed(part: bytes | None) -> Any:
    return None if part is None else json.loads(part)
