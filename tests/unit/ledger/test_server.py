# SPDX-License-Identifier: MIT
"""The real server process: how it starts, refuses to start, serves and ends."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from consent_ledger.tlog.errors import UnknownSignerError
from consent_ledger.tlog.receipts import verify_receipt
from harness import COMMAND, SITE, LedgerProcess, sample_decision, sample_notice, write_dist

needs_proc = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are looked at in /proc, which is for Linux only"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerProcess]:
    """One server for the tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("ledger")
    with LedgerProcess(folder, dist=write_dist(folder / "dist")) as ledger:
        yield ledger


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[LedgerProcess]:
    """A ledger that is ready to be started, and is stopped after the test."""
    ledger = LedgerProcess(tmp_path, dist=write_dist(tmp_path / "dist"))
    ledger.prepare()
    yield ledger
    ledger.stop()


def refused(data: Path, port: int, **environment: str) -> str:
    """The one sentence with which `serve` refuses to start."""
    inherited = {name: value for name, value in os.environ.items() if "CONSENT" not in name}
    done = subprocess.run(
        [*COMMAND, "--data", str(data), "serve", "--port", str(port)],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0].removeprefix("consent-ledger: ")


def test_a_decision_survives_a_restart(prepared: LedgerProcess) -> None:
    prepared.start()
    decision = sample_decision()
    receipt = prepared.post(decision)
    assert receipt.status == 201
    prepared.restart()
    again = prepared.post(decision)
    assert (again.status, again.body) == (200, receipt.body)
    (stored,) = prepared.decisions()
    assert stored["id"] == decision["id"]


@needs_proc
def test_it_starts_in_a_moment_and_stays_small(served: LedgerProcess) -> None:
    """The promise is a second and 100 MB on a quiet machine; this allows for a busy one."""
    pids = [served.pid, *children(served.pid)]
    assert len(pids) == 2
    sizes = [Path(f"/proc/{pid}/smaps_rollup") for pid in pids]
    pss_kb = sum(
        int(line.split()[1])
        for path in sizes
        for line in path.read_text().splitlines()
        if line.startswith("Pss:")
    )
    assert pss_kb < 100_000


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def test_a_second_server_on_the_same_data_is_refused(served: LedgerProcess) -> None:
    sentence = refused(served.data, 1024)
    assert f"another server (process {served.pid}) serves {served.data} already" in sentence


def test_commands_work_while_it_serves(served: LedgerProcess) -> None:
    assert json.loads(served.run("site", "show", SITE, "--json"))["size"] >= 1
    assert "was published already" in served.publish(served.data.parent / "dist")


def test_a_port_in_use_is_told_with_what_to_do(prepared: LedgerProcess) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sentence = refused(prepared.data, port)
    assert f"port {port} of 127.0.0.1 is in use" in sentence
    assert "--port" in sentence


def test_a_host_that_is_not_ours_is_told(prepared: LedgerProcess) -> None:
    sentence = refused(prepared.data, prepared.port, CONSENT_LEDGER_HOST="192.0.2.1")
    assert "cannot be used" in sentence
    sentence = refused(prepared.data, prepared.port, CONSENT_LEDGER_HOST="nowhere.invalid")
    assert "'nowhere.invalid' is no address of this machine" in sentence


def test_no_ledger_a_newer_ledger_and_a_wrong_setting_are_told(prepared: LedgerProcess) -> None:
    assert "init` first" in refused(prepared.data.parent / "nothing", prepared.port)
    wrong = refused(prepared.data, prepared.port, CONSENT_LEDGER_THREADS="none")
    assert "CONSENT_LEDGER_THREADS is 'none'" in wrong
    with sqlite3.connect(prepared.data / "ledger.db") as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    connection.close()
    assert "newer version" in refused(prepared.data, prepared.port)


def test_every_answer_that_began_is_given_before_it_ends(prepared: LedgerProcess) -> None:
    """Under load, SIGTERM loses no answer of a request that was accepted."""
    prepared.start()
    acknowledged: list[str] = []
    broken: list[str] = []
    stop = threading.Event()

    def post() -> None:
        while not stop.is_set():
            decision = sample_decision()
            try:
                reply = prepared.post(decision)
            except OSError:
                if prepared.is_running:
                    broken.append("no answer")
                return
            (acknowledged if reply.status == 201 else broken).append(decision["id"])

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(post)
        time.sleep(0.5)
        assert prepared.stop() == 0
        stop.set()
    stored = {decision["id"] for decision in prepared.decisions()}
    assert acknowledged
    assert set(acknowledged) <= stored
    assert not broken


