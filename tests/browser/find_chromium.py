# SPDX-License-Identifier: MIT
"""Finds a Chromium for the browser tests, or says what to do.

As a program it prints the browser's path:
    python tests/browser/find_chromium.py [--install]
or makes sure that another command of the tests is there, as far as this machine allows:
    python tests/browser/find_chromium.py --command strace
"""

import argparse
import functools
import os
import shutil
import subprocess
import sys

from consent_ledger import chromium
from consent_ledger.errors import NoScreenshots

# As root too.
FLAGS = ("--no-sandbox", *chromium.FLAGS)
WHAT_TO_DO = (
    "The browser tests need Chromium, and none was found or could be installed.\n"
    "Do one of these, then run make test again:\n"
    "  Debian, Ubuntu:  sudo apt install chromium\n"
    "  macOS:           install Google Chrome, or: brew install --cask chromium\n"
    "  anywhere:        .venv/bin/python -m playwright install chromium\n"
    "  have one:        CHROMIUM=/path/to/chromium make test"
)


class NoChromiumError(RuntimeError):
    """No browser is to be had; the message says what was tried and what to do."""


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
    """How this user may call apt-get without being asked anything, or None."""
    apt = shutil.which("apt-get")
    if apt is None:
        return None
    if os.geteuid() == 0:
        return (apt,)
    sudo = shutil.which("sudo")
    if (
        sudo
        and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return (sudo, "-n", apt)
    return None


def apt_install(package: str) -> bool:
    """Installs a Debian package when this user may; False when not, or when it failed."""
    apt = _apt_get()
    if apt is None:
        return False
    _say(f"Installing the Debian package {package}")
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # A fresh machine has no package lists; a failed update may still leave usable ones.
    subprocess.run([*apt, "update", "-qq"], env=env, check=False, **quiet)
    install = [*apt, "install", "-y", "-qq", "--no-install-recommends", package]
    return subprocess.run(install, env=env, check=False, **quiet).returncode == 0


def find_chromium(install: bool = False) -> str:
    """The path of a Chromium that starts on this machine, as `consent_ledger.chromium` finds it.

    With *install* also what Playwright or the Debian package can bring.
    Raises: NoChromiumError, whose message says what to do.
    """
    try:
        return chromium.find_chromium()
    except NoScreenshots as error:
        if os.environ.get("CHROMIUM"):
            raise NoChromiumError(error.detail) from None
    found = None
    if install:
        found = _playwright_installs() or (apt_install("chromium") and chromium.installed())
    if not found:
        raise NoChromiumError(WHAT_TO_DO)
    return found


def _main() -> int:
    parser = argparse.ArgumentParser(description="Find a Chromium for the browser tests.")
    parser.add_argument("--install", action="store_true", help="install one where that is possible")
    parser.add_argument("--command", metavar="NAME", help="make sure of this Linux command instead")
    options = parser.parse_args()
    if options.command:
        name = options.command
        missing = sys.platform == "linux" and shutil.which(name) is None
        if missing and not apt_install(name):
            # Not the end here: the test that needs it fails and says so.
            _say(f"{name} is missing and could not be installed: the tests that need it will fail")
        return 0
    try:
        print(find_chromium(install=options.install))
    except NoChromiumError as error:
        _say(f"\n{'!' * 78}\n{error}\n{'!' * 78}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
