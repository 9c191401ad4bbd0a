# SPDX-License-Identifier: MIT
"""A database with one site and its published notice, decisions for it, and the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from consent_banner.notice import Notice
from consent_ledger import sites
from consent_ledger.cli import main
from consent_ledger.db import Database, initialise, open_database
from consent_ledger.notices import Publish
from consent_ledger.records import Decision
from harness import ORIGIN, SITE, checked, commit, sample_decision, sample_notice, write_dist

NOW_MS = 1_795_300_000_123
NOTICE = Notice.load(sample_notice())

Decide = Callable[..., Decision]


def decide(**changes: Any) -> Decision:
    """A checked decision on the sample notice, made at NOW_MS."""
    body = sample_decision(**{"decided_at_ms": NOW_MS, **changes})
    return checked(body, NOTICE)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An initialised data directory."""
    initialise(tmp_path / "data", "ledger.test")
    return tmp_path / "data"


@pytest.fixture
def database(data: Path) -> Iterator[Database]:
    """Open on a connection of this thread, with the site and its notice as entry 0."""
    opened = open_database(data)
    with opened.connection_context():
        sites.add_site(opened, SITE, "Meridian API", [ORIGIN])
        work = Publish(SITE, NOTICE, "b" * 64, "c" * 64, "sha384-" + "A" * 64)
        (done,) = commit(opened, [work], lambda: NOW_MS)
        assert done.error is None
        yield opened
    opened.close_all()


class Done(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `consent-ledger` in this process, on a data directory of the test."""
    monkeypatch.setenv("CONSENT_LEDGER_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["consent-ledger", *arguments])
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return run


@pytest.fixture
def ledger(run: Run, tmp_path: Path) -> Run:
    """The same with a site whose notice is published."""
    assert run("init").code == 0
    assert run("site", "add", SITE, "--name", "Meridian API", "--origin", ORIGIN).code == 0
    assert run("publish", str(write_dist(tmp_path / "dist"))).code == 0
    return run


def sentence(done: Done) -> str:
    """The one line on standard error that an error is."""
    assert done.code == 1
    assert done.out == ""
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("consent-ledger: ")
    return done.err
