# SPDX-License-Identifier: MIT
"""What does not hold, and where: every fault is counted, the first ones are kept to be shown."""

from collections import Counter
from dataclasses import dataclass, field

from consent_ledger.tlog.errors import ProofError

SHOWN_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not hold; *log* is an origin, *path* a member of the bundle."""

    log: str | None
    index: int | None
    path: str | None
    field: str
    found: str
    expected: str

    def to_dict(self) -> dict[str, object]:
        return {
            "log": self.log,
            "index": self.index,
            "path": self.path,
            "field": self.field,
            "found": self.found,
            "expected": self.expected,
        }


@dataclass
class Faults:
    """All faults of one verification."""

    first: list[Fault] = field(default_factory=list)
    total: int = 0
    failed: Counter[str] = field(default_factory=Counter)  # entries with a fault, by log
    _last: tuple[str | None, int | None] = (None, None)

    def add(
        self,
        name: str,
        found: object,
        expected: object,
        *,
        log: str | None = None,
        index: int | None = None,
        path: str | None = None,
    ) -> None:
        """Counts a fault in the field *name*; one entry with several counts as failed once."""
        self.total += 1
        if len(self.first) < SHOWN_FAULTS:
            self.first.append(Fault(log, index, path, name, str(found), str(expected)))
        if log is not None and index is not None and (log, index) != self._last:
            self.failed[log] += 1
            self._last = (log, index)

    def add_error(
        self,
        error: ProofError,
        *,
        log: str | None = None,
        index: int | None = None,
        path: str | None = None,
    ) -> None:
        """The same for what a parser or a proof refused."""
        self.add(error.field, error.found, error.expected, log=log, index=index, path=path)
