# SPDX-License-Identifier: MIT
"""The program behind `make run`: it starts everything, keeps the data and ends cleanly."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from wheel_checks import ROOT

FREE = ["--ledger-port", "0", "--site-port", "0", "--vendors-port", "0"]
pytestmark = pytest.mark.timeout(240)


class Demo:
    """One run of the demo on the data folder *data*."""

    def __init__(self, data: Path, *options: str) -> None:
        self.ready_file = data.with_suffix(".ready")
        self.ready_file.unlink(missing_ok=True)
        line = [sys.executable, str(ROOT / "site" / "demo.py"), "--data", str(data)]
        line += [*(options or FREE), "--json-ready", str(self.ready_file)]
        # A terminal's Ctrl-C goes to a whole process group; this one is the demo's own.
        self.process = subprocess.Popen(
            line,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=data.parent,
        )

    def wait_until_ready(self) -> dict:
        end = time.monotonic() + 100
        while not self.ready_file.exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end, "the demo is not ready after 100 s"
            time.sleep(0.05)
        return json.loads(self.ready_file.read_text())

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """Exit code, output and errors after a Ctrl-C to the whole group."""
        os.killpg(self.process.pid, number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def start(data: Path) -> Iterator:
    begun: list[Demo] = []

    def start(*options: str) -> Demo:
        begun.append(Demo(data, *options))
        return begun[-1]

    yield start
    for demo in begun:
        if demo.process.poll() is None:
            demo.process.terminate()  # not kill: the ledger it started has to end too
        demo.process.communicate(timeout=60)


def get(port: int, path: str, **headers: str) -> bytes:
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers=headers), timeout=30) as answer:
        return answer.read()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def entries(ready: dict) -> list[bytes]:
    key = Path(ready["audit_key_file"]).read_text().strip()
    path = f"/v1/sites/{ready['site_id']}/export"
    lines = get(ready["ports"]["ledger"], path, Authorization=f"Bearer {key}").splitlines()
    return lines[1:]  # the first one is about the export itself


def test_the_demo_starts_keeps_its_data_and_ends_without_a_trace(start, data: Path) -> None:
    first = start()
    ready = first.wait_until_ready()
    ports = ready["ports"]
    for name, text in (("site", b"Meridian API"), ("vendors", b"third parties")):
        assert text in get(ports[name], "/")
    page = get(ports["site"], "/cookies.html").decode()
    assert f"http://vendors.localhost:{ports['vendors']}/pay/policy.html" in page
    assert "localhost:847" not in page
    assert "Last updated" in page
    assert get(ports["site"], "/consent.js")
    kept = entries(ready)
    assert kept
    assert Path(ready["audit_key_file"]).stat().st_mode & 0o777 == 0o600

    code, out, err = first.end()
    assert (code, err) == (0, "")
    assert all(ready[name] in out for name in ("ledger", "site", "vendors"))
    assert not any(is_open(port) for port in ports.values())

    # The same ports again: nothing is added, and everything is still there.
    again = [word for name in ports for word in (f"--{name}-port", str(ports[name]))]
    begin = time.monotonic()
    second = start(*again)
    ready = second.wait_until_ready()
    now = entries(ready)
    assert now[: len(kept)] == kept
    assert [json.loads(line)["kind"] for line in now[len(kept) :]] == [3]  # who read the log
    code, _, err = second.end(signal.SIGTERM)
    assert (code, err) == (0, "")
    assert not is_open(ports["ledger"])
    assert time.monotonic() - begin < 60


def test_a_second_demo_on_the_same_data_is_refused_with_a_sentence(start) -> None:
    first = start()
    first.wait_until_ready()
    second = start()
    out, err = second.process.communicate(timeout=60)
    assert (second.process.returncode, out) == (1, "")
    assert err.count("\n") == 1
    assert "Another demo is running" in err
    assert "--data" in err
    assert first.end()[0] == 0


@pytest.mark.parametrize("name", ["ledger", "site", "vendors"])
def test_a_port_in_use_is_named_with_the_option_that_changes_it(start, name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        options = [*FREE]
        options[options.index(f"--{name}-port") + 1] = str(port)
        demo = start(*options)
        out, err = demo.process.communicate(timeout=60)
    assert (demo.process.returncode, out) == (1, "")
    assert err.startswith(f"Port {port} is in use: ")
    assert f"--{name}-port" in err
    assert err.count("\n") == 1


def test_a_ledger_that_dies_ends_the_demo_with_a_sentence(start, data: Path) -> None:
    demo = start()
    ready = demo.wait_until_ready()
    os.kill(ready["ledger_pid"], signal.SIGKILL)
    _, err = demo.process.communicate(timeout=60)
    assert demo.process.returncode == 1
    assert err.startswith("The ledger ended")
    assert "Traceback" not in err
    end = time.monotonic() + 20
    while is_open(ready["ports"]["ledger"]):
        assert time.monotonic() < end, "a worker of the ledger is still there"
        time.sleep(0.05)


def test_data_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.write_text("")
    line = [sys.executable, str(ROOT / "site" / "demo.py"), "--data", str(file / "data"), *FREE]
    answer = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "cannot be written" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_an_option_out_of_range_says_what_was_expected() -> None:
    line = [sys.executable, str(ROOT / "site" / "demo.py"), "--site-port", "70000"]
    answer = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 2
    assert "found '70000', expected a port from 0 to 65535" in answer.stderr
