# SPDX-License-Identifier: MIT
"""Whether the demo should end, told by signals that may come at any moment and more than once."""

import time


class Stop:
    """Has no lock, unlike `threading.Event`: a second signal would wait for the first for ever,
    since both are handled in the same thread."""

    def __init__(self) -> None:
        self._is_set = False

    def set(self) -> None:
        self._is_set = True

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Whether it is set, at the latest after so many *seconds*."""
        end = time.monotonic() + seconds
        while not self._is_set and time.monotonic() < end:
            time.sleep(min(seconds, 0.05))
        return self._is_set
