# SPDX-License-Identifier: MIT
"""The most bytes that a site's script may have: a build over them fails, and says what weighs."""

from collections.abc import Iterator

from consent_banner import report
from consent_banner.build import Build, Script
from consent_banner.config import BuilderError

_NAMED = 3
_STEP = 100


def require(build: Build) -> None:
    """Raises: BuilderError when a script that asks is larger than `size.budget_bytes`, brotli 11.

    choices.js is loaded on a few pages only, and has no budget.
    """
    budget = build.config.budget_bytes
    for language in build.config.languages:
        script, *_ = build.spoken(language)
        if report.measure(script).brotli > budget:
            raise BuilderError("\n  ".join(_sentences(build, script)))


def _sentences(build: Build, script: Script) -> Iterator[str]:
    measured = report.measure(script)
    yield (
        f"{script.file} is too large, so nothing was written: found {measured.brotli:,} bytes "
        f"(brotli 11), expected at most {build.config.budget_bytes:,} (size.budget_bytes)."
    )
    rows = sorted(measured.rows, key=lambda row: (-row.brotli, row.name))[:_NAMED]
    yield "The largest parts: " + ", ".join(f"{row.name} {row.brotli:,}" for row in rows) + "."
    if len(build.config.languages) > 1 and build.config.language_scripts == "one":
        yield 'languages.scripts = "each" gives every language a script of its own.'
    # Rounded up, so that the next small change does not fail again.
    enough = -(-measured.brotli // _STEP) * _STEP
    yield f"To allow it: budget_bytes = {enough} in the table [size]."
