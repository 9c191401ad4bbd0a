# SPDX-License-Identifier: MIT
"""Times as records spell them: UTC, to the millisecond in S, cut to the hour in E."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_ms() -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


@lru_cache(64)  # a batch has one time, and spelling it takes as long as encoding a part
def moment(ms: int) -> str:
    """`2026-11-21T22:45:37.123Z` for milliseconds since 1970."""
    at = _EPOCH + timedelta(milliseconds=ms)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


@lru_cache(64)
def hour(ms: int) -> str:
    """`2026-11-21T22Z` for milliseconds since 1970."""
    return f"{_EPOCH + timedelta(milliseconds=ms):%Y-%m-%dT%HZ}"


def parse_hour(text: str) -> int:
    """Milliseconds since 1970 for what `hour` spells. Raises: ValueError."""
    at = datetime.strptime(text, "%Y-%m-%dT%HZ").replace(tzinfo=UTC)
    return (at - _EPOCH) // timedelta(milliseconds=1)
