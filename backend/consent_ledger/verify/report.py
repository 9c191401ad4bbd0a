# SPDX-License-Identifier: MIT
"""What a verification found, for programs and for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from consent_ledger.verify.faults import Fault, Faults

if TYPE_CHECKING:
    from consent_ledger.verify.log_walk import LogResult

SCHEMA = "consent-ledger/report/v1"
VERIFIED, FAILED = "verified", "failed"
UNAUTHENTICATED = "consistent, signer not authenticated"
EXIT_CODES = {VERIFIED: 0, FAILED: 1, UNAUTHENTICATED: 3}

CANNOT_SHOW = (
    "Whether decisions were made that were never sent to this log: "
    "a log shows what it holds, not what it was never given.",
    "Whether the operator's clock was right: times are the operator's; "
    "only their order, and cosignatures by others, bound them.",
    "Who sat at the keyboard: a decision belongs to whoever holds its token, "
    "and the log knows nobody by name.",
)

_MEANINGS = {
    VERIFIED: "VERIFIED: all of it holds, and a key that you pinned vouches for it.",
    UNAUTHENTICATED: (
        "CONSISTENT, SIGNER NOT AUTHENTICATED: all of it fits together, but anyone could have "
        "made it.\nName the log's key with --key to learn who did."
    ),
}


@dataclass
class Report:
    """The outcome; *facts* are sentences about what a proof or a receipt says."""

    kind: Literal["bundle", "receipt", "proof"]
    faults: Faults
    is_authenticated: bool
    site: str | None = None
    logs: list[LogResult] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)  # more of a proof or a receipt
    checkpoint: bytes | None = None  # the newest, to be kept for next time

    @property
    def verdict(self) -> str:
        if self.faults.total:
            return FAILED
        return VERIFIED if self.is_authenticated else UNAUTHENTICATED

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "schema": SCHEMA,
            "kind": self.kind,
            "verdict": self.verdict,
            "site": self.site,
            "logs": [self._log(result) for result in self.logs],
            **self.details,
            "faults": [fault.to_dict() for fault in self.faults.first],
            "faults_total": self.faults.total,
            "cannot_show": list(CANNOT_SHOW),
        }

    def _log(self, result: LogResult) -> dict[str, Any]:
        def by_part(count: Any) -> dict[str, int]:
            return {part: count[part] for part in ("subject", "evidence")}

        return {
            "origin": result.log.origin,
            "generation": result.log.generation,
            "size": result.log.size,
            "first": result.log.first,
            "end": result.log.end,
            "entries": {kind.name.lower(): count for kind, count in sorted(result.entries.items())},
            "opened": by_part(result.opened),
            "withheld": by_part(result.withheld),
            "erased": {reason: by_part(count) for reason, count in result.erased.items()},
            "failed": self.faults.failed[result.log.origin],
        }

    def to_text(self, name: str) -> str:
        """The report for people; *name* is the file's."""
        lines = [f"{name}: {_KINDS[self.kind]}{f' of {self.site}' if self.site else ''}", ""]
        lines += self.facts
        for entry in self.to_dict()["logs"]:
            lines += _log_lines(entry)
        if self.faults.total:
            lines += ["", *_fault_lines(self.faults)]
        lines += ["", _MEANINGS.get(self.verdict, f"FAILED: {_count(self.faults.total)}.")]
        lines += ["", "What no log can show:", *(f"- {each}" for each in CANNOT_SHOW)]
        return "\n".join(map(_printable, lines))


_KINDS = {
    "bundle": "an export",
    "receipt": "a receipt",
    "proof": "the bare proof of an entry",
}


def _printable(line: str) -> str:
    """What a file says is shown, and never obeyed by a terminal."""
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in line
    )


def _count(faults: int) -> str:
    return "1 thing does not hold" if faults == 1 else f"{faults:,} things do not hold"


def _span(log: dict[str, Any]) -> str:
    if log["first"] == log["end"]:
        return f"some of its {log['size']:,} entries, which others need"
    return f"entries {log['first']:,} to {log['end'] - 1:,} of {log['size']:,}"


def _log_lines(log: dict[str, Any]) -> list[str]:
    def parts(count: dict[str, int]) -> str:
        return f"{count['evidence']:,} evidence, {count['subject']:,} subject parts"

    lines = [
        f"Log {log['origin']}: {_span(log)}",
        "  entries   " + ", ".join(f"{count:,} {kind}" for kind, count in log["entries"].items()),
        f"  opened    {parts(log['opened'])}",
    ]
    if any(log["withheld"].values()):
        lines.append(f"  withheld  {parts(log['withheld'])}")
    lines += [
        f"  erased    {parts(count)} (reason: {reason})"
        for reason, count in log["erased"].items()
        if any(count.values())
    ]
    lines.append(f"  failed    {log['failed']:,} entries")
    return lines


def _fault_lines(faults: Faults) -> list[str]:
    lines = [f"{_count(faults.total)}:"]
    for fault in faults.first:
        lines.append(f"- {_place(fault)}{fault.field}: found {fault.found}")
        lines.append(f"    expected {fault.expected}")
    if faults.total > len(faults.first):
        lines.append(f"  and {faults.total - len(faults.first):,} more")
    return lines


def _place(fault: Fault) -> str:
    places = [
        "" if fault.log is None else fault.log,
        "" if fault.index is None else f"entry {fault.index}",
        "" if fault.path is None else fault.path,
    ]
    named = ", ".join(place for place in places if place)
    return f"{named}: " if named else ""
