# SPDX-License-Identifier: MIT
"""How large the scripts are: raw, gzip -9 and brotli 11, and what each module adds."""

import gzip
from dataclasses import dataclass
from typing import Any

import brotli

from consent_banner import review
from consent_banner.build import Build, Script

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


def document(build: Build) -> dict[str, Any]:
    """The content of report.json."""
    consent = measure(build.consent)
    found = {"schema": SCHEMA, "script": consent.sizes, "modules": consent.modules}
    if build.choices:
        choices = measure(build.choices)
        found["choices"] = build.choices.facts | choices.sizes | {"modules": choices.modules}
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


def measure(script: Script) -> Report:
    """The sizes of *script*."""
    raw: dict[str, int] = {}
    grown: dict[str, int] = {}
    content, before = b"", 0
    for name, code in script.pieces:
        content += code.encode()
        after = _brotli(content)
        raw[name] = raw.get(name, 0) + len(code.encode())
        grown[name] = grown.get(name, 0) + after - before
        before = after
    return Report(
        raw=len(content),
        gzip=len(gzip.compress(content, 9, mtime=0)),
        brotli=before,
        rows=tuple(Row(name, raw[name], grown[name]) for name in sorted(raw)),
    )


def _brotli(data: bytes) -> int:
    return len(brotli.compress(data, quality=11))


def table(script: Script) -> str:
    """The sizes for the terminal: largest first, ending in a line end."""
    report = measure(script)
    width = max(len(name) for name in (script.file, *(row.name for row in report.rows)))
    lines = [f"{'':{width}}  {'raw':>7}  {'brotli':>7}"]
    for row in sorted(report.rows, key=lambda row: (-row.brotli, row.name)):
        lines.append(f"{row.name:{width}}  {row.raw:>7,}  {row.brotli:>+7,}")
    lines.append(f"{script.file:{width}}  {report.raw:>7,}  {report.brotli:>7,}")
    lines.append(f"{'  gzip -9':{width}}  {report.gzip:>7,}")
    return "\n".join(lines) + "\n"
