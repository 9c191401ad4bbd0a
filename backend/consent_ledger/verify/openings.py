# SPDX-License-Identifier: MIT
"""Lines that open private entries, and finding the line of an index in files that are in order.

{"evidence":{"part":E,"salt":"…"}|null,"index":n[,"subject":{"part":S,"salt":"…"}|null]}
"""

import re
from binascii import a2b_base64
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar

from consent_ledger.tlog.errors import FormatError

T = TypeVar("T")

_SALT = rb'"salt":"([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)"\}'  # 32 bytes, spare bits zero
_PART_START = b'{"part":'
_START = b'{"evidence":'
_OPENED = re.compile(rb"," + _SALT + rb',"index":(0|[1-9][0-9]{0,18})')
_ERASED = re.compile(rb'null,"index":(0|[1-9][0-9]{0,18})')
_SUBJECT = re.compile(rb',"subject":(?:(null)|\{"part":(\{.*\}),' + _SALT + rb")\}", re.DOTALL)


class Opened(NamedTuple):
    """A part as it was handed over, and the salt of its commitment."""

    part: bytes
    salt: bytes

    def commitment(self, label: bytes) -> bytes:
        return sha256(label + self.salt + self.part).digest()


class Opening(NamedTuple):
    """One line; a part is None when it was erased. *has_subject* tells withheld from erased."""

    evidence: Opened | None
    subject: Opened | None
    has_subject: bool


def parse_line(line: bytes) -> tuple[int, Opening] | None:
    """The index of a line and what it opens; None for another spelling.

    The parts are cut out as bytes; that each is canonical JSON is for its reader to check.
    """
    if not line.startswith(_START):
        return None
    at = len(_START)
    evidence = None
    if line.startswith(_PART_START, at):
        # No part holds the key "salt", so the first one ends the evidence.
        end = line.find(b',"salt":"', at)
        match = _OPENED.match(line, end) if end > 0 else None
        if match is None:
            return None
        evidence = Opened(line[at + len(_PART_START) : end], a2b_base64(match[1]))
        index = match[2]
    else:
        match = _ERASED.match(line, at)
        if match is None:
            return None
        index = match[1]
    at = match.end()
    if line[at:] == b"}":
        return int(index), Opening(evidence, None, False)
    match = _SUBJECT.fullmatch(line, at)
    if match is None:
        return None
    subject = None if match[1] else Opened(match[2], a2b_base64(match[3]))
    return int(index), Opening(evidence, subject, True)


class InOrder(Generic[T]):
    """Records of a file in the order of their index, asked for by indexes that grow.

    *parse* gives the index of a record and what it is, or None for one that cannot be read: that
    counts as the record of the index asked for. *unexpected* is told of records nobody asked for.
    """

    def __init__(
        self,
        records: Iterator[bytes],
        parse: Callable[[bytes], tuple[int, T] | None],
        unexpected: Callable[[int | None], None],
        damaged: Callable[[FormatError], None],
    ) -> None:
        self._records, self._parse = records, parse
        self._unexpected, self._damaged = unexpected, damaged
        self._held: tuple[int, T] | None = None

    def find(self, index: int) -> tuple[bool, T | None]:
        """Whether there is a record of *index*, and what it is, None if it cannot be read."""
        held, self._held = self._held, None
        while True:  # runs for each record of three files: no more calls than it needs
            if held is None:
                record = self._next()
                if record is None:
                    return False, None
                held = self._parse(record)
                if held is None:
                    return True, None
            found = held[0]
            if found == index:
                return True, held[1]
            if found > index:
                self._held = held
                return False, None
            self._unexpected(found)
            held = None

    def skip(self, end: int) -> None:
        """Passes over the records of indexes below *end*."""
        while self._held is None or self._held[0] < end:
            record = self._next()
            self._held = None if record is None else self._parse(record)
            if record is None:
                return

    def finish(self) -> None:
        """Reports the records that are left."""
        if self._held is not None:
            self._unexpected(self._held[0])
            self._held = None
        while (record := self._next()) is not None:
            parsed = self._parse(record)
            self._unexpected(None if parsed is None else parsed[0])

    def _next(self) -> bytes | None:
        try:
            return next(self._records, None)
        except FormatError as error:
            self._damaged(error)
            return None
