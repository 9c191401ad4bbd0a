# SPDX-License-Identifier: MIT
"""The demo ends when it is told to, at whatever moment and however often."""

import sys
from types import FrameType
from typing import Any

from stop import Stop


def test_nothing_ends_what_nobody_stops() -> None:
    stop = Stop()
    assert not stop.wait(0.01)
    assert not stop.is_set()


def test_signals_at_any_line_of_a_wait_and_of_each_other_end_it() -> None:
    """A handler runs between two steps of the very thread that waits, as this trace does."""
    stop, times = Stop(), 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal times
        if event == "line":
            times += 1
            stop.set()
            stop.set()
        return trace

    sys.settrace(trace)
    try:
        assert stop.wait(5)
        stop.set()
    finally:
        sys.settrace(None)
    assert times > 2
    assert stop.is_set()
