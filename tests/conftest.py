# SPDX-License-Identifier: MIT
"""What every kind of test may use: real browsers, each started once in a test process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from browser.engines import FLAGS, MissingEngineError, find, is_required
from playwright.sync_api import Browser, sync_playwright


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked `engines("chromium", "firefox")` runs in each of them.

    With `sample=N` those after the first run every Nth case of a parametrised test.
    """
    marker = metafunc.definition.get_closest_marker("engines")
    if marker:
        metafunc.parametrize("browser", marker.args, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the cases that a mark's `sample` does not ask for."""
    cases: Counter[tuple[str, str]] = Counter()
    kept, left_out = [], []
    for item in items:
        marker = item.get_closest_marker("engines")
        sample = marker.kwargs.get("sample", 1) if marker else 1
        is_kept = True
        if marker and sample > 1 and isinstance(item, pytest.Function):
            engine = item.callspec.params["browser"]
            number = cases[item.parent.nodeid + item.originalname, engine]
            cases[item.parent.nodeid + item.originalname, engine] += 1
            is_kept = engine == marker.args[0] or number % sample == 0
        (kept if is_kept else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.fixture(scope="session")
def engine_path() -> Callable[[str], str]:
    """Gives the path of a browser; the test is skipped, or fails, where there is none."""

    def path(engine: str) -> str:
        try:
            return find(engine)
        except MissingEngineError as error:
            if is_required(engine):
                raise
            pytest.skip(str(error))

    return path


@pytest.fixture(scope="session")
def _launch(engine_path: Callable[[str], str]) -> Iterator[Callable[[str], Browser]]:
    """Playwright starts once in a process: a second start would clash with the first one's loop."""
    running: dict[str, Browser] = {}
    with sync_playwright() as playwright:

        def launch(engine: str) -> Browser:
            if engine not in running:
                path = engine_path(engine)
                running[engine] = (
                    playwright.chromium.launch(executable_path=path, args=list(FLAGS))
                    if engine == "chromium"
                    else playwright.firefox.launch(
                        channel="moz-firefox",
                        executable_path=path,
                        timeout=90_000,  # a busy machine takes its time
                    )
                )
            return running[engine]

        yield launch
        for browser in running.values():
            browser.close()


@pytest.fixture
def browser(request: pytest.FixtureRequest, _launch: Callable[[str], Browser]) -> Browser:
    """Chromium, or what the test's mark `engines` names."""
    return _launch(getattr(request, "param", "chromium"))
