# SPDX-License-Identifier: MIT
"""A real ledger for tests and benchmarks: `consent-ledger serve` as a process, driven from outside.

with LedgerProcess(tmp_path, origins=["http://site.localhost:8471"], dist=built) as ledger:
    ...                       # pages post to ledger.url
    ledger.decisions()        # what is stored, as the export shows it
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consent_banner import canonical
from consent_banner.notice import Notice
from consent_ledger import batch
from consent_ledger.auth import issue_key
from consent_ledger.config import Settings
from consent_ledger.db import Database, initialise, open_database
from consent_ledger.export import prepare_export
from consent_ledger.log_writer import LogWriter
from consent_ledger.notices import Shown
from consent_ledger.records import Decision, check_decision
from consent_ledger.sites import add_site
from consent_ledger.succession import open_for_writing, settle_site
from consent_ledger.timestamps import now_ms

SITE = "meridian"
ORIGIN = "http://meridian.localhost:8471"
AMPLE = "1000000/minute"  # limits that no test meets by accident
COMMAND = (sys.executable, "-c", "from consent_ledger.cli import main; main()")


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Reply:
    """What a server answered."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class LedgerProcess:
    """A served ledger in *directory*/data with one site and a key; a context manager.

    *dist*, when given, is published before it starts. *environment* holds more settings, such as
    {"CONSENT_LEDGER_LIMIT_RECORD": "2/minute"}. The port stays the same over restarts.
    """

    def __init__(
        self,
        directory: Path,
        *,
        site: str = SITE,
        origins: Sequence[str] = (ORIGIN,),
        dist: Path | None = None,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
        wrapper: Sequence[str] = (),
        command: Sequence[str] = COMMAND,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.data = directory / "data"
        self.log = directory / "ledger.log"
        self.site = site
        self.origins = list(origins)
        self.port = port or free_port()
        self.url = f"http://ledger.localhost:{self.port}"
        self.key = ""  # scopes publish and audit
        self._dist = dist
        # The server is run by *wrapper*, such as a tracer; *command* may be another server.
        self._serve = [*wrapper, *command, "serve"]
        self._process: subprocess.Popen[bytes] | None = None
        # Hundreds of processes load the same modules: they keep them compiled.
        self._environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if "CONSENT_LEDGER_" not in name and name != "PYTHONDONTWRITEBYTECODE"
            },
            "CONSENT_LEDGER_DATA": str(self.data),
            "CONSENT_LEDGER_PORT": str(self.port),
            **{
                f"CONSENT_LEDGER_LIMIT_{name}": AMPLE
                for name in ("RECORD", "READ", "LOG", "PUBLISH", "ERASE", "EXPORT", "HEALTH")
            },
            **(environment or {}),
        }

    def __enter__(self) -> LedgerProcess:
        self.prepare()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def prepare(self) -> None:
        """Initialises the data directory and publishes *dist*.

        As `init`, `site add` and `key issue` do, without a process for each.
        """
        settings = Settings.load(self._environment)
        initialise(settings.data, settings.log_name)
        database, writer = open_for_writing(settings.data, max_connections=2)
        try:
            with database.connection_context():
                add_site(database, self.site, self.site.title(), self.origins)
                settle_site(database, writer, self.site)
                self.key, _ = issue_key(database, self.site, "tests", ["publish", "audit"])
        finally:
            database.close_all()
        if self._dist is not None:
            self.publish(self._dist)

    def run(self, *arguments: str) -> str:
        """Standard output of a `consent-ledger` command; fails when the command does."""
        done = subprocess.run(
            [*COMMAND, *arguments], env=self._environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"consent-ledger {arguments[0]} failed: {done.stderr}"
        return done.stdout

    def publish(self, dist: Path) -> str:
        """Publishes what the builder wrote into *dist*, while the server runs or not.

        Without screenshots, which take seconds and have tests of their own.
        """
        return self.run("publish", str(dist), "--site", self.site, "--no-screenshots")

    # The process

    def start(self, timeout_s: float = 20) -> None:
        """Starts the server and returns when it is ready."""
        assert self._process is None, "the ledger runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._serve,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout_s
        while True:
            if self._process.poll() is not None:
                self._process = None
                raise AssertionError(f"the ledger did not start: {self.log.read_text()[-2000:]}")
            try:
                if self.request("GET", "/readyz").status == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"the ledger is not ready: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self, timeout_s: float = 30) -> int | None:
        """Stops the server as an operator does, and returns its exit code (None: it was down)."""
        if self._process is None:
            return None
        process, self._process = self._process, None
        # To the whole group: a wrapper need not pass signals on.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise

    def wait(self, timeout_s: float = 30) -> int:
        """Exit code of a server that ends by itself, once it has."""
        assert self._process is not None, "the ledger does not run"
        process, self._process = self._process, None
        return process.wait(timeout_s)

    @property
    def is_running(self) -> bool:
        """Whether it was started and neither stopped nor killed."""
        return self._process is not None

    def kill(self) -> None:
        """Ends every process of the server at once, as a crash does."""
        if self._process is not None:
            process, self._process = self._process, None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def pid(self) -> int:
        """Process id of the server (the main process; the worker is its child)."""
        assert self._process is not None, "the ledger does not run"
        return self._process.pid

    # What it knows

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30,
    ) -> Reply:
        """One HTTP request. Raises: OSError when there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, response.read())
        except http.client.HTTPException as error:
            raise ConnectionError(type(error).__name__) from error
        finally:
            connection.close()

    def post(self, decision: Mapping[str, Any], origin: str | None = None) -> Reply:
        """Posts a decision as a browser on the site's first origin (or *origin*) does."""
        headers = {"Origin": origin or self.origins[0], "Content-Type": "text/plain"}
        body = json.dumps(decision).encode()
        return self.request("POST", f"/v1/sites/{self.site}/consents", body, headers)

    def preferences(self, token: str) -> dict[str, Any] | None:
        """Current preferences of the visitor with *token*, or None when nothing is recorded."""
        headers = {"Authorization": f"Bearer {token}"}
        reply = self.request("GET", f"/v1/sites/{self.site}/preferences", headers=headers)
        if reply.status == 404:
            return None
        assert reply.status == 200, reply.body
        found: dict[str, Any] = reply.json()
        return found

    def entries(self) -> list[dict[str, Any]]:
        """Every entry with its openings, in order, as the export shows them.

        Asked over HTTP while the server runs, otherwise read from the disk as `export` does.
        """
        if self._process is None:
            text = self._stored()
        else:
            headers = {"Authorization": f"Bearer {self.key}"}
            reply = self.request("GET", f"/v1/sites/{self.site}/export?parts=all", headers=headers)
            assert reply.status == 200, reply.body
            text = reply.body
        return [json.loads(line) for line in text.splitlines()[1:]]

    def _stored(self) -> bytes:
        database = open_database(self.data, max_connections=2)
        try:
            with database.connection_context():
                prepared = prepare_export(database, self.site, with_subjects=True)
                return b"".join(prepared.lines("ndjson"))
        finally:
            database.close_all()

    def decisions(self) -> list[dict[str, Any]]:
        """Both parts of each decision that is not erased in one dictionary, with its `index`."""
        return [
            {"index": entry["index"], **entry["evidence"]["part"], **entry["subject"]["part"]}
            for entry in self.entries()
            if entry["kind"] == 1 and entry["evidence"] and entry["subject"]
        ]


