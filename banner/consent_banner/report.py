# SPDX-License-Identifier: MIT
"""How large the scripts are: raw, gzip -9 and brotli 11, and what each module adds."""

import gzip
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import brotli

from consent_banner import review
from consent_banner.build import Build, Script
from consent_banner.features import feature

SCHEMA = "consent-ledger/report/v1"


@dataclass(frozen=True)
class Row:
    """Bytes of one module, and by how much the brotli stream grew when it was added in order."""

    name: str
    raw: int
    brotli: int


@dataclass(frozen=True)
class Report:
    """Sizes of one script in bytes. The rows sum up to `raw` and `brotli`."""

    raw: int
    gzip: int
    brotli: int
    rows: tuple[Row, ...]

    @property
    def sizes(self) -> dict[str, int]:
        return {"raw": self.raw, "gzip": self.gzip, "brotli": self.brotli}

    @property
    def modules(self) -> list[dict[str, Any]]:
        return [{"name": row.name, "raw": row.raw, "brotli": row.brotli} for row in self.rows]

    @property
    def features(self) -> list[dict[str, Any]]:
        """Sums of the rows by feature, the largest first; `modules` of each likewise."""
        groups: dict[str, list[Row]] = {}
        for row in sorted(self.rows, key=lambda row: (-row.brotli, row.name)):
            groups.setdefault(feature(row.name), []).append(row)
        found = [
            {
                "name": name,
                "raw": sum(row.raw for row in rows),
                "brotli": sum(row.brotli for row in rows),
                "modules": [row.name for row in rows],
            }
            for name, rows in groups.items()
        ]
        return sorted(found, key=lambda one: (-one["brotli"], one["name"]))

    @property
    def details(self) -> dict[str, Any]:
        return {"modules": self.modules, "features": self.features}


def document(build: Build) -> dict[str, Any]:
    """The content of report.json."""
    consent = measure(build.consent)
    found = {
        "schema": SCHEMA,
        "script": consent.sizes,
        "budget_bytes": build.config.budget_bytes,
        **consent.details,
    }
    if build.choices:
        choices = measure(build.choices)
        found["choices"] = build.choices.facts | choices.sizes | choices.details
    if len(build.config.languages) > 1:
        unreviewed = review.unreviewed(build.config)
        found["languages"] = {
            language: {
                "reviewed": language not in unreviewed,
                "scripts": [
                    script.facts | measure(script).sizes for script in build.spoken(language)
                ],
            }
            for language in build.config.languages
        }
    return found


# Asked for by the budget, the terminal and report.json, and slow.
@lru_cache(maxsize=32)
def measure(script: Script) -> Report:
    """The sizes of *script*.

    A row has several pieces: what it adds is found by taking the rows in, one after the other, in
    the order in which they begin.
    """
    raw: dict[str, int] = {}
    for name, code in script.pieces:
        raw[name] = raw.get(name, 0) + len(code.encode())
    grown: dict[str, int] = {}
    before = 0
    for name in raw:
        grown[name] = 0
        some = "".join(code for row, code in script.pieces if row in grown)
        after = _brotli(some.encode())
        grown[name] = after - before
        before = after
    return Report(
        raw=len(script.content),
        gzip=len(gzip.compress(script.content, 9, mtime=0)),
        brotli=before,
        rows=tuple(Row(name, raw[name], grown[name]) for name in sorted(raw)),
    )


def _brotli(data: bytes) -> int:
    return len(brotli.compress(data, quality=11))


def table(script: Script) -> str:
    """The sizes for the terminal: by feature and module, largest first, ending in a line end."""
    report = measure(script)
    rows = {row.name: row for row in report.rows}
    lines: list[tuple[str, int, int]] = []
    for one in report.features:
        lines.append((one["name"], one["raw"], one["brotli"]))
        if len(one["modules"]) > 1:
            lines += [(f"  {name}", rows[name].raw, rows[name].brotli) for name in one["modules"]]
    width = max(len(name) for name in (script.file, *(name for name, _, _ in lines)))
    return "\n".join(
        [
            f"{'':{width}}  {'raw':>7}  {'brotli':>7}",
            *(f"{name:{width}}  {raw:>7,}  {size:>+7,}" for name, raw, size in lines),
            f"{script.file:{width}}  {report.raw:>7,}  {report.brotli:>7,}",
            f"{'  gzip -9':{width}}  {report.gzip:>7,}",
            "",
        ]
    )
