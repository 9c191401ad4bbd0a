# SPDX-License-Identifier: MIT
"""How fast the banner is and what it costs the page, beside the floor and no banner at all.

The scripts stand on the same page, a stylesheet, three gated scripts and a gated frame, as one
async tag, from local origins with the same compression. Visits alternate, each in a fresh browser
context; a ratio is the median of the ratios of neighbours, so that what disturbs the machine for
seconds disturbs both.
"""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pages
import tables
import visits
from local_origin import LocalOrigin
from visits import PROFILES, Profile

sys.path.append(str(Path(__file__).parents[1] / "browser"))
from engines import FLAGS, MissingEngineError, find

__all__ = ["MissingEngineError", "run"]

WARM_UP = 2
LONG_TASK_MS = 50
Figures = dict[str, list[float]]
"""Of one kind of page: what was measured, in order of the visits."""

ANSWERS = (
    ("ready", "can be clicked", 1.10),
    ("frame", "first frame with it", 1.10),
    ("drawn", "click: next frame drawn", 1.10),
    ("scripts", "click: all scripts are here", 1.10),
)
"""What a visit with an answer measures, in ms: key, words, greatest ratio to the floor."""


def _environment(folder: Path) -> dict[str, str | float | bool]:
    """The browser's environment: its own temporary files go below *folder*."""
    # A socket's path may have about 100 characters, and the browser adds some 45.
    return {**os.environ, "TMPDIR": str(folder)} if len(str(folder)) < 55 else {**os.environ}


def _in_turn(
    kinds: dict[str, Callable[[], dict[str, float]]], times: int, words: str
) -> dict[str, Figures]:
    """*times* visits of each kind in turn, after a warm-up that is thrown away.

    A single visit, of which no figure is expected, needs none.
    """
    seen: dict[str, Figures] = {name: {} for name in kinds}
    for turn in range(-min(WARM_UP, times - 1), times):
        for name, visit in kinds.items():
            for key, value in visit().items():
                if turn >= 0:
                    seen[name].setdefault(key, []).append(value)
        tables.progress(f"{words}: {max(0, turn + 1)} of {times} visits each")
    tables.progress("")
    return seen


def _pairwise(ours: list[float], floor: list[float]) -> float:
    return tables.middle([a / b for a, b in zip(ours, floor, strict=True)])


def _more(figures: Figures, none: Figures, key: str) -> float:
    """The median of the differences of neighbours: what the banner adds."""
    return tables.middle([a - b for a, b in zip(figures[key], none[key], strict=True)])


def run(script: str, times: int, folder: Path) -> dict[str, Any]:
    """Measures *script*, the reference build, beside the floor; prints and returns the figures.

    *folder* is for what the browser leaves behind when it is interrupted.
    """
    from playwright.sync_api import sync_playwright

    tables.heading("The banner in the browser, beside the floor and no banner")
    floor, minified = pages.floor_script()
    if not minified:
        tables.note("  The floor is not minified: tdewolff-minify is not to be had here.")
    result: dict[str, Any] = {"floor_minified": minified, "navigations": times, "profiles": {}}
    with ExitStack() as stack:
        origins = {name: stack.enter_context(LocalOrigin(name)) for name in ("ours", "floor")}
        vendors = stack.enter_context(LocalOrigin("vendors"))
        vendors.put(pages.vendor_files())
        for name, code in (("ours", script), ("floor", floor)):
            origins[name].put(pages.files(code, name, vendors.url))
        urls = {name: origin.url + "/" for name, origin in origins.items()}
        weights = {name: origin.bytes_of("/consent.js") for name, origin in origins.items()}
        result["script_brotli_bytes"] = weights
        costs_times = max(min(times, 3), times * 2 // 5)
        tables.note(
            f"  {times} visits that answer the question and {costs_times} that tell the cost, of"
            " each page in turn,\n  a fresh context each. Over the wire (brotli): page"
            f" {origins['ours'].bytes_of('/')} B, stylesheet"
            f" {origins['ours'].bytes_of('/style.css')} B, our script {weights['ours']} B,"
            f" the floor's {weights['floor']} B."
        )
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=find("chromium"), args=list(FLAGS), env=_environment(folder)
        )
        stack.callback(browser.close)
        result["browser"] = browser.version
        tables.note(f"  Chromium {browser.version}, headless.\n")
        kept = {name: visits.kept_after_accepting(browser, url) for name, url in urls.items()}
        asked: set[str] = set()
        shifts = 0.0
        for profile in PROFILES:
            answers = _answers(browser, urls, profile, times)
            vendors.asked.clear()
            first = _costs(browser, urls, profile, costs_times)
            asked |= set(vendors.asked)
            back = _costs(browser, urls, profile, costs_times, kept)
            shifts += sum(sum(figures["shift"]) for figures in (first["ours"], back["ours"]))
            tables.note(f"  {profile.name}")
            _print_answers(answers)
            summary = _print_costs(first, back)
            result["profiles"][profile.name] = {
                "answers": answers,
                "ratios": {
                    key: _pairwise(answers["ours"][key], answers["floor"][key])
                    for key, _, _ in ANSWERS
                },
                "first": first,
                "back": back,
                "summary": summary,
            }
        result |= {"third_party_requests": sorted(asked), "layout_shift": shifts}
        tables.note(
            "  can be clicked: in the viewport, wins the hit test, opacity >= 0.9.\n"
            "  first frame: the first frame drawn after that (frames are 16.7 ms apart).\n"
            "  floor/itself: 25th to 75th percentile of a visit over the one before: noise.\n"
            "  back: a visitor who has accepted; what is released is part of the figure.\n"
            f"  Requests to third parties before a choice: {len(asked)} (expected 0)"
        )
    return result | {"ok": not asked and not shifts}


