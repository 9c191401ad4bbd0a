# SPDX-License-Identifier: MIT
"""Counts what a server asks the disk to make durable, by watching its system calls."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

CALLS = ("fsync", "fdatasync")
# `-y` shows the file behind a descriptor: "123 fdatasync(8</data/ledger.db-wal>) = 0". A call
# that is interrupted shows again as "resumed", without the bracket.
LINE = re.compile(r"\b(?:fsync|fdatasync)\(\d+<([^>]*)>")


def reason_against() -> str | None:
    """Why system calls cannot be watched here, or None when they can."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    probe = subprocess.run(
        [strace, "-f", "-e", "trace=fsync", "-o", "/dev/null", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    if probe.returncode:
        return f"strace may not watch processes here ({probe.stderr.strip().splitlines()[-1]})"
    return None


def watched(line: list[object], trace: Path) -> list[object]:
    """The command *line* under a watch that writes to *trace* before each call returns."""
    watch = ["strace", "-f", "-y", "-qq", "-e", f"trace={','.join(CALLS)}", "-o", str(trace)]
    return [*watch, *line]


def count(trace: Path) -> Counter[str]:
    """Calls so far, by the name of the file that they were for."""
    return Counter(
        Path(match[1]).name for match in LINE.finditer(trace.read_text(errors="replace"))
    )
