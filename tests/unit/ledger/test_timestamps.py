# SPDX-License-Identifier: MIT
"""How times are spelled."""

from __future__ import annotations

import time

from consent_ledger.timestamps import DAY_MS, hour, moment, now_ms

AT = 1_795_301_137_123


def test_a_moment_is_utc_to_the_millisecond() -> None:
    assert moment(AT) == "2026-11-21T22:45:37.123Z"
    assert moment(AT - 123) == "2026-11-21T22:45:37.000Z"
    assert moment(0) == "1970-01-01T00:00:00.000Z"


def test_an_hour_tells_nothing_finer() -> None:
    assert hour(AT) == hour(AT - AT % 3_600_000) == "2026-11-21T22Z"


def test_180_days_later_is_the_expiry_of_the_format() -> None:
    assert hour(AT + 180 * DAY_MS) == "2027-05-20T22Z"


def test_now_is_the_systems_clock() -> None:
    assert abs(now_ms() - time.time() * 1000) < 5000