def _answers(
    browser: Any, urls: dict[str, str], profile: Profile, times: int
) -> dict[str, Figures]:
    kinds = {
        name: lambda url=url: visits.answer(browser, url, profile) for name, url in urls.items()
    }
    return _in_turn(kinds, times, f"{profile.name}, answered")


def _costs(
    browser: Any,
    urls: dict[str, str],
    profile: Profile,
    times: int,
    kept: dict[str, Any] | None = None,
) -> dict[str, Figures]:
    """Of the page without a banner, with ours and with the floor's; *kept*: to a visitor who was
    here before."""

    def kind(url: str, state: Any) -> Callable[[], dict[str, float]]:
        return lambda: visits.cost(browser, url, profile, state)

    kinds = {name: kind(url, kept and kept[name]) for name, url in urls.items()}
    kinds = {"none": kind(urls["ours"] + "none.html", None), **kinds}
    return _in_turn(kinds, times, f"{profile.name}, {'again' if kept else 'cost'}")


def _print_answers(seen: dict[str, Figures]) -> None:
    rows = []
    for key, words, goal in ANSWERS:
        ours, floor = seen["ours"][key], seen["floor"][key]
        noise = [after / before for before, after in pairwise(floor)] or [1.0]
        rows.append(
            [
                words,
                tables.ms(tables.middle(ours)),
                tables.spread(ours),
                tables.ms(tables.middle(floor)),
                tables.spread(floor),
                tables.ratio(_pairwise(ours, floor)),
                f"<= {goal:.2f}",
                f"{tables.percentile(noise, 0.25):.2f}..{tables.percentile(noise, 0.75):.2f}",
            ]
        )
    head = ["moment, ms", "ours", "min..max", "floor", "min..max", "ours/floor", "goal"]
    tables.table([*head, "floor/itself"], rows)


def _print_costs(first: dict[str, Figures], back: dict[str, Figures]) -> dict[str, dict[str, Any]]:
    """Prints what each banner adds to the page without one; returns it."""

    def added(seen: dict[str, Figures], key: str) -> dict[str, float]:
        return {name: _more(seen[name], seen["none"], key) for name in ("ours", "floor")}

    def most(key: str) -> dict[str, float]:
        return {name: max(first[name][key]) for name in ("ours", "floor")}

    found: list[tuple[str, str, dict[str, float], float, str]] = [
        ("script", "script, ms more", added(first, "script"), 0, "<= 1.5 x floor"),
        ("back", "script of one who is back, ms more", added(back, "script"), 0, ""),
        ("tasks", "tasks over 50 ms, more", added(first, "tasks"), 0, "0"),
        ("longest", "longest of them, ms", most("longest"), max(first["none"]["longest"]), ""),
        ("shift", "layout shift", most("shift"), max(first["none"]["shift"]), "0"),
        ("largest", "largest paint, ms more", added(first, "largest"), 0, "noise"),
        ("heap", "heap, kB more", added(first, "heap"), 0, "<= 100"),
    ]
    keys = {"back": "script"}
    rows = []
    for key, words, values, alone, goal in found:
        of = back if key == "back" else first
        figures = of["none"][keys.get(key, key)]
        rows.append(
            [
                words,
                *(f"{values[name]:,.2f}" for name in ("ours", "floor")),
                goal,
                f"{alone:,.2f}" if alone else f"{tables.middle(figures):,.2f}",
                f"{tables.percentile(figures, 0.25):,.2f}..{tables.percentile(figures, 0.75):,.2f}",
            ]
        )
    tables.table(["cost", "ours", "floor", "goal", "no banner", "25..75 %"], rows)
    return {key: {**values, "goal": goal} for key, _, values, _, goal in found}
