# SPDX-License-Identifier: MIT
"""How far a long command is: one line on standard error that writes over itself."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType

import click

BAR = 24  # characters
INTERVAL_S = 0.2


class Progress:
    """A context manager that shows how much of *total* is done, and how fast it goes.

    Nothing is shown where standard error is no terminal. *total* is None when nobody knows.
    """

    def __init__(self, total: int | None, unit: str, passes: int = 1) -> None:
        """*passes*: how often each unit is gone over; what is shown is divided by it."""
        self._total = total
        self._unit = unit
        self._passes = passes
        self._done = 0
        self._shown_at = self._begun = monotonic()
        self._is_shown = sys.stderr.isatty()
        self._width = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_shown:
            self._show()
            click.echo(err=True)

    def add(self, count: int) -> None:
        """So many more are done."""
        self._done += count
        if self._is_shown and monotonic() - self._shown_at >= INTERVAL_S:
            self._show()

    def _show(self) -> None:
        self._shown_at = now = monotonic()
        done = self._done // self._passes
        rate = done / max(now - self._begun, 0.001)
        line = f"{done:,} {self._unit}, {rate:,.0f}/s"
        if self._total is not None:
            done = min(done, self._total)
            filled = BAR * done // self._total if self._total else BAR
            bar = "#" * filled + "-" * (BAR - filled)
            line = f"[{bar}] {done:,} of {self._total:,} {self._unit}, {rate:,.0f}/s"
        click.echo("\r" + line.ljust(self._width), nl=False, err=True)
        self._width = len(line)
