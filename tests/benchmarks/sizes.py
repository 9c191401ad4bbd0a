# SPDX-License-Identifier: MIT
"""What travels: the demo's script with everything on, and the reference build, by module."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brotli
import tables
from navigation import floor_script
from processes import command

HERE = Path(__file__).parent
DEMO = HERE.parents[1] / "site" / "banner.toml"
REFERENCE = HERE / "reference.toml"
BUDGET_BYTES = 5000
REFERENCE_AIM_BYTES = 3000


@dataclass(frozen=True)
class Built:
    """A build's folder, and its script."""

    folder: Path

    @property
    def script(self) -> bytes:
        return (self.folder / "consent.js").read_bytes()


def build(config: Path, folder: Path) -> Built:
    """Builds *config* into *folder* with the command that owners use. Raises: CommandError."""
    command("consent-banner", "build", config, "--out", folder)
    return Built(folder)


def compressed(script: bytes) -> dict[str, int]:
    """Bytes of *script* as it is, with gzip -9 and with brotli 11."""
    return {
        "raw": len(script),
        "gzip": len(gzip.compress(script, 9, mtime=0)),
        "brotli": len(brotli.compress(script, quality=11)),
    }


def run(folder: Path) -> dict[str, Any]:
    """Builds both in *folder*, prints the sizes, and returns them with `ok`: within the budget."""
    tables.heading("Script bytes by module")
    built = {
        "demo": build(DEMO, folder / "demo"),
        "reference": build(REFERENCE, folder / "reference"),
    }
    sizes = {name: compressed(one.script) for name, one in built.items()}
    floor, _ = floor_script()
    sizes["floor"] = compressed(floor.encode())
    reports = {
        name: json.loads((one.folder / "report.json").read_bytes()) for name, one in built.items()
    }
    over = max(0, sizes["demo"]["brotli"] - BUDGET_BYTES)
    _print_totals(sizes, over)
    _print_modules(reports)
    return {
        "scripts": sizes,
        "modules": {name: report["modules"] for name, report in reports.items()},
        "budget_bytes": BUDGET_BYTES,
        "ok": not over,
    }


def _print_totals(sizes: dict[str, dict[str, int]], over: int) -> None:
    limits = {
        "demo": f"budget {BUDGET_BYTES:,}: " + (f"OVER by {over:,}" if over else "kept"),
        "reference": f"none; aim {REFERENCE_AIM_BYTES:,}",
        "floor": "",
    }
    words = {
        "demo": "demo: site/banner.toml, everything on",
        "reference": "reference: three categories, English",
        "floor": "floor: the least that does the job",
    }
    tables.table(
        ["consent.js, bytes", "raw", "gzip -9", "brotli 11", "brotli/floor", "brotli limit"],
        [
            [
                words[name],
                *(tables.number(size[kind]) for kind in ("raw", "gzip", "brotli")),
                tables.ratio(size["brotli"] / sizes["floor"]["brotli"]),
                limits[name],
            ]
            for name, size in sizes.items()
        ],
    )


def _print_modules(reports: dict[str, Any]) -> None:
    rows = {
        name: {row["name"]: row for row in report["modules"]} for name, report in reports.items()
    }
    modules = sorted(rows["demo"] | rows["reference"], key=lambda name: _weight(rows, name))
    tables.table(
        ["module (brotli: what it adds)", *(f"{n} {k}" for n in rows for k in ("raw", "brotli"))],
        [
            [
                module,
                *(
                    tables.number(rows[name][module][kind]) if module in rows[name] else "-"
                    for name in rows
                    for kind in ("raw", "brotli")
                ),
            ]
            for module in modules
        ],
    )


def _weight(rows: dict[str, Any], module: str) -> tuple[int, str]:
    return -max(row[module]["brotli"] for row in rows.values() if module in row), module
