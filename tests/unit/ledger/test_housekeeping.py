# SPDX-License-Identifier: MIT
"""The thread that keeps house: it goes on after failures, says nothing of people, and ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from consent_ledger.config import Settings
from consent_ledger.db import Database
from consent_ledger.errors import LogHalted, Stopping
from consent_ledger.housekeeping import Housekeeping
from harness import SITE

from .conftest import NOW_MS

PATIENCE_S = 20


class FakeEraser:
    """Counts what it is asked for, and can be told to fail."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.error: Exception | None = None
        self.has_asked = threading.Condition()

    def _note(self, name: str, what: Any = None) -> None:
        with self.has_asked:
            self.asked.append((name, what))
            self.has_asked.notify_all()
        if self.error is not None and name != "doubt":
            raise self.error

    def doubt(self) -> None:
        self._note("doubt")

    def clear(self) -> bool:
        self._note("clear")
        return True

    def announce_older(self, than_ms: int) -> None:
        self._note("announce", than_ms)

    def drop_marks(self, now_ms: int) -> None:
        self._note("marks", now_ms)

    def expire(self, site: str, progress: Callable[[int], None]) -> None:
        self._note("expire", site)
        progress(1)

    def wait_for(self, holds: Callable[[list[str]], bool]) -> None:
        with self.has_asked:
            found = self.has_asked.wait_for(
                lambda: holds([name for name, _ in self.asked]), PATIENCE_S
            )
        assert found, self.asked


@pytest.fixture
def eraser() -> FakeEraser:
    return FakeEraser()


@pytest.fixture
def make(database: Database, eraser: FakeEraser) -> Callable[..., Housekeeping]:
    def make(**settings: Any) -> Housekeeping:
        chosen = Settings.load({}, **settings)
        return Housekeeping(database, eraser, chosen, lambda: NOW_MS)  # type: ignore[arg-type]

    return make


def test_a_server_that_starts_finishes_what_was_begun_before_it_announces(
    make: Callable[..., Housekeeping], eraser: FakeEraser
) -> None:
    keeping = make(announce_after=60)
    keeping.start()
    eraser.wait_for(lambda names: "expire" in names)
    keeping.close()
    assert eraser.asked == [
        ("doubt", None),
        ("clear", None),
        ("announce", NOW_MS - 60_000),
        ("marks", NOW_MS),
        ("expire", SITE),
    ]


def test_each_task_has_its_own_time(make: Callable[..., Housekeeping], eraser: FakeEraser) -> None:
    keeping = make(purge_interval=1)
    keeping.start()
    eraser.wait_for(lambda names: names.count("expire") == 3)
    keeping.close()
    names = [name for name, _ in eraser.asked]
    assert names.count("announce") == 1


@pytest.mark.parametrize("error", [LogHalted("of meridian"), OSError(28, "secret"), KeyError("x")])
def test_what_fails_is_logged_in_one_line_without_data_and_tried_again(
    make: Callable[..., Housekeeping],
    eraser: FakeEraser,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    eraser.error = error
    keeping = make(purge_interval=1, announce_after=1)
    keeping.start()
    eraser.wait_for(lambda names: names.count("marks") == 2 and names.count("announce") >= 2)
    eraser.error = None
    eraser.wait_for(lambda names: "expire" in names)
    keeping.close()
    assert caplog.messages
    for line in caplog.messages:
        assert line.endswith(", and is tried again")
        assert "secret" not in line
        assert "meridian" not in line
        assert "\n" not in line


def test_it_ends_between_two_steps_of_a_long_task(
    make: Callable[..., Housekeeping], eraser: FakeEraser, caplog: pytest.LogCaptureFixture
) -> None:
    def endless(site: str, progress: Callable[[int], None]) -> None:
        eraser._note("expire", site)
        while True:
            progress(1)

    eraser.expire = endless  # type: ignore[method-assign]
    keeping = make()
    keeping.start()
    eraser.wait_for(lambda names: "expire" in names)
    keeping.close()
    assert caplog.messages == []


def test_a_committer_that_has_ended_is_no_failure(
    make: Callable[..., Housekeeping], eraser: FakeEraser, caplog: pytest.LogCaptureFixture
) -> None:
    eraser.error = Stopping("the ledger is shutting down")
    keeping = make()
    keeping.start()
    eraser.wait_for(lambda names: "marks" in names)
    keeping.close()
    assert caplog.messages == []


def test_one_that_never_started_can_be_closed(make: Callable[..., Housekeeping]) -> None:
    make().close()
