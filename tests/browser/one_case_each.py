# SPDX-License-Identifier: MIT
"""For pytest's -p: of each test function one case runs, and what cannot come is not waited for long.

All cases of a function make the same assertions, so one of them shows whether it notices.
"""

from __future__ import annotations

import pytest
from browser import shop

PATIENCE_MS = 3_000


@pytest.hookimpl(trylast=True)  # after -m and -k: of the cases that are left, the first
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    first: dict[str, pytest.Item] = {}
    for item in items:
        first.setdefault(item.nodeid.partition("[")[0], item)
    kept = list(first.values())
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def pytest_configure() -> None:
    """Shortens the waits that end in a failure; those that end in success take no part of it."""
    shop.wait_until.__defaults__ = (PATIENCE_MS,)
