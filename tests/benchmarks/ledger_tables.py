# SPDX-License-Identifier: MIT
"""The ledger's tables."""

from typing import Any

import tables
from rates import NAMES, Figures, Plan, ratios

AIM_AT_64 = 0.60  # of the no-op with schema and limits


def print_figures(verb: str, plan: Plan, figures: Figures) -> None:
    tables.note(f"  {verb}")
    rows = []
    for count in plan.connections:
        for name, words in NAMES.items():
            figure = figures[verb, count, name]
            cpu = figure.cpu_ms
            rows.append(
                [
                    f"{count:>3} conn., {words}",
                    tables.number(figure.per_s),
                    tables.spread([run.per_s for run in figure.runs], tables.number),
                    tables.ms(tables.percentile(figure.latencies_ms, 0.50)),
                    tables.ms(tables.percentile(figure.latencies_ms, 0.99)),
                    tables.ms(cpu) if cpu is not None else "-",
                    f"{max(run.client_share for run in figure.runs):.0%}",
                ]
            )
    tables.table(
        ["connections, server", "per s", "min..max", "p50 ms", "p99 ms", "CPU ms each", "client"],
        rows,
    )


def print_ratios(plan: Plan, figures: Figures) -> None:
    tables.note("  The ledger over the no-ops (per s: median and each repetition)")
    tables.table(
        [
            "request, connections",
            *("/s over schema no-op", "each", "CPU over it"),
            *("/s over bare no-op", "each", "CPU over it"),
        ],
        [
            [
                f"{row['request']}, {row['connections']}",
                *(
                    cell
                    for name in ("schema", "bare")
                    for cell in (
                        tables.ratio(tables.middle(row[name])),
                        tables.spread(row[name], tables.ratio),
                        tables.ratio(row[f"{name}_cpu"]) if row[f"{name}_cpu"] else "-",
                    )
                ),
            ]
            for row in ratios(plan, figures)
        ],
    )
    tables.note(
        "  client: the load generator's own use of a core; near 100% it is what limits.\n"
        "  CPU: the server's processor time for each request; it depends least on the noise.\n"
        f"  Aim at 64 connections, on a quiet machine: POST at least {AIM_AT_64:.2f} of the"
        " no-op with schema\n  and limits, p99 at most 50 ms.\n"
    )


def print_rest(result: dict[str, Any]) -> None:
    memory = result["loaded_pss_bytes"]
    startup_ms = [seconds * 1e3 for seconds in result["startup_s"]]
    synced = result["fsyncs"]
    if "reason_against" in synced:
        fsync_cells = ["not counted", synced["reason_against"]]
    else:
        files = ", ".join(f"{name} {count}" for name, count in sorted(synced["calls"].items()))
        verdict = "" if synced["ok"] else "; TOO FEW: a power cut loses decisions"
        fsync_cells = [
            f"{synced['per_2xx']:.2f}",
            f"{synced['decisions']} decisions, 1 connection: {files}{verdict}",
        ]
    agree = "the same records" if result["same_records"] else "THE BOOKS DISAGREE"
    tables.table(
        ["books and weight", "figure", "about it"],
        [
            ["decisions answered 2xx", tables.number(result["answered_2xx"]), "warm-ups included"],
            ["decisions stored", tables.number(result["stored"]), f"from an export: {agree}"],
            ["fsyncs per 2xx", *fsync_cells],
            [
                "bytes at rest per record",
                tables.number(result["bytes_per_record"]),
                "data directory after a clean stop, less the empty one",
            ],
            [
                "start to ready, ms",
                tables.number(tables.middle(startup_ms)),
                f"{len(startup_ms)} starts, {tables.spread(startup_ms, tables.number)}",
            ],
            ["memory when ready, MB", _megabytes(result["idle_pss_bytes"]), "PSS, all processes"],
            [
                "memory after the load, MB",
                _megabytes(memory["ledger"]),
                f"no-op with schema {_megabytes(memory['schema'])},"
                f" bare {_megabytes(memory['bare'])}",
            ],
        ],
        left=(2,),
    )


def _megabytes(size: int | None) -> str:
    return "not seen (no /proc)" if size is None else f"{size / 1e6:.1f}"