def test_sigint_ends_it_as_well_and_leaves_one_tidy_file(prepared: LedgerProcess) -> None:
    prepared.start()
    assert prepared.post(sample_decision()).status == 201
    os.kill(prepared.pid, signal.SIGINT)
    assert prepared.wait() == 0
    names = {path.name for path in prepared.data.iterdir()}
    assert names == {
        "ledger.db",
        "ledger.lock",
        "signing.seed",
        "journal",
    }  # no write-ahead log is left to be replayed


def test_an_idle_connection_does_not_hold_up_the_end(prepared: LedgerProcess) -> None:
    prepared.start()
    connection = http.client.HTTPConnection("127.0.0.1", prepared.port)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    began = time.monotonic()
    assert prepared.stop() == 0
    assert time.monotonic() - began < 5
    connection.close()


@needs_proc
def test_the_worker_does_not_outlive_a_killed_main_process(prepared: LedgerProcess) -> None:
    prepared.start()
    (worker,) = children(prepared.pid)
    os.kill(prepared.pid, signal.SIGKILL)
    prepared.wait()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{worker}").exists()
    prepared.start()  # neither the lock nor the port is still held


@needs_proc
def test_a_worker_that_dies_takes_the_server_down_so_that_a_supervisor_sees_it(
    prepared: LedgerProcess,
) -> None:
    prepared.start()
    (worker,) = children(prepared.pid)
    os.kill(worker, signal.SIGKILL)
    assert prepared.wait() == 1


def refusal_of(served: LedgerProcess, body: bytes | Iterator[bytes]) -> tuple[int, str]:
    """Status and code for *body*. A server that hangs up on what it does not want may do so before
    the client has read the answer: then it is asked again."""
    headers = {"Origin": served.origins[0], "Content-Type": "text/plain"}
    sent = body if isinstance(body, bytes) else list(body)
    for _ in range(10):
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        try:
            connection.request(
                "POST",
                f"/v1/sites/{SITE}/consents",
                sent if isinstance(sent, bytes) else iter(sent),
                headers,
                encode_chunked=not isinstance(sent, bytes),
            )
            response = connection.getresponse()
            return response.status, json.loads(response.read())["code"]
        except (ConnectionError, http.client.HTTPException):
            continue
        finally:
            connection.close()
    raise AssertionError("ten times no answer was read")


def test_a_large_body_is_refused_over_the_wire(served: LedgerProcess) -> None:
    assert refusal_of(served, b"x" * 200_000) == (413, "body_too_large")


def test_a_chunked_body_is_capped_too(served: LedgerProcess) -> None:
    chunks = (b"x" * 10_000 for _ in range(20))
    assert refusal_of(served, chunks) == (413, "body_too_large")


