# SPDX-License-Identifier: MIT
"""The ledger of the demo: its data directory, its site, and its server process.

Everything goes through the two commands that an owner uses, so the demo shows the real thing.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

from stop import Stop

SITE = "meridian"
NAME = "Meridian API"
BIN = Path(sys.executable).parent


class DemoError(Exception):
    """Something a person can put right; the message is the one sentence they see."""


def env() -> dict[str, str]:
    """This process's environment without settings for another ledger."""
    return {k: v for k, v in os.environ.items() if not k.startswith("CONSENT_LEDGER_")}


def run(command: str, *arguments: object) -> str:
    """Standard output of consent-ledger or consent-banner. Raises: DemoError with its sentence."""
    line = [str(BIN / command), *map(str, arguments)]
    try:
        answer = subprocess.run(line, env=env(), capture_output=True, text=True, check=False)
    except OSError as error:
        raise DemoError(f"{command} cannot be started: {error.strerror}; run make run") from None
    if answer.returncode != 0:
        raise DemoError(
            f"{command} {arguments[0]}: {answer.stderr.strip() or answer.stdout.strip()}"
        )
    return answer.stdout


def prepare(data: Path, origin: str) -> None:
    """Makes the ledger's data directory and the site in it; leaves alone what is there already."""
    if not (data / "ledger.db").exists():
        run("consent-ledger", "--data", data, "init")
    sites = {site["site"]: site for site in json.loads(run_ledger(data, "site", "list", "--json"))}
    if SITE not in sites:
        run_ledger(data, "site", "add", SITE, "--name", NAME, "--origin", origin)
    elif origin not in sites[SITE]["origins"]:
        run_ledger(data, "site", "set", SITE, "--origin", origin)


def run_ledger(data: Path, *arguments: object) -> str:
    return run("consent-ledger", "--data", data, *arguments)


def publish(data: Path, build: Path) -> None:
    """Tells the ledger the notice and build that the banner names; a repeat changes nothing.

    Without screenshots: the demo has to start at once.
    """
    run_ledger(data, "publish", build, "--no-screenshots")


def audit_key(data: Path) -> Path:
    """The file with an API key that may export the site's records; made at the first call."""
    file = data / "audit.key"
    if not file.exists():
        key = run_ledger(
            data / "ledger", "key", "issue", SITE, "--label", "demo", "--scope", "audit"
        )
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(key.strip() + "\n")
    return file


class Ledger:
    """The running `consent-ledger serve`, in a process group of its own.

    A terminal's Ctrl-C reaches this program alone, which then ends the server in order.
    """

    def __init__(self, data: Path, port: int) -> None:
        self.port = port
        self.log = data / "ledger.log"
        line = [BIN / "consent-ledger", "--data", data / "ledger", "serve"]
        line += ["--host", "127.0.0.1", "--port", str(port)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                line,
                env=env(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self, stop: Stop) -> None:
        """Returns once the ledger answers, or *stop* is set. Raises: DemoError after 30 s."""
        end = time.monotonic() + 30
        while not stop.wait(0.05):
            self.check()
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                    return
            except OSError:
                if time.monotonic() > end:
                    raise DemoError(f"The ledger does not answer; see {self.log}") from None

    def check(self) -> None:
        """Raises: DemoError with the ledger's last words when it has ended by itself."""
        if self.process.poll() is not None:
            words = self.log.read_text(errors="replace").strip().splitlines()[-5:]
            raise DemoError("The ledger ended: " + ("\n".join(words) or f"see {self.log}"))

    def stop(self) -> None:
        """Asks it to end, which lets requests under way finish; after 15 s, makes it end."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
