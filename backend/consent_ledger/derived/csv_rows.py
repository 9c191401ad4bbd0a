# SPDX-License-Identifier: MIT
"""Entries as rows of a table: RFC 4180, and no cell that a spreadsheet would take for a formula.

A row has a cell for each column; what was erased, withheld or never there is an empty cell. Lists
of ids are in the order of their bytes, separated by spaces.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from consent_ledger.tlog.entry import Kind

ENTRY_COLUMNS = ("generation", "index", "kind")
EVIDENCE_COLUMNS = (
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

LINE_END = b"\r\n"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

_KIND_NAMES = {kind: kind.name.lower().encode() for kind in Kind}
_NO_EVIDENCE = b"," * (len(EVIDENCE_COLUMNS) - 1)
_NO_SUBJECT = b"," * (len(SUBJECT_COLUMNS) - 1)


def header(with_subjects: bool) -> bytes:
    """The first line: the names of the columns."""
    columns = ENTRY_COLUMNS + EVIDENCE_COLUMNS + (SUBJECT_COLUMNS if with_subjects else ())
    return _cells(columns) + LINE_END


def row(
    generation: int,
    index: int,
    kind: Kind,
    evidence: Mapping[str, Any] | None,
    subject: Mapping[str, Any] | None,
    with_subjects: bool,
) -> bytes:
    """The line of an entry; a part is None when it is not at hand.

    Requires parts whose fields have the types that records give them.
    """
    return line(
        b"%d" % generation,
        b"%d" % index,
        kind,
        None if evidence is None else evidence_cells(evidence),
        None if subject is None else _subject_cells(subject),
        with_subjects,
    )


def line(
    generation: bytes,
    index: bytes,
    kind: Kind,
    evidence: bytes | None,
    subject: bytes | None,
    with_subjects: bool,
) -> bytes:
    """The line out of cells as they are written."""
    start = b"%b,%b,%b,%b" % (
        generation,
        index,
        _KIND_NAMES[kind],
        _NO_EVIDENCE if evidence is None else evidence,
    )
    if not with_subjects:
        return start + LINE_END
    return b"%b,%b\r\n" % (start, _NO_SUBJECT if subject is None else subject)


def evidence_cells(evidence: Mapping[str, Any]) -> bytes:
    """The cells of EVIDENCE_COLUMNS."""
    choices = [evidence.get(field, {}) for field in ("categories", "services")]
    return _cells(
        (
            *(evidence.get(key) for key in ("recorded_hour", "expires_hour", "action")),
            *(
                " ".join(sorted(key for key, value in part.items() if value is given))
                for part in choices
                for given in (True, False)
            ),
            *(
                evidence.get(key)
                for key in ("layer", "control", "gpc", "language", "origin", "notice", "build")
            ),
        )
    )


def _subject_cells(subject: Mapping[str, Any]) -> bytes:
    keys = ("id", *SUBJECT_COLUMNS[1:])
    return _cells(subject.get(key) for key in keys)


def _cells(values: Iterable[object]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(map(_inert, values))
    return text.getvalue().encode().removesuffix(LINE_END)


def _inert(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text
