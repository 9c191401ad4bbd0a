# SPDX-License-Identifier: MIT
"""Plain text tables and the few ways in which the benchmarks write a figure."""

import sys
from collections.abc import Callable, Iterable, Sequence
from statistics import median


def heading(text: str) -> None:
    print(f"\n{text}\n{'=' * len(text)}", flush=True)


def note(text: str = "") -> None:
    print(text, flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[int] = ()) -> None:
    """Prints *rows* under *head*; the first column and those in *left* are left-aligned."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    for line in lines:
        cells = (
            cell.ljust(width) if column in (0, *left) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  " + "  ".join(cells).rstrip())
    print(flush=True)


def number(value: float) -> str:
    """A count with thousands separated."""
    return f"{value:,.0f}"


def ms(value: float) -> str:
    """A duration in milliseconds with three significant digits or whole."""
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def ratio(value: float) -> str:
    return f"{value:.2f}"


def spread(values: Sequence[float], write: Callable[[float], str] = ms) -> str:
    """min..max."""
    return f"{write(min(values))}..{write(max(values))}"


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of *values* (not empty), *share* between 0 and 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def middle(values: Sequence[float]) -> float:
    return float(median(values))


def progress(text: str) -> None:
    """Shows *text* in place on a terminal; an empty one clears it. Says nothing to a file."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
