# SPDX-License-Identifier: MIT
"""The tables about a log that has grown."""

from collections.abc import Sequence
from typing import Any

import tables
from rates import NAMES, Figure, Plan

AIM_OVER_SCHEMA = 0.60
AIM_P99_MS = 50
AIM_GROWTH = 1.10
AIM_PROOFS = 50_000


def print_figures(
    plan: Plan, ledgers: Sequence[str], figures: dict[tuple[str, str], Figure]
) -> None:
    """Each kind of request: every server, and the ledgers over the no-ops and over the smallest."""
    for verb in dict.fromkeys(verb for verb, _ in figures):
        names = [name for each, name in figures if each == verb]
        tables.note(f"  {verb}, 64 connections")
        tables.table(
            [
                "server",
                *("per s", "min..max", "p50 ms", "p99 ms", "CPU ms each"),
                *("/s over schema", "/s over bare", "CPU over least entries"),
            ],
            [_row(name, figures, verb, ledgers) for name in names],
        )
    tables.note(
        f"  Aims for POST: at least {AIM_OVER_SCHEMA:.2f} of the no-op with schema and limits, p99"
        f" at most {AIM_P99_MS} ms,\n  CPU at the most entries at most {AIM_GROWTH:.2f} of that at"
        " the least. Ratios are medians over the rounds.\n"
    )


def _row(
    name: str, figures: dict[tuple[str, str], Figure], verb: str, ledgers: Sequence[str]
) -> list[str]:
    figure = figures[verb, name]
    over = [
        tables.ratio(tables.middle([a.per_s / b.per_s for a, b in pairs]))
        for pairs in (
            zip(figure.runs, figures[verb, base].runs, strict=True) for base in ("schema", "bare")
        )
    ]
    least = figures[verb, ledgers[0]].cpu_ms
    growth = "-"
    if name in ledgers and figure.cpu_ms and least:
        growth = tables.ratio(figure.cpu_ms / least)
    return [
        name if name in ledgers else NAMES[name],
        tables.number(figure.per_s),
        tables.spread([run.per_s for run in figure.runs], tables.number),
        tables.ms(tables.percentile(figure.latencies_ms, 0.50)),
        tables.ms(tables.percentile(figure.latencies_ms, 0.99)),
        tables.ms(figure.cpu_ms) if figure.cpu_ms is not None else "-",
        *over,
        growth,
    ]


def print_rest(result: dict[str, Any], entries: dict[str, int]) -> None:
    tables.table(
        [
            "log",
            *("filled per s", "bytes per entry", "PSS after the load, MB"),
            *("proofs per s in process: in order", "anywhere"),
        ],
        [
            [
                name,
                tables.number(row["filled_per_s"]),
                tables.number(row["bytes"] / entries[name]),
                f"{row['loaded_pss_bytes'] / 1e6:.1f}" if row["loaded_pss_bytes"] else "not seen",
                tables.number(row["proofs_in_order_per_s"]),
                tables.number(row["proofs_at_random_per_s"]),
            ]
            for name, row in result["entries"].items()
        ],
    )
    tables.note(
        f"  Aim for proofs in process: {AIM_PROOFS:,} per second. In order is how an export asks;"
        " anywhere, each of\n  the few tiles that are kept is rarely the right one, and 255 hashes"
        " are made for one proof.\n"
    )