def test_a_chunked_decision_is_recorded(served: LedgerProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    body = json.dumps(sample_decision()).encode()
    connection.request(
        "POST",
        f"/v1/sites/{SITE}/consents",
        iter([body[:50], body[50:]]),
        {"Origin": served.origins[0], "Content-Type": "text/plain"},
        encode_chunked=True,
    )
    assert connection.getresponse().status == 201
    connection.close()


def test_a_body_that_ends_too_early_is_not_recorded(served: LedgerProcess) -> None:
    before = len(served.decisions())
    body = json.dumps(sample_decision()).encode()
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as raw:
        raw.sendall(
            f"POST /v1/sites/{SITE}/consents HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
            f"Origin: {served.origins[0]}\r\nContent-Length: {len(body) + 10}\r\n\r\n".encode()
            + body
        )
        raw.shutdown(socket.SHUT_WR)
        raw.recv(65_536)
    assert len(served.decisions()) == before
    assert served.request("GET", "/readyz").status == 200


def test_the_whole_export_arrives_over_the_wire_and_by_command(
    served: LedgerProcess, tmp_path: Path
) -> None:
    for _ in range(5):
        assert served.post(sample_decision()).status == 201
    remote = ("--from-url", served.url, "--key-file", str(tmp_path / "key"))
    (tmp_path / "key").write_text(served.key + "\n")
    target = tmp_path / "out.ndjson"
    served.run("export", SITE, "--parts", "all", "-o", str(target), *remote)
    fetched = target.read_text().splitlines()
    local = served.run("export", SITE, "--parts", "all").splitlines()
    assert fetched[1:] == local[1:-1]  # the last is the note that a key was used
    assert len(fetched) == 1 + json.loads(fetched[0])["logs"][0]["size"]
    for name in ("out.zip", "out.jsonld", "out.csv"):
        served.run("export", SITE, "-o", str(tmp_path / name), *remote)
    vkey = served.run("signing-key", "show", SITE).strip()
    assert "VERIFIED" in served.run("verify", str(tmp_path / "out.zip"), "--key", vkey)
    decisions = len(served.decisions())
    assert len(json.loads((tmp_path / "out.jsonld").read_text())["dct:hasPart"]) == decisions
    assert (tmp_path / "out.csv").read_text().count(",decision,") == decisions


def test_publishing_over_http_works_like_publishing_here(
    served: LedgerProcess, tmp_path: Path
) -> None:
    dist = write_dist(tmp_path / "dist", sample_notice(lifetime_days=200))
    build = json.loads((dist / "build.json").read_text()) | {"build": "e" * 64}
    (dist / "build.json").write_text(json.dumps(build))
    (tmp_path / "key").write_text(served.key)
    to = ("--to", served.url, "--key-file", str(tmp_path / "key"))
    assert "published notice" in served.run("publish", str(dist), *to)
    assert "was published already" in served.run("publish", str(dist), *to)


def test_a_refusal_from_afar_is_one_sentence(served: LedgerProcess, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("clk_000000000000_" + "A" * 43)
    with pytest.raises(AssertionError, match=r"answered 401 unauthenticated: this is no key"):
        served.run("export", SITE, "--from-url", served.url, "--key-file", str(tmp_path / "key"))


def test_a_stream_that_breaks_off_is_noticed(tmp_path: Path) -> None:
    """A ledger that dies while it exports must not leave a file that looks complete."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            peer, _ = listening.accept()
            peer.recv(65_536)
            peer.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n5\r\nhalf\n\r\n"
            )
            peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        port = listening.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, "export", SITE, "--from-url", f"http://x.localhost:{port}", "-o", "out"],
            env={**os.environ, "CONSENT_LEDGER_KEY": "clk_x"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        thread.join()
    assert done.returncode == 1
    assert "broke off" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["ndjson", "csv", "jsonld", "bundle"])
def test_a_failure_in_the_middle_of_an_export_is_noticed(tmp_path: Path, form: str) -> None:
    """The server ends even a failed stream as if it were whole; the lines tell the truth."""
    change = (
        "from consent_ledger import export_pages\n"
        "export_pages.PAGE, whole = 2, export_pages.StoredLog.fetch\n"
        "def fetch(self, sql, *parameters):\n"
        "    return 1 / 0 if parameters[:1] == (2,) else whole(self, sql, *parameters)\n"
        "export_pages.StoredLog.fetch = fetch\n"
        "from consent_ledger.cli import main; main()"
    )
    dist = write_dist(tmp_path / "dist")
    with LedgerProcess(tmp_path, dist=dist, command=(sys.executable, "-c", change)) as ledger:
        for _ in range(4):
            assert ledger.post(sample_decision()).status == 201
        (tmp_path / "key").write_text(ledger.key)
        remote = ("--from-url", ledger.url, "--key-file", str(tmp_path / "key"))
        target = tmp_path / "out"
        told = r"after 2 of 5 entries" if form in ("ndjson", "csv") else "before the end"
        with pytest.raises(AssertionError, match=f"broke off {told}"):
            ledger.run("export", SITE, "--format", form, "-o", str(target), *remote)
        assert not target.exists()
        assert "ZeroDivisionError" in ledger.log.read_text()


def test_something_else_at_the_address_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            peer, _ = listening.accept()
            peer.recv(65_536)
            peer.sendall(b"HTTP/1.1 502 Bad\r\nContent-Length: 4\r\n\r\noops")
            peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://x.localhost:{listening.getsockname()[1]}"
        done = subprocess.run(
            [*COMMAND, "export", SITE, "--from-url", url],
            env={**os.environ, "CONSENT_LEDGER_KEY": "clk_x"},
            capture_output=True,
            text=True,
        )
        thread.join()
    assert done.returncode == 1
    assert "answered 502, and not as a ledger does" in done.stderr


def test_the_command_is_installed_beside_python() -> None:
    command = Path(sys.executable).with_name("consent-ledger")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("consent-ledger, version ")


# A database that is older than what was signed, and keys that change


def head_of(ledger: LedgerProcess) -> tuple[str, int]:
    """Origin and size of the site's newest log."""
    shown = json.loads(ledger.run("site", "show", ledger.site, "--json"))
    return shown["log"], shown["size"]


def test_a_restored_backup_goes_on_as_the_next_generation(prepared: LedgerProcess) -> None:
    backup = (prepared.data / "ledger.db").read_bytes()
    old_key = prepared.run("signing-key", "show", SITE).strip()
    prepared.start()
    old = prepared.post(sample_decision())
    prepared.stop()
    (prepared.data / "ledger.db").write_bytes(backup)
    prepared.start()
    new = prepared.post(sample_decision())
    prepared.stop()
    assert (old.status, new.status) == (201, 201)
    assert head_of(prepared) == (f"ledger.localhost/{SITE}/2", 2)
    new_key = prepared.run("signing-key", "show", SITE).strip()
    verify_receipt(old.body, [old_key])
    assert verify_receipt(new.body, [new_key]).index == 1
    warnings = [line for line in prepared.log.read_text().splitlines() if "WARNING" in line]
    assert len(warnings) == 1
    assert f"ledger.localhost/{SITE}/1 was signed up to size 2" in warnings[0]


def test_a_command_notices_a_restored_backup_too(prepared: LedgerProcess) -> None:
    backup = (prepared.data / "ledger.db").read_bytes()
    prepared.run("signing-key", "rotate", SITE, "--yes")
    (prepared.data / "ledger.db").write_bytes(backup)
    prepared.run("signing-key", "rotate", SITE, "--yes")
    assert head_of(prepared) == (f"ledger.localhost/{SITE}/2", 2)


def test_a_database_that_is_exchanged_under_the_server_is_not_written(
    prepared: LedgerProcess, tmp_path: Path
) -> None:
    shutil.copy(prepared.data / "ledger.db", tmp_path / "backup")
    prepared.start()
    assert prepared.post(sample_decision()).status == 201
    shutil.copy(tmp_path / "backup", tmp_path / "restored")
    (tmp_path / "restored").rename(prepared.data / "ledger.db")
    refused = prepared.post(sample_decision())
    assert (refused.status, refused.json()["code"]) == (503, "log_halted")
    ready = prepared.request("GET", "/readyz")
    assert (ready.status, ready.json()["halted"]) == (200, [f"ledger.localhost/{SITE}/1"])
    prepared.stop()
    for left in prepared.data.glob("ledger.db-*"):
        left.unlink()
    prepared.start()
    assert prepared.post(sample_decision()).status == 201
    assert prepared.request("GET", "/readyz").json()["halted"] == []
    assert head_of(prepared) == (f"ledger.localhost/{SITE}/2", 2)


def test_a_lost_journal_stops_the_server_until_it_is_told_to_go_on(
    prepared: LedgerProcess,
) -> None:
    shutil.move(prepared.data / "journal", prepared.data / "lost")
    assert "consent-ledger continue" in refused(prepared.data, prepared.port)
    assert prepared.run("continue", "--yes") == f"goes on as ledger.localhost/{SITE}/2\n"
    assert prepared.run("continue", "--yes") == ""
    prepared.start()
    assert prepared.post(sample_decision()).status == 201


def test_a_running_server_signs_with_a_key_that_a_command_has_introduced(
    prepared: LedgerProcess,
) -> None:
    (old,) = prepared.run("signing-key", "show", SITE).split()
    prepared.start()
    verify_receipt(prepared.post(sample_decision()).body, [old])
    new = prepared.run("signing-key", "rotate", SITE, "--yes").strip()
    receipt = prepared.post(sample_decision()).body
    verify_receipt(receipt, [old])
    verify_receipt(receipt, [new])
    newest = prepared.run("signing-key", "rotate", SITE, "--now", "--yes").strip()
    receipt = prepared.post(sample_decision()).body
    verify_receipt(receipt, [newest])
    for dropped in (old, new):
        with pytest.raises(UnknownSignerError):
            verify_receipt(receipt, [dropped])
