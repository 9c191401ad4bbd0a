# SPDX-License-Identifier: MIT
"""The times that entries give for themselves."""

from dataclasses import dataclass

from consent_ledger.tlog.errors import FormatError


@dataclass
class Clock:
    """The time of the entries, which never goes back, not even from a generation to the next."""

    last: str = ""
    _before_range: str | None = None  # `last` as it was, until an entry of the range shows a time

    def begin_range(self, start: str) -> None:
        """From here on no entry is older than *start*."""
        self._before_range, self.last = self.last, max(self.last, start)

    def end_range(self) -> None:
        """Entries of which none showed a time say nothing about those of the next generation."""
        if self._before_range is not None:
            self.last, self._before_range = self._before_range, None

    def pass_on(self, last: str) -> None:
        """Takes in entries whose times were compared; *last* is that of the last of them."""
        self.last, self._before_range = last, None

    def advance(self, hour: str | None, moment: str | None) -> FormatError | None:
        """Takes in the next entry's times; what is wrong with them, if anything is."""
        if moment is None:
            if hour is None:
                return None
            low, high = bounds(hour)
        else:
            low = high = moment
        last = self.last
        self.pass_on(low if high < last else max(low, last))
        if high < last:
            return FormatError("time", hour or moment or "", f"at least {last}, as of one before")
        if hour is not None and moment is not None and hour[:-1] != moment[:13]:
            return FormatError("evidence.recorded_hour", hour, f"{moment[:13]}Z, of recorded_at")
        return None


def bounds(hour: str) -> tuple[str, str]:
    """The first and the last millisecond of an hour."""
    return hour[:-1] + ":00:00.000Z", hour[:-1] + ":59:59.999Z"
