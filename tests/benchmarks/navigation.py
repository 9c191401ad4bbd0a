# SPDX-License-Identifier: MIT
"""From the start of a navigation to a banner that can be clicked, beside the floor.

Both scripts stand on the same page, a stylesheet, three gated scripts and a gated frame, as one
async tag, from local origins with the same compression. Navigations alternate, each in a fresh
browser context; the ratio is the median of the ratios of neighbours, so that what disturbs the
machine for seconds disturbs both.
"""

import importlib
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import tables
from local_origin import LocalOrigin

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "browser"))
from engines import FLAGS, find  # noqa: E402 (needs the path)

WARM_UP = 2
GOAL = 1.10
WORDS = ("ledger", "notice", "record", "proof", "choice", "visitor", "service", "owner", "page")


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


def _environment(folder: Path) -> dict[str, str | float | bool]:
    """The browser's environment: its own temporary files go below *folder*."""
    # A socket's path may have about 100 characters, and the browser adds some 45.
    return {**os.environ, "TMPDIR": str(folder)} if len(str(folder)) < 55 else {**os.environ}


def floor_script() -> tuple[str, bool]:
    """The floor's script and whether it could be minified here."""
    source = (HERE / "floor" / "floor-tag.src.js").read_text()
    try:
        minifier: Any = importlib.import_module("minify")
    except ModuleNotFoundError:
        return source, False
    return minifier.string("application/javascript", source), True


def _text() -> str:
    """About 10 kB of paragraphs, the same each time."""
    parts = []
    for section in range(12):
        sentences = [
            " ".join(
                WORDS[(section * 7 + line * 5 + word * (line + 1)) % len(WORDS)]
                for word in range(11)
            )
            for line in range(9)
        ]
        text = ". ".join(sentence.capitalize() for sentence in sentences)
        parts.append(f"<section><h2>Part {section + 1}</h2>\n<p>{text}.</p></section>")
    return "\n".join(parts)


def _page(script: str, gate: str, vendors: str) -> str:
    page = (HERE / "page" / "index.html").read_text()
    for mark, value in {
        "@SCRIPT@": script,
        "@GATE@": gate,
        "@VENDORS@": vendors,
        "@TEXT@": _text(),
    }.items():
        page = page.replace(mark, value)
    return page


def _navigate(browser: Any, url: str, profile: Profile, probe: str) -> dict[str, float]:
    """One navigation in a fresh context; `ready` and `frame` in ms since it started."""
    context = browser.new_context(viewport={"width": profile.width, "height": profile.height})
    try:
        context.add_init_script(probe)
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
        page.goto(url, wait_until="commit")
        return page.evaluate("() => window.clickable")
    finally:
        context.close()


def _measure(
    browser: Any, urls: dict[str, str], profile: Profile, times: int, probe: str
) -> dict[str, list[dict[str, float]]]:
    """*times* navigations of each page in turn, after a warm-up that is thrown away."""
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in urls}
    for turn in range(WARM_UP + times):
        for name, url in urls.items():
            figures = _navigate(browser, url, profile, probe)
            if turn >= WARM_UP:
                seen[name].append(figures)
        tables.progress(f"{profile.name}: {max(0, turn + 1 - WARM_UP)} of {times} navigations each")
    tables.progress("")
    return seen


def _pairwise(ours: list[float], floor: list[float]) -> float:
    return tables.middle([a / b for a, b in zip(ours, floor, strict=True)])


def _itself(values: list[float]) -> list[float]:
    """The ratios of each navigation to the one before of the same page: what noise alone does."""
    return [after / before for before, after in pairwise(values)]


def run(script: str, times: int, folder: Path) -> dict[str, Any]:
    """Measures *script*, the reference build, beside the floor; prints and returns the figures.

    *folder* is for what the browser leaves behind when it is interrupted.
    """
    from playwright.sync_api import sync_playwright

    tables.heading("Navigation to a banner that can be clicked, beside the floor")
    floor, minified = floor_script()
    if not minified:
        tables.note("  The floor is not minified: tdewolff-minify is not to be had here.")
    probe = (HERE / "probe.js").read_text()
    result: dict[str, Any] = {"floor_minified": minified, "navigations": times, "profiles": {}}
    with ExitStack() as stack:
        origins = {name: stack.enter_context(LocalOrigin(name)) for name in ("ours", "floor")}
        vendors = stack.enter_context(LocalOrigin("vendors"))
        vendors.put({"/frame.html": "<!doctype html><title>Film</title>"})
        vendors.put({f"/{name}.js": f"window.{name} = 1;" for name in ("one", "two", "three")})
        style = (HERE / "page" / "style.css").read_text()
        for name, code, gate in (("ours", script, "data-consent"), ("floor", floor, "data-c")):
            origins[name].put(
                {
                    "/": _page("/consent.js", gate, vendors.url),
                    "/style.css": style,
                    "/consent.js": code,
                }
            )
        urls = {name: origin.url + "/" for name, origin in origins.items()}
        weights = {name: origin.bytes_of("/consent.js") for name, origin in origins.items()}
        result["script_brotli_bytes"] = weights
        tables.note(
            f"  {times} navigations each in turn, a fresh context each. Over the wire (brotli):"
            f" page {origins['ours'].bytes_of('/')} B, stylesheet"
            f" {origins['ours'].bytes_of('/style.css')} B, our script {weights['ours']} B,"
            f" the floor's {weights['floor']} B."
        )
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=find("chromium"), args=list(FLAGS), env=_environment(folder)
        )
        stack.callback(browser.close)
        result["browser"] = browser.version
        tables.note(f"  Chromium {browser.version}, headless. Goal: ratio at most {GOAL:.2f}.\n")
        rows = []
        for profile in PROFILES:
            seen = _measure(browser, urls, profile, times, probe)
            figures: dict[str, Any] = {}
            for moment in ("ready", "frame"):
                ours = [one[moment] for one in seen["ours"]]
                base = [one[moment] for one in seen["floor"]]
                figures[moment] = {
                    "ours_ms": ours,
                    "floor_ms": base,
                    "ratio": _pairwise(ours, base),
                    "floor_to_itself": _itself(base),
                }
            result["profiles"][profile.name] = figures
            rows += _rows(profile, figures)
        asked = sorted(set(vendors.asked))
        result["third_party_requests"] = asked
        tables.table(
            [
                "profile, moment",
                "ours ms",
                "min..max",
                "floor ms",
                "min..max",
                "ours/floor",
                "floor/itself",
            ],
            rows,
        )
        tables.note(
            "  can be clicked: in the viewport, wins the hit test, opacity >= 0.9.\n"
            "  first frame: the first frame drawn after that (frames are 16.7 ms apart).\n"
            "  floor/itself: 25th to 75th percentile of a navigation over the one before: noise.\n"
            f"  Requests to third parties before a choice: {len(asked)} (expected 0)"
        )
    return result | {"ok": not asked}


def _rows(profile: Profile, figures: dict[str, Any]) -> list[list[str]]:
    rows = []
    for moment, words in (("ready", "can be clicked"), ("frame", "first frame with it")):
        part = figures[moment]
        noise = part["floor_to_itself"] or [1.0]
        rows.append(
            [
                f"{profile.name}: {words}",
                tables.ms(tables.middle(part["ours_ms"])),
                tables.spread(part["ours_ms"]),
                tables.ms(tables.middle(part["floor_ms"])),
                tables.spread(part["floor_ms"]),
                tables.ratio(part["ratio"]),
                f"{tables.percentile(noise, 0.25):.2f}..{tables.percentile(noise, 0.75):.2f}",
            ]
        )
    return rows
