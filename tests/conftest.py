# SPDX-License-Identifier: MIT
"""What every kind of test may use: one real Chromium for each test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.find_chromium import FLAGS, find_chromium
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Playwright starts once in a process: a second start would clash with the first one's loop."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        yield chromium
        chromium.close()