# Writing without a server.


def writer_of(database: Database) -> LogWriter:
    """A writer that knows nothing yet, as in a process that has just started."""
    return LogWriter.open(Path(database.database).parent)


def commit(
    database: Database, works: Sequence[batch.Work], clock: Callable[[], int] = now_ms
) -> list[batch.Done]:
    """Writes *works* in one transaction, as a process of its own does."""
    return batch.commit(database, writer_of(database), works, clock)


# A small publication and decisions on it, for tests that need no built banner.


def sample_notice(site: str = SITE, **changes: Any) -> dict[str, Any]:
    """A valid notice: `functional` (settings) and `analytics` (counter, speed) are asked."""

    def text(words: str) -> dict[str, str]:
        return {language: f"{words} ({language})" for language in ("en", "fr")}

    def service(name: str, asks: str | None) -> dict[str, Any]:
        return {
            "id": name,
            "name": text(name),
            "provider": "Meridian Interfaces Ltd",
            "purpose": text(f"purpose of {name}"),
            "reason": None if asks else text("the site cannot work without it"),
            "policy": None,
            "status": "active",
            "sale_or_share": False,
            "asks": asks,
            "cookies": [],
        }

    def category(name: str, *services: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": name,
            "asked": name != "necessary",
            "title": text(name),
            "purpose": text(f"purpose of {name}"),
            "services": list(services),
        }

    return {
        "schema": "consent-ledger/notice/v1",
        "site": {
            "id": site,
            "name": "Meridian API",
            "cookies_policy": "/cookies.html",
            "privacy_policy": "/privacy.html",
            "updated": "2026-11-21",
        },
        "controller": {"name": "Meridian Interfaces Ltd", "address": "1 Quay Street, Dublin"},
        "contacts": {"privacy": "privacy@meridian.example"},
        "languages": ["en", "fr"],
        "default_language": "en",
        "lifetime_days": 180,
        "ledger": None,
        "texts": {"en": {"title": "Your choice"}, "fr": {"title": "Votre choix"}},
        "categories": [
            category("necessary", service("session", None)),
            category("functional", service("settings", "aaaaaa")),
            category("analytics", service("counter", "bbbbbb"), service("speed", "cccccc")),
        ],
        **changes,
    }


