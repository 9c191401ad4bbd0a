# SPDX-License-Identifier: MIT
"""Which parts erasure entries account for: one byte for each entry that a bundle covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from consent_ledger.tlog.entry import Kind
from consent_ledger.tlog.errors import FormatError
from consent_ledger.verify.archive import MAX_LINE_BYTES
from consent_ledger.verify.manifest import LogPart
from consent_ledger.verify.openings import parse_line
from consent_ledger.verify.parts import ERASURE_SCHEMA, REASONS, Erased, read_erasure, read_evidence

_MARKER = ERASURE_SCHEMA.encode()
_SHIFT = {"subject": 0, "evidence": 2}  # two bits for each part: 0, or the number of the reason
_BITS = 3


def _table(part: str, reason: str) -> bytes:
    """What each byte becomes when *part* is erased for *reason*; the first reason stays."""
    shift, code = _SHIFT[part], REASONS.index(reason) + 1
    return bytes(
        each if each >> shift & _BITS else (each | code << shift) & 0xFF for each in range(256)
    )


_TABLES = {(part, reason): _table(part, reason) for part in _SHIFT for reason in REASONS}


class Erasures:
    """What the erasure entries of a bundle name, of any of its logs."""

    def __init__(self, logs: Iterable[LogPart]) -> None:
        self._logs = {log.origin: log for log in logs}
        self._marks = {origin: bytearray(log.end - log.first) for origin, log in self._logs.items()}

    def reason(self, log: LogPart, index: int, part: str) -> str | None:
        """Why *part* of an entry was erased, as a later erasure entry says; None if none does."""
        code = self._marks[log.origin][index - log.first] >> _SHIFT[part] & _BITS
        return REASONS[code - 1] if code else None

    def add(self, log: LogPart, index: int, item: Erased) -> None:
        """Entry *index* of *log* accounts for *item*."""
        about = self._logs.get(item.origin)
        if about is None:
            return
        marks, table = self._marks[item.origin], _TABLES[item.part, item.reason]
        end = about.end if about.generation < log.generation else min(about.end, index)
        if about.generation > log.generation:
            return
        for first, last in item.ranges:
            start, stop = max(first, about.first) - about.first, min(last + 1, end) - about.first
            if start < stop:
                marks[start:stop] = marks[start:stop].translate(table)


def gather(erasures: Erasures, log: LogPart, pieces: Iterable[bytes], among: range) -> None:
    """Takes in the erasure entries, openings of *log*, whose index is in *among*.

    *pieces* are the bytes of a file, whose lines come in the order of the entries. Malformed ones
    say nothing here: they are reported when their entry is checked.
    """
    for line in _lines_with(_MARKER, pieces):
        parsed = parse_line(line)
        if parsed is None or parsed[0] not in among or parsed[1].evidence is None:
            continue
        try:
            document = read_evidence(Kind.ERASURE, parsed[1].evidence.part).document
            for item in read_erasure(document):
                erasures.add(log, parsed[0], item)
        except FormatError:
            continue


def _lines_with(mark: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines in which *mark* stands; most pieces have none, and are not cut into lines."""
    rest = b""
    for piece in pieces:
        whole, _, rest = (rest + piece).rpartition(b"\n")
        if mark in whole:
            yield from (line for line in whole.split(b"\n") if mark in line)
        if len(rest) > MAX_LINE_BYTES:
            return  # reported when the file is checked


def misplaced(
    items: Iterable[Erased], log: LogPart, index: int, logs: Iterable[LogPart]
) -> Iterator[FormatError]:
    """What entry *index* of *log* cannot account for: entries that are not before it."""
    generations = {each.origin: each for each in logs}
    for at, item in enumerate(items):
        about = generations.get(item.origin)
        if about is None or not item.ranges:
            continue
        last = item.ranges[-1][1]
        limit = index if about.origin == log.origin else about.size
        if about.generation > log.generation or last >= limit:
            yield FormatError(
                f"evidence.erased[{at}].indexes",
                f"{last} of {item.origin}",
                "entries that stand before this one",
            )
