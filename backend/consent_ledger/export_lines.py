# SPDX-License-Identifier: MIT
"""The lines of an export: openings as canonical JSON, and what `derived` makes of the same parts.

Bytes are put together here instead of documents encoded: parts are stored as canonical JSON, and
this runs a hundred thousand times in a second.
"""

from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator

from consent_ledger.derived import jsonld
from consent_ledger.derived.forms import Forms
from consent_ledger.errors import SetupError
from consent_ledger.export_pages import (
    EVIDENCE_OPENINGS,
    EVIDENCE_PARTS,
    OPENINGS,
    PARTS,
    Row,
    StoredLog,
    pages,
)
from consent_ledger.tlog.entry import LABEL, Kind

Tell = Callable[[int], object]

_KIND_AT = len(LABEL)
_KINDS = {int(kind): kind for kind in Kind}

# What reading bytes that are no part, or not of that kind, may raise.
_NO_RECORD = (ValueError, KeyError, TypeError, AttributeError)


def opening(part: bytes | None, salt: bytes | None) -> bytes:
    """A part with its salt, or null when it was erased."""
    if part is None or salt is None:
        return b"null"
    return b'{"part":%b,"salt":"%b"}' % (part, b2a_base64(salt, newline=False))


def opening_line(row: Row, with_subjects: bool) -> bytes:
    """A line of openings.ndjson for a row of OPENINGS or EVIDENCE_OPENINGS."""
    index, _, evidence_part, evidence_salt, subject_part, subject_salt = row
    evidence = opening(evidence_part, evidence_salt)
    if not with_subjects:
        return b'{"evidence":%b,"index":%d}\n' % (evidence, index)
    return b'{"evidence":%b,"index":%d,"subject":%b}\n' % (
        evidence,
        index,
        opening(subject_part, subject_salt),
    )


def opening_lines(
    log: StoredLog, first: int, end: int, with_subjects: bool, tell: Tell
) -> Iterator[bytes]:
    """openings.ndjson: a line for each private entry of [first, end)."""
    sql = OPENINGS if with_subjects else EVIDENCE_OPENINGS
    for start, stop in pages(first, end):
        rows = log.fetch(sql, start, stop)
        yield b"".join([opening_line(row, with_subjects) for row in rows])
        tell(stop - start)


def entry_lines(
    log: StoredLog, first: int, end: int, with_subjects: bool, tell: Tell
) -> Iterator[bytes]:
    """A line for each entry of [first, end): its bytes, and the openings of a private one."""
    sql = OPENINGS if with_subjects else EVIDENCE_OPENINGS
    missing = (None,) * 6
    for start, stop in pages(first, end):
        opened = {row[0]: row for row in log.fetch(sql, start, stop)}
        entries = log.entries(start, stop)
        yield b"".join(
            [
                _entry_line(log.generation, index, data, opened.get(index, missing), with_subjects)
                for index, data in enumerate(entries, start)
            ]
        )
        tell(len(entries))


def _entry_line(generation: int, index: int, data: bytes, row: Row, with_subjects: bool) -> bytes:
    kind = data[_KIND_AT]
    shown = b2a_base64(data, newline=False)
    if kind >= Kind.NOTICE:
        return b'{"entry":"%b","generation":%d,"index":%d,"kind":%d,"public":%b}\n' % (
            shown,
            generation,
            index,
            kind,
            data[_KIND_AT + 1 :],
        )
    _, _, evidence_part, evidence_salt, subject_part, subject_salt = row
    subject = b',"subject":' + opening(subject_part, subject_salt) if with_subjects else b""
    return b'{"entry":"%b","evidence":%b,"generation":%d,"index":%d,"kind":%d%b}\n' % (
        shown,
        opening(evidence_part, evidence_salt),
        generation,
        index,
        kind,
        subject,
    )


def csv_lines(
    log: StoredLog, first: int, end: int, with_subjects: bool, tell: Tell
) -> Iterator[bytes]:
    """A row for each entry of [first, end), without the header."""
    make = Forms(log.generation, with_subjects).row
    sql = PARTS if with_subjects else EVIDENCE_PARTS
    for start, stop in pages(first, end):
        rows = log.with_public(sql, start, stop)
        try:
            made = [make(row[0], _KINDS[row[1]], row[2], row[3]) for row in rows]
        except _NO_RECORD:
            raise _damaged(log, rows) from None
        yield b"".join(made)
        tell(stop - start)


def jsonld_nodes(
    log: StoredLog, first: int, end: int, with_subjects: bool, tell: Tell
) -> Iterator[bytes]:
    """The decisions of [first, end) whose evidence is there, a separator *before* each."""
    make, separator = Forms(log.generation, with_subjects).node, jsonld.SEPARATOR
    sql = PARTS if with_subjects else EVIDENCE_PARTS
    for start, stop in pages(first, end):
        rows = log.fetch(sql, start, stop)
        try:
            made = [
                make(index, evidence, subject)
                for index, kind, evidence, subject in rows
                if kind == Kind.DECISION and evidence is not None
            ]
        except _NO_RECORD:
            raise _damaged(log, rows) from None
        if made:
            yield separator + separator.join(made)
        tell(stop - start)


def _damaged(log: StoredLog, rows: Iterable[Row]) -> SetupError:
    """What to say about the first of *rows* out of which no record can be made."""
    forms = Forms(log.generation, with_subjects=True)
    for index, kind, evidence, subject in rows:
        try:
            forms.row(index, _KINDS[kind], evidence, subject)
            if kind == Kind.DECISION and evidence is not None:
                forms.node(index, evidence, subject)
        except _NO_RECORD:
            return log.damaged(f"entry {index}")
    raise AssertionError("_damaged: each of these rows makes a record")


def jsonld_document(start: bytes, nodes: Iterable[bytes]) -> Iterator[bytes]:
    """The whole document out of nodes with a separator before each."""
    yield start
    is_first = True
    for piece in nodes:
        if is_first and piece:
            piece, is_first = piece.removeprefix(jsonld.SEPARATOR), False
        yield piece
    yield jsonld.END
