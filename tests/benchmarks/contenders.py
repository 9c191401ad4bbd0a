# SPDX-License-Identifier: MIT
"""The servers that are compared: the real ledger on its own data, and the two no-ops."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import decisions
import fsyncs
from processes import BIN, Server, command, free_port

HERE = Path(__file__).parent
SITE = "reference"
# Out of the way, though counted like any other.
LIMITS = {
    f"CONSENT_LEDGER_LIMIT_{kind}": "1000000000/minute"
    for kind in ("RECORD", "READ", "LOG", "PUBLISH", "EXPORT", "HEALTH")
}


class Ledger:
    """A data directory with one site and its published notice, and servers started on it."""

    def __init__(self, folder: Path, build: Path) -> None:
        folder.mkdir()
        self.data = folder / "data"
        self.folder = folder
        self.target = _target(build)
        self.cli("init")
        self.cli("site", "add", SITE, "--name", "Reference", "--origin", self.target.origin)
        self.cli("publish", build, "--no-screenshots")

    def cli(self, *arguments: object) -> str:
        return command("consent-ledger", *arguments, env=environment(self.data))

    def serve(self, watch: Path | None = None) -> Server:
        """Starts a server; with *watch* its fsyncs are written to that file."""
        port = free_port()
        line: list[object] = [BIN / "consent-ledger", "serve"]
        if watch is not None:
            line = fsyncs.watched(line, watch)
        return Server(
            line, port, self.folder / "serve.log", environment(self.data, port), "/readyz"
        )

    def stored(self) -> list[str]:
        """Record ids of all decisions in the log, from an export."""
        lines = self.cli("export", SITE, "--parts", "all").splitlines()[1:]
        entries = map(json.loads, lines)
        return [entry["subject"]["part"]["id"] for entry in entries if entry["kind"] == 1]


def environment(data: Path, port: int | None = None) -> dict[str, str]:
    """This process's environment with the ledger's settings of the benchmark and no others."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CONSENT_LEDGER")}
    mine = {
        "CONSENT_LEDGER_DATA": str(data),
        "CONSENT_LEDGER_LOG_LEVEL": "warning",
    }
    if port is not None:
        mine["CONSENT_LEDGER_PORT"] = str(port)
    return {**kept, **mine, **LIMITS}


def _target(build: Path) -> decisions.Target:
    document = json.loads((build / "notice.json").read_bytes())
    facts = json.loads((build / "build.json").read_bytes())
    return decisions.Target(SITE, "http://reference.localhost", document, facts["build"])


def start_noop(kind: str, constant: Sequence[Path], folder: Path) -> Server:
    """A no-op server; the ledger's serve wants a data directory, so it gets an empty one."""
    port = free_port()
    env = environment(folder / f"{kind}-data", port)
    command("consent-ledger", "init", env=env)
    line = [sys.executable, HERE / "noop.py", kind, *constant]
    return Server(line, port, folder / f"{kind}.log", env, "/readyz")
