# SPDX-License-Identifier: MIT
"""The counters behind the rate limits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from consent_ledger import counters
from consent_ledger.counters import Counters
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [1000.0]
    monkeypatch.setattr("consent_ledger.counters.time.time", lambda: clock[0])
    return clock


def test_a_window_counts_and_then_starts_again(now: list[float]) -> None:
    held = Counters()
    assert [held.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert (held.get("a"), held.get_expiry("a")) == (3, 1060.0)
    now[0] += 59.9
    assert held.incr("a", 60) == 4
    now[0] += 0.1
    assert held.get("a") == 0
    assert held.incr("a", 60) == 1


def test_keys_do_not_disturb_each_other(now: list[float]) -> None:
    held = Counters()
    held.incr("a", 60, amount=5)
    assert held.incr("b", 60) == 1
    held.clear("a")
    assert (held.get("a"), held.get("b")) == (0, 1)
    assert held.reset() == 1
    assert held.get("b") == 0
    assert held.get_expiry("b") == 1000.0


def test_expired_keys_are_dropped_and_valid_ones_stay(now: list[float]) -> None:
    held = Counters()
    for number in range(999):
        held.incr(f"old {number}", 10)
    held.incr("valid", 1000)
    now[0] += 20
    held.incr("new", 10)
    assert set(held._counts) == {"valid", "new"}


def test_a_flood_of_keys_cannot_fill_the_memory(
    now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "MAX_KEYS", 3000)
    held = Counters()
    most = 0
    for number in range(20_000):
        held.incr(f"address {number}", 60)
        most = max(most, len(held._counts))
    assert most <= 2 * 3000


def test_no_count_is_lost_between_threads() -> None:
    held = Counters()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: held.incr("a", 60), range(4000)))
    assert held.get("a") == 4000


def test_it_starts_no_thread_and_is_found_by_its_name() -> None:
    before = threading.active_count()
    limiter = FixedWindowRateLimiter(storage_from_string(f"{counters.SCHEME}://"))
    assert limiter.storage.check()
    two = parse("2/minute")
    assert [limiter.hit(two, "x") for _ in range(3)] == [True, True, False]
    assert limiter.get_window_stats(two, "x").remaining == 0
    assert threading.active_count() == before
