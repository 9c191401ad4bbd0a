# SPDX-License-Identifier: MIT
"""Finds the browsers that the tests drive, or says what to do.

As a program it says which are there; with --install it also brings what is missing, and with
--command another command that tests need, as far as this machine allows:
    python tests/browser/engines.py [--install] [--command strace]

Chromium has to be there. The tests of another engine are skipped without it, and the reason stands
at the end of the run; with REQUIRE_ENGINES=all they fail.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from consent_ledger import chromium
from consent_ledger.errors import NoScreenshots

# As root too.
FLAGS = ("--no-sandbox", *chromium.FLAGS)


class MissingEngineError(RuntimeError):
    """No browser is to be had; the message says what was tried and what to do."""


@dataclass(frozen=True)
class Engine:
    """A kind of browser: `look` gives the path of one that starts here, or None."""

    name: str
    look: Callable[[], str | None]
    packages: tuple[str, ...]  # Debian's
    what_to_do: str


def _chromium() -> str | None:
    try:
        return chromium.find_chromium()
    except NoScreenshots as error:
        if os.environ.get("CHROMIUM"):
            raise MissingEngineError(error.detail) from None
        return None


def _firefox() -> str | None:
    asked = os.environ.get("FIREFOX")
    names = ("firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox")
    candidates = (shutil.which(name) for name in ([asked] if asked else names))
    found = next((path for path in candidates if path and chromium.starts(path)), None)
    if asked and not found:
        raise MissingEngineError(f"FIREFOX is {asked!r}, but no browser starts from there")
    return found


def _webkit() -> str | None:
    # The driver knows where its browser is; the browser needs a display.
    return shutil.which("WebKitWebDriver") if shutil.which("Xvfb") else None


ENGINES = {
    "chromium": Engine(
        "Chromium",
        _chromium,
        ("chromium",),
        "Do one of these, then run make test again:\n"
        "  Debian, Ubuntu:  sudo apt install chromium\n"
        "  macOS:           install Google Chrome, or: brew install --cask chromium\n"
        "  anywhere:        .venv/bin/python -m playwright install chromium\n"
        "  have one:        CHROMIUM=/path/to/chromium make test",
    ),
    "firefox": Engine(
        "Firefox",
        _firefox,
        ("firefox-esr",),
        "install it (Debian: sudo apt install firefox-esr) or set FIREFOX to its path",
    ),
    "webkit": Engine(
        "WebKit",
        _webkit,
        ("webkit2gtk-driver", "xvfb"),
        "its driver needs Linux (Debian, Ubuntu: sudo apt install webkit2gtk-driver xvfb)",
    ),
}


def find(engine: str, install: bool = False) -> str:
    """The path of the browser, of its driver with WebKit: one that starts on this machine.

    With *install* also what Playwright or the Debian packages can bring.
    Raises: MissingEngineError, whose message says what to do.
    """
    sought = ENGINES[engine]
    found = sought.look()
    if not found and install:
        found = _playwright_installs() if engine == "chromium" else None
        if not found and apt_install(*sought.packages):
            found = sought.look()
    if not found:
        between = "\n" if "\n" in sought.what_to_do else " "
        raise MissingEngineError(f"No {sought.name} was found:{between}{sought.what_to_do}")
    return found


def is_required(engine: str) -> bool:
    """Whether tests fail without it; otherwise they are skipped."""
    return engine == "chromium" or os.environ.get("REQUIRE_ENGINES") == "all"


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _playwright_installs() -> str | None:
    """Playwright's own Chromium, downloaded now."""
    _say("No Chromium on PATH; trying Playwright's own (playwright install chromium)")
    subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return chromium.playwrights_own()


@functools.cache
def _apt_get() -> tuple[str, ...] | None:
    """How this user may call apt-get without being asked anything, its lists fresh; or None."""
    apt, sudo = shutil.which("apt-get"), shutil.which("sudo")
    if apt is None:
        return None
    call: tuple[str, ...] = (apt,)
    if os.geteuid() != 0:
        asks = [sudo or "false", "-n", "true"]
        if not sudo or subprocess.run(asks, capture_output=True, check=False).returncode != 0:
            return None
        call = (sudo, "-n", apt)
    # A fresh machine has no package lists; a failed update may still leave usable ones.
    _run_apt(*call, "update", "-qq")
    return call


def _run_apt(*command: str) -> bool:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = subprocess.DEVNULL
    done = subprocess.run(command, env=env, stdin=quiet, stdout=quiet, check=False)
    return done.returncode == 0


def apt_install(*packages: str) -> bool:
    """Installs Debian packages when this user may; False when not, or when it failed."""
    apt = _apt_get()
    if apt is None:
        return False
    _say(f"Installing from Debian: {' '.join(packages)}")
    return _run_apt(*apt, "install", "-y", "-qq", "--no-install-recommends", *packages)


def _report(install: bool) -> int:
    """Says which engines are there; the exit code tells whether the tests can begin."""
    code = 0
    for engine, sought in ENGINES.items():
        try:
            print(f"{sought.name}: {find(engine, install)}", flush=True)
        except MissingEngineError as error:
            if is_required(engine):
                _say(f"\n{'!' * 78}\n{error}\n{'!' * 78}")
                code = 1
            else:
                _say(f"{error}\n{sought.name}'s tests will be skipped")
    return code


def _main() -> int:
    parser = argparse.ArgumentParser(description="Find the browsers for the tests.")
    parser.add_argument("--install", action="store_true", help="install them where possible")
    parser.add_argument("--command", metavar="NAME", help="make sure of this Linux command too")
    options = parser.parse_args()
    name = options.command
    missing = name and sys.platform == "linux" and shutil.which(name) is None
    if missing and not apt_install(name):
        # Not the end here: the test that needs it fails and says so.
        _say(f"{name} is missing and could not be installed: the tests that need it will fail")
    return _report(options.install)


if __name__ == "__main__":
    sys.exit(_main())
