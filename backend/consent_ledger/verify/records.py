# SPDX-License-Identifier: MIT
"""The records of a file that follows a log's entries: asked for by index, or compared as bytes."""

from collections.abc import Callable
from typing import Generic, TypeVar

from consent_ledger.tlog.errors import FormatError
from consent_ledger.verify.archive import MAX_LINE_BYTES, Stream

T = TypeVar("T")


class Records:
    """A member from front to back: its next record, or the bytes that come next.

    Those are `buffer` from `at` on. A record ends with *separator*; *last* is given what follows
    the last separator, and says whether that is a record, and which.
    """

    def __init__(
        self, stream: Stream | None, separator: bytes, last: Callable[[bytes], bytes | None]
    ) -> None:
        """*stream* is None for a file that is not there: it has no records."""
        self._pieces = stream.pieces() if stream is not None else None
        self._separator, self._last = separator, last
        self._error: FormatError | None = None
        self.buffer = b""
        self.at = 0

    @property
    def is_damaged(self) -> bool:
        """Whether what follows `buffer` cannot be read, which `next` will raise."""
        return self._error is not None

    def fill(self, count: int) -> None:
        """Lets at least *count* bytes come next, if there are so many."""
        missing = count - (len(self.buffer) - self.at)
        if missing <= 0 or self._pieces is None:
            return
        held = [self.buffer[self.at :]]
        while missing > 0:
            try:
                piece = next(self._pieces, None)
            except FormatError as error:
                self._error, piece = error, None
            if piece is None:
                self._pieces = None
                break
            held.append(piece)
            missing -= len(piece)
        self.buffer, self.at = b"".join(held), 0

    def has(self, expected: bytes) -> bool:
        """Whether these bytes come next."""
        self.fill(len(expected))
        return self.buffer.startswith(expected, self.at)

    def next(self) -> bytes | None:
        """The next record; None after the last one.

        Raises: FormatError for damage, for a record of more than 4 MB, and whatever *last* raises.
        """
        searched = 0
        while (end := self.buffer.find(self._separator, self.at + searched)) < 0:
            ahead = len(self.buffer) - self.at
            if ahead > MAX_LINE_BYTES:
                self._close()
                raise FormatError(
                    "length of a record", f"{ahead} bytes", f"at most {MAX_LINE_BYTES}"
                )
            if self._pieces is None:
                return self._end()
            searched = max(0, ahead - len(self._separator))
            self.fill(ahead + 1)
        record = self.buffer[self.at : end]
        self.at = end + len(self._separator)
        return record

    def _end(self) -> bytes | None:
        """What to make of the rest, which no separator ends."""
        rest, error, last = self.buffer[self.at :], self._error, self._last
        self._close()
        if error is not None:
            raise error
        return last(rest)

    def _close(self) -> None:
        """Lets nothing come next."""
        self.buffer, self.at = b"", 0
        self._pieces, self._error, self._last = None, None, lambda _: None


class InOrder(Generic[T]):
    """Records of a file in the order of their index, asked for by indexes that grow.

    *parse* gives the index of a record and what it is, or None for one that cannot be read: that
    counts as the record of the index asked for. *unexpected* is told of records nobody asked for.
    """

    def __init__(
        self,
        records: Records,
        parse: Callable[[bytes], tuple[int, T] | None],
        unexpected: Callable[[int | None], None],
        damaged: Callable[[FormatError], None],
    ) -> None:
        self.records, self._parse = records, parse
        self._unexpected, self._damaged = unexpected, damaged
        self._held: tuple[int, T] | None = None

    @property
    def is_ahead(self) -> bool:
        """Whether a record was taken out of `records` already that nobody asked for yet."""
        return self._held is not None

    def find(self, index: int) -> tuple[bool, T | None]:
        """Whether there is a record of *index*, and what it is, None if it cannot be read."""
        held, self._held = self._held, None
        while True:
            if held is None:
                record = self.next()
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
            record = self.next()
            self._held = None if record is None else self._parse(record)
            if record is None:
                return

    def finish(self) -> None:
        """Reports the records that are left."""
        if self._held is not None:
            self._unexpected(self._held[0])
            self._held = None
        while (record := self.next()) is not None:
            parsed = self._parse(record)
            self._unexpected(None if parsed is None else parsed[0])

    def next(self) -> bytes | None:
        """The next record, read or not; None after the last one, or after damage."""
        try:
            return self.records.next()
        except FormatError as error:
            self._damaged(error)
            return None
