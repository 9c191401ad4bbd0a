# SPDX-License-Identifier: MIT
"""Finds a Chromium on this machine, for the screenshots of a banner and for the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from consent_ledger.errors import NoScreenshots

# Headless, and without talking to anybody on its own account.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ON_PATH = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/opt/google/chrome/chrome",
)
# In a process of its own: Playwright cannot be started twice in one.
ASK_PLAYWRIGHT = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as p: print(p.chromium.executable_path)"
)


def find_chromium() -> str:
    """The path of a Chromium that starts here.

    Tried in this order: the variable CHROMIUM, the usual names on PATH, Playwright's own.
    Raises: NoScreenshots whose sentence says what to do.
    """
    asked = os.environ.get("CHROMIUM")
    if asked:
        path = shutil.which(asked)
        if path and starts(path):
            return path
        raise NoScreenshots(f"CHROMIUM is {asked!r}, but no browser starts from there")
    found = installed() or playwrights_own()
    if found is None:
        raise NoScreenshots(
            "no Chromium was found; install one (the package chromium, Google Chrome, or "
            "`python -m playwright install chromium`), or set CHROMIUM to its path"
        )
    return found


def starts(path: str) -> bool:
    """Whether the program at *path* runs here: a browser without its system libraries does not."""
    try:
        answer = subprocess.run(  # noqa: S603 - a browser that this user installed or named
            [path, "--version"], capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def installed() -> str | None:
    """A Chromium or Chrome that this machine has, or None."""
    candidates = [shutil.which(name) for name in ON_PATH] + list(ELSEWHERE)
    return next((c for c in candidates if c and Path(c).exists() and starts(c)), None)


def playwrights_own() -> str | None:
    """The Chromium that Playwright downloaded for itself, or None."""
    answer = subprocess.run(  # noqa: S603 - this Python and a fixed program
        [sys.executable, "-c", ASK_PLAYWRIGHT], capture_output=True, text=True, check=False
    )
    path = answer.stdout.strip()
    return path if answer.returncode == 0 and Path(path).exists() and starts(path) else None
