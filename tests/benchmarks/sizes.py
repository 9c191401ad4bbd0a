# SPDX-License-Identifier: MIT
"""What travels: the demo's script with everything on and the reference build, by feature."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brotli
import tables
from pages import floor_script
from processes import command

HERE = Path(__file__).parent
DEMO = HERE.parents[1] / "site" / "banner.toml"
REFERENCE = HERE / "reference.toml"
BUDGET_BYTES = {"demo": 4500, "reference": 3000}
"""The most that each script may have, brotli 11."""
HELD = ("demo",)
"""Whose budget decides the exit status; the other's is an aim, and printed."""


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
    """Builds both in *folder*, prints the sizes, and returns them with `ok`: the budget is kept."""
    tables.heading("Script bytes by feature and module")
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
    _print_totals(sizes)
    features = {name: report["features"] for name, report in reports.items()}
    _print_rows("feature", features)
    modules = {name: report["modules"] for name, report in reports.items()}
    _print_rows("module", modules)
    return {
        "scripts": sizes,
        "features": features,
        "modules": modules,
        "budget_bytes": BUDGET_BYTES,
        "ok": all(sizes[name]["brotli"] <= BUDGET_BYTES[name] for name in HELD),
    }


def _limit(name: str, size: int) -> str:
    if name not in BUDGET_BYTES:
        return ""
    over = size - BUDGET_BYTES[name]
    return f"{BUDGET_BYTES[name]:,}: " + (f"OVER by {over:,}" if over > 0 else "kept")


def _print_totals(sizes: dict[str, dict[str, int]]) -> None:
    words = {
        "demo": "demo: site/banner.toml, everything on",
        "reference": "reference: three categories, English",
        "floor": "floor: the least that does the job",
    }
    tables.table(
        ["consent.js, bytes", "raw", "gzip -9", "brotli 11", "brotli/floor", "brotli budget"],
        [
            [
                words[name],
                *(tables.number(size[kind]) for kind in ("raw", "gzip", "brotli")),
                tables.ratio(size["brotli"] / sizes["floor"]["brotli"]),
                _limit(name, size["brotli"]),
            ]
            for name, size in sizes.items()
        ],
    )


def _print_rows(what: str, listed: dict[str, list[dict[str, Any]]]) -> None:
    """What each row of both scripts adds, the heaviest first."""
    rows = {name: {row["name"]: row for row in found} for name, found in listed.items()}
    heads = [f"{name} {kind}" for name in rows for kind in ("raw", "brotli")]
    tables.table(
        [f"{what} (brotli: what it adds)", *heads],
        [
            [
                row,
                *(
                    tables.number(found[row][kind]) if row in found else "-"
                    for found in rows.values()
                    for kind in ("raw", "brotli")
                ),
            ]
            for row in sorted(rows["demo"] | rows["reference"], key=lambda row: _weight(rows, row))
        ],
    )


def _weight(rows: dict[str, Any], name: str) -> tuple[int, str]:
    return -max(found[name]["brotli"] for found in rows.values() if name in found), name