def sample_build(notice: Mapping[str, Any], build: str = "b" * 64) -> dict[str, Any]:
    """What the builder would write beside *notice*; *build* stands for its hash."""
    return {
        "schema": "consent-ledger/build/v1",
        "build": build,
        "notice": Notice.load(dict(notice)).sha256,
        "config": "c" * 64,
        "script": {
            "file": "consent.0123456789ab.js",
            "integrity": "sha384-" + "A" * 64,
            "bytes": 4096,
        },
        "generator": "consent-banner 0.1.0",
    }


def write_dist(directory: Path, notice: Mapping[str, Any] | None = None) -> Path:
    """A directory as the builder leaves it, as far as publishing reads it."""
    notice = notice or sample_notice()
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "notice.json").write_bytes(canonical.dumps(notice))
    (directory / "build.json").write_bytes(canonical.dumps(sample_build(notice)))
    return directory


def sample_decision(**changes: Any) -> dict[str, Any]:
    """The body of a decision that accepts all on the sample notice; ids and token are fresh.

    The control and the signal follow from the action.
    """
    action = changes.get("action", "accept_all")
    return {
        "id": secrets.token_hex(16),
        "token": secrets.token_hex(16),
        "seq": 1,
        "decided_at_ms": time.time_ns() // 1_000_000,
        "previous": None,
        "build": "b" * 64,
        "language": "en",
        "action": action,
        "layer": "first",
        "control": action if action in ("accept_all", "reject_all") else "save",
        "gpc": action == "signal",
        "choices": sample_choices(settings=True, counter=True, speed=True),
        **changes,
    }


def checked(body: dict[str, Any], notice: Notice, site: str = SITE) -> Decision:
    """The decision in *body*, which names its build by all digits, on that build's notice."""
    return check_decision(site, ORIGIN, body, Shown(body["build"], notice))


def sample_choices(*, settings: bool, counter: bool, speed: bool) -> dict[str, bool]:
    """Choices on the sample notice, its categories following from the services."""
    return {
        "functional": settings,
        "settings": settings,
        "analytics": counter and speed,
        "counter": counter,
        "speed": speed,
    }
