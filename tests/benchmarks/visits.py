# SPDX-License-Identifier: MIT
"""One visit to a page in a fresh browser context, on a kind of device, and its figures.

A visit either waits for the question and answers it, watched at each change of the page; or it
tells what the page costs, watched by nothing but what the browser reports itself.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SETTLE_MS = 400
"""After the load event: idle work, the last paint and what the banner releases are over."""


@dataclass(frozen=True)
class Profile:
    """A kind of device; *kbit_s* and *latency_ms* of 0 leave the network as it is."""

    name: str
    width: int
    height: int
    cpu: int = 1
    kbit_s: int = 0
    latency_ms: int = 0


PROFILES = (
    Profile("fast: 1280x800, nothing throttled", 1280, 800),
    Profile("slow: 412x823, CPU 4x, 1.6 Mbit/s, 150 ms", 412, 823, 4, 1600, 150),
)


@contextmanager
def _page(
    browser: Any, profile: Profile, scripts: tuple[str, ...], kept: Mapping[str, Any] | None = None
) -> Iterator[tuple[Any, Any]]:
    """A page and its session with the browser. *kept*: cookies and storage of an earlier visit."""
    context = browser.new_context(
        viewport={"width": profile.width, "height": profile.height}, storage_state=kept
    )
    try:
        for name in scripts:
            context.add_init_script((HERE / name).read_text())
        page = context.new_page()
        session = context.new_cdp_session(page)
        if profile.kbit_s:
            bytes_s = profile.kbit_s * 1000 / 8
            session.send("Network.enable")
            session.send(
                "Network.emulateNetworkConditions",
                {
                    "offline": False,
                    "latency": profile.latency_ms,
                    "downloadThroughput": bytes_s,
                    "uploadThroughput": bytes_s,
                },
            )
        if profile.cpu > 1:
            session.send("Emulation.setCPUThrottlingRate", {"rate": profile.cpu})
        yield page, session
    finally:
        context.close()


def answer(browser: Any, url: str, profile: Profile) -> dict[str, float]:
    """Waits for the question and accepts. In ms since the navigation started: `ready`, `frame`; in
    ms since the click: `drawn`, the frame after it, and `scripts`, all that it released is here."""
    with _page(browser, profile, ("probe.js", "observe.js")) as (page, _):
        page.goto(url, wait_until="load")
        shown: dict[str, float] = page.evaluate("window.clickable")
        # What was started for the page itself is over.
        page.wait_for_timeout(SETTLE_MS / 2)
        page.get_by_role("button", name="Accept all").click(no_wait_after=True)
        return shown | page.evaluate("window.clicked")


def cost(
    browser: Any, url: str, profile: Profile, kept: Mapping[str, Any] | None
) -> dict[str, float]:
    """What a page takes until it is at rest: `script` in ms, tasks over 50 ms and the `longest` of
    them, layout `shift`, `largest` contentful paint in ms, `heap` in kB after a collection."""
    with _page(browser, profile, ("observe.js",), kept) as (page, session):
        # The thread's own time: what else the machine does costs none of it.
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(url, wait_until="load")
        page.wait_for_timeout(SETTLE_MS)
        script_s = _metrics(session)["ScriptDuration"]
        observed = page.evaluate("window.observed")
        session.send("HeapProfiler.collectGarbage")
        return {
            "script": script_s * 1e3,
            "tasks": len(observed["tasks"]),
            "longest": max(observed["tasks"], default=0),
            "shift": observed["shift"],
            "largest": observed["largest"],
            "heap": _metrics(session)["JSHeapUsedSize"] / 1024,
        }


def _metrics(session: Any) -> dict[str, float]:
    found = session.send("Performance.getMetrics")["metrics"]
    return {each["name"]: each["value"] for each in found}


def kept_after_accepting(browser: Any, url: str) -> Mapping[str, Any]:
    """The cookies and the storage of a visitor who accepted, with nothing left to be sent."""
    with _page(browser, PROFILES[0], ("observe.js",)) as (page, _):
        page.goto(url)
        page.get_by_role("button", name="Accept all").click()
        page.evaluate("window.clicked")
        state: dict[str, Any] = page.context.storage_state()
    for origin in state["origins"]:
        origin["localStorage"] = [
            each
            for each in origin["localStorage"]
            if not each["name"].startswith(("consent.queue.", "consent.wait"))
        ]
    return state
