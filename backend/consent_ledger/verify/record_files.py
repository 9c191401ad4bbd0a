# SPDX-License-Identifier: MIT
"""The four files of a log that follow its entries: openings, context, and the derived two."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from consent_ledger.derived import csv_rows, jsonld
from consent_ledger.tlog.errors import FormatError, shown
from consent_ledger.verify.archive import Stream
from consent_ledger.verify.manifest import LogPart
from consent_ledger.verify.members import CONTEXT, CSV, JSONLD, OPENINGS, log_path
from consent_ledger.verify.openings import parse_line
from consent_ledger.verify.records import InOrder, Records
from consent_ledger.verify.state import State

T = TypeVar("T")
Parse = Callable[[bytes], "tuple[int, T] | None"]


class RecordFiles:
    """The records of these files by the index of their entry, asked for in order."""

    def __init__(self, state: State, log: LogPart) -> None:
        self._state, self._log = state, log
        self._streams: list[Stream] = []
        self.with_subjects = "subject" in state.manifest.parts
        self.paths = {
            name: log_path(log.generation, name) for name in (OPENINGS, CONTEXT, CSV, JSONLD)
        }
        self.openings = self._in_order(OPENINGS, self._lines(OPENINGS), parse_line)
        self.context = self._in_order(CONTEXT, self._lines(CONTEXT), parse_line)
        self.rows = self._in_order(CSV, self._lines(CSV, csv_rows.LINE_END), self._parse_row)
        self.nodes = self._in_order(JSONLD, self._nodes(), self._parse_node)
        self._check_header()

    def skip(self, end: int) -> None:
        """Passes over what is about entries below *end*, which are not there to be checked."""
        for file in (self.openings, self.rows, self.nodes):
            file.skip(min(end, self._log.end))
        self.context.skip(end)

    def finish(self) -> None:
        """Reports what is left over, and reads each file to its end."""
        for file in (self.openings, self.context, self.rows, self.nodes):
            file.finish()
        for stream in self._streams:
            self._state.finish(stream)

    # --- the records of each file ---------------------------------------------------------------

    def _stream(self, name: str) -> Stream | None:
        """The file; None when the bundle holds none, which is well where it would be empty."""
        path = self.paths[name]
        if path in self._state.archive:
            stream = self._state.archive.stream(path)
            self._streams.append(stream)
            return stream
        if name != CONTEXT and self._log.first < self._log.end:
            self._fault(name, "file", "no such member", "a part of every bundle")
        return None

    def _lines(self, name: str, end: bytes = b"\n") -> Records:
        return Records(self._stream(name), end, _no_line)

    def _check_header(self) -> None:
        expected = csv_rows.header(self.with_subjects)
        first = self.rows.next()
        if first is not None and first + csv_rows.LINE_END != expected:
            self._fault(CSV, "first line", shown(first), shown(expected))

    def _nodes(self) -> Records:
        manifest = self._state.manifest
        start = jsonld.start(manifest.site, manifest.name, self._log.origin)

        def last(rest: bytes) -> bytes | None:
            if not rest.endswith(jsonld.END):
                self._fault(JSONLD, "end", shown(rest[-60:]), shown(jsonld.END))
            return rest.removesuffix(jsonld.END) or None

        stream = self._stream(JSONLD)
        records = Records(stream, jsonld.SEPARATOR, last if stream is not None else _no_line)
        if records.has(start):
            records.at += len(start)
        elif stream is not None and not records.is_damaged:
            found = records.buffer[: len(start)]
            self._fault(JSONLD, "start", shown(found), shown(start))
        return records

    def _parse_row(self, row: bytes) -> tuple[int, bytes] | None:
        generation, _, rest = row.partition(b",")
        index = rest.partition(b",")[0]
        if generation == b"%d" % self._log.generation and _is_number(index):
            return int(index), row
        return None

    def _parse_node(self, node: bytes) -> tuple[int, bytes] | None:
        start = b'{"@id":"%d#' % self._log.generation
        index = node[len(start) : node.find(b'"', len(start))]
        if node.startswith(start) and _is_number(index):
            return int(index), node
        return None

    def _in_order(self, name: str, records: Records, parse: Parse[T]) -> InOrder[T]:
        path = self.paths[name]

        def unexpected(index: int | None) -> None:
            self._fault(
                name,
                "record",
                "one that cannot be read" if index is None else f"one of entry {index}",
                "one for each entry, in their order",
                index,
            )

        def damaged(error: FormatError) -> None:
            self._state.faults.add_error(error, log=self._log.origin, path=path)

        return InOrder(records, parse, unexpected, damaged)

    def _fault(
        self, name: str, field: str, found: str, expected: str, index: int | None = None
    ) -> None:
        self._state.faults.add(
            field, found, expected, log=self._log.origin, index=index, path=self.paths[name]
        )


def _no_line(rest: bytes) -> None:
    """What follows the last line. Raises: FormatError unless that is nothing."""
    if rest:
        raise FormatError("end of the file", "no line end", "one after each line")


def _is_number(digits: bytes) -> bool:
    return 0 < len(digits) < 20 and digits.isdigit()
