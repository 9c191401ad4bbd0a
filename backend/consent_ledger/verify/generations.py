# SPDX-License-Identifier: MIT
"""From one generation of a log to the next: what the anchors of each say about those before it.

The first entries of a later generation anchor the heads that were signed last, the newest first.
There is more than one when whole generations were lost with the copy that held them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from consent_ledger.tlog.encoding import format_base64
from consent_ledger.verify.faults import Faults
from consent_ledger.verify.log_walk import LogResult
from consent_ledger.verify.manifest import LogPart
from consent_ledger.verify.members import MANIFEST


def check_generations(results: Iterable[LogResult], faults: Faults) -> None:
    """Checks that each generation after the first says from where it goes on, and that nothing
    which was signed before is missing; faults are added.

    Every generation of which something is left has to be there. Of one outside a range of time that
    is the entry beside the range, whose time shows it.
    """
    held: dict[int, LogPart] = {}
    for result in results:
        log = result.log
        if log.generation == 1:
            for index in range(len(result.anchors)):
                faults.add("kind", "an anchor", "none in the first", log=log.origin, index=index)
        else:
            _Anchored(log, result.anchors, held, faults).check()
        held[log.generation] = log


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A generation with the `previous` of each of its anchors, and those that stand before it."""

    log: LogPart
    anchors: list[dict[str, Any]]
    held: dict[int, LogPart]
    faults: Faults

    def check(self) -> None:
        if not self.anchors:
            self._fault("kind", "no anchor", "one as entry 0", 0)
            return
        site = self.log.origin.split("/")[-2]
        expected = self.log.generation - 1
        for index, previous in enumerate(self.anchors):
            before = self.held.get(expected)
            if not previous["origin"].endswith(f"/{site}/{expected}") or (
                before is not None and previous["origin"] != before.origin
            ):
                name = before.origin if before else f"that of generation {expected}"
                self._fault("body.previous.origin", previous["origin"], name, index)
                return
            self._check_anchor(index, expected, before, previous)
            expected -= 1
        newest = max(self.held, default=0)
        if newest < expected:
            self._missing(expected)

    def _check_anchor(
        self, index: int, generation: int, before: LogPart | None, previous: dict[str, Any]
    ) -> None:
        signed, kept = previous["size"], previous["kept"]
        if before is None:
            if kept or not signed:
                self._missing(generation)
        elif kept != before.size:
            self._fault(
                "body.previous.kept", kept, f"{before.size}, of generation {generation}", index
            )
        if kept < signed:
            self.faults.add(
                "entries lost",
                f"entries {kept} to {signed - 1} were signed and are not held",
                f"all {signed}, as generation {self.log.generation} says",
                log=previous["origin"],
                index=kept,
            )
        elif before is not None and previous["root"] != format_base64(before.root):
            root = format_base64(before.root)
            expected = f"that of generation {generation}, {root}"
            self._fault("body.previous.root", previous["root"], expected, index)

    def _missing(self, generation: int) -> None:
        self.faults.add("logs", f"no generation {generation}", "all from 1 on", path=MANIFEST)

    def _fault(self, field: str, found: object, expected: object, index: int) -> None:
        self.faults.add(field, found, expected, log=self.log.origin, index=index)
