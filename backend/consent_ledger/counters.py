# SPDX-License-Identifier: MIT
"""Fixed-window counters in memory, for the rate limits.

The storage that comes with `limits` looks at every key it holds up to a hundred times a second,
in a thread that it makes anew each time: a crowd of addresses would slow each request. Here a key
costs something only when it is used, and now and then when the expired ones are dropped.
"""

import threading
import time

from limits.storage import Storage

SCHEME = "counters"
MAX_KEYS = 100_000  # some 25 MB


class Counters(Storage):
    """Keys with a count and the second at which it starts again; safe between threads."""

    STORAGE_SCHEME = [SCHEME]

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False) -> None:
        super().__init__(uri, wrap_exceptions)
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}
        self._full = 1000  # when that many keys are held, expired ones are looked for

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Adds *amount* and returns the count; a new window lasts *expiry* seconds."""
        now = time.time()
        with self._lock:
            count, ends = self._counts.get(key, (0, 0.0))
            if ends <= now:
                if len(self._counts) >= self._full:
                    self._drop_expired(now)
                count, ends = 0, now + expiry
            self._counts[key] = count + amount, ends
            return count + amount

    def _drop_expired(self, now: float) -> None:
        self._counts = {key: held for key, held in self._counts.items() if held[1] > now}
        if len(self._counts) >= MAX_KEYS:
            self._counts.clear()  # a flood of addresses: counting anew is better than growing
        self._full = max(1000, 2 * len(self._counts))

    def get(self, key: str) -> int:
        count, ends = self._counts.get(key, (0, 0.0))
        return count if ends > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Second since 1970 at which the count of *key* starts again."""
        now = time.time()
        return max(now, self._counts.get(key, (0, now))[1])

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        """Forgets every count; returns how many there were."""
        with self._lock:
            held = len(self._counts)
            self._counts = {}
            return held

    def clear(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)
