# SPDX-License-Identifier: MIT
"""Remembering what was made of a part: evidence names nobody, so the same bytes come often."""

import json
from collections.abc import Callable
from typing import Any, Generic, TypeVar

REMEMBERED = 4096

T = TypeVar("T")


class Remembered(Generic[T]):
    """What *make* makes of a part's object, by the part's canonical bytes."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._known: dict[bytes, T] = {}

    def __call__(self, part: bytes) -> T:
        known = self._known.get(part)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()  # cheaper than keeping an order, and parts come by the hour
            known = self._known[part] = self._make(json.loads(part))
        return known
