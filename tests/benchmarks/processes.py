# SPDX-License-Identifier: MIT
"""Commands and servers of the benchmarks, and what a running server weighs."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path

BIN = Path(sys.executable).parent
READY_TIMEOUT_S = 30
STOP_TIMEOUT_S = 15


class CommandError(RuntimeError):
    """A command failed; the message holds its own words."""


def command(name: str, *arguments: object, env: Mapping[str, str] | None = None) -> str:
    """Standard output of consent-ledger or consent-banner. Raises: CommandError."""
    line = [str(BIN / name), *map(str, arguments)]
    try:
        answer = subprocess.run(line, capture_output=True, text=True, check=False, env=env)
    except OSError as error:
        raise CommandError(f"{line[0]} cannot be started: {error.strerror}") from None
    if answer.returncode:
        words = answer.stderr.strip() or answer.stdout.strip()
        raise CommandError(f"{name} {' '.join(map(str, arguments))}: {words}")
    return answer.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server process in a group of its own, ended by `stop`, or at the end of a `with`."""

    def __init__(
        self, line: Sequence[object], port: int, log: Path, env: Mapping[str, str], ready: str
    ) -> None:
        """Starts it and waits until GET *ready* answers 200; `startup_s` says how long that took.

        Raises: CommandError with the server's last words.
        """
        self.port = port
        self._log = log
        start = time.perf_counter()
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                list(map(str, line)),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=dict(env),
                start_new_session=True,
            )
        try:
            self._wait(ready)
        except BaseException:
            self.stop()
            raise
        self.startup_s = time.perf_counter() - start

    def _wait(self, ready: str) -> None:
        end = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise CommandError(f"the server ended: {self._last_words()}")
            with contextlib.suppress(OSError, HTTPException):
                connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
                try:
                    connection.request("GET", ready)
                    if connection.getresponse().status == 200:
                        return
                finally:
                    connection.close()
            time.sleep(0.005)
        raise CommandError(f"the server is not ready after {READY_TIMEOUT_S} s")

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").strip().splitlines()[-8:])

    def stop(self) -> None:
        """Asks it to end in order, then makes it and its children end."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_TIMEOUT_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def pss_bytes(self) -> int | None:
        """Memory of the process and all below it, shared pages split; None without /proc."""
        total = 0
        for pid in _tree(self.process.pid):
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                return None
            fields = dict(line.split(":", 1) for line in text.splitlines()[1:])
            total += int(fields["Pss"].split()[0]) * 1024
        return total or None

    def cpu_s(self) -> float | None:
        """Processor time used so far by the process and all below it; None without /proc."""
        ticks = 0
        for pid in _tree(self.process.pid):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                return None
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK") if ticks else None

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _tree(pid: int) -> list[int]:
    """*pid* and its descendants, as far as /proc shows them."""
    found = [pid]
    for each in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def size_of(folder: Path) -> int:
    """Bytes of all files below *folder*."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
