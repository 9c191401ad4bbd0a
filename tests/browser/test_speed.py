# SPDX-License-Identifier: MIT
"""What makes the banner fast, as facts: what is asked for, drawn, moved and executed, in which order.

How long it takes is the benchmark's business.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest
from browser.shop import Shop, quiet, settle, until, wait_until
from browser.test_choice import choices, gate
from consent_banner import build
from consent_banner.config import load
from playwright.sync_api import BrowserContext, Page, expect

LINE = "Shoes for every day, made by hand of leather that lasts. "
HERO = f"<header><h1>Shoes that last for twenty years</h1><p>{LINE * 8}</p></header>"
"""The beginning of an ordinary page."""
WATCH = """
window.seen = { shifts: [], largest: [] };
new PerformanceObserver((list) => list.getEntries().map(({ value }) => seen.shifts.push(value))).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => list.getEntries().map(({ element }) => seen.largest.push(!element || !!element.closest(".consent-gate")))).observe({ type: "largest-contentful-paint", buffered: true });
"""


def tag(shop: Shop, path: str, service: str = "stats") -> str:
    return f'<template data-consent="{service}"><script src="{shop.vendors.url}{path}"></script></template>'


def visit(context: BrowserContext, shop: Shop, content: str) -> Page:
    page = context.new_page()
    page.goto(shop.site.put("/own.html", shop.page_html(content)))
    return page


@pytest.mark.gate
@pytest.mark.engines("chromium", "firefox")
def test_the_question_takes_one_request_and_no_word_to_anybody(page: Page, shop: Shop) -> None:
    quiet(page)
    names = "performance.getEntriesByType('resource').map(({ name }) => name)"
    for asked in (shop.site.asked, page.evaluate(names)):
        paths = {path.removeprefix(shop.site.url) for path in asked} - {"/", "/favicon.ico"}
        assert paths == {"/consent.js"}
    assert shop.third_party_requests() == set()


@pytest.mark.parametrize("width", [412, 1280])
def test_nothing_moves_and_nothing_of_ours_is_the_largest_thing_drawn(
    shop: Shop, context: BrowserContext, width: int
) -> None:
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    content = HERO + tag(shop, "/tag.js") + f"<p>{LINE * 40}</p>"
    page.goto(shop.site.put("/own.html", shop.page_html(content)))
    gate(page).wait_for()
    quiet(page)
    # The browser does report such things here: a measure that sees nothing would prove nothing.
    until(page, "seen.largest.length > 0")
    assert not any(page.evaluate("seen.largest"))
    assert page.evaluate("seen.shifts") == []
    gate(page).get_by_role("button", name="Customise").click()
    choices(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 1, {"/tag.js"})
    assert page.evaluate("seen.shifts") == []
    page.reload()
    quiet(page)
    until(page, "seen.largest.length > 0")
    assert page.evaluate("seen.shifts") == []
    page.evaluate("document.body.prepend(document.createElement('hr'))")
    until(page, "seen.shifts.length > 0")


LOG = """
window.log = [];
const gates = () => document.querySelectorAll("section.consent-gate").length;
const frame = () => requestAnimationFrame(() => (log.push(["frame", gates()]), log.length < 9 && frame()));
document.addEventListener("click", () => (log.push(["click", gates()]), frame()), true);
document.addEventListener("consent:change", () => log.push(["change", gates()]));
window.ran = { push: (name) => log.push([name, gates()]) };
"""


@pytest.mark.engines("chromium", "firefox")
def test_a_click_takes_the_question_away_in_the_next_frame_and_takes_effect_after_it(
    shop: Shop, context: BrowserContext
) -> None:
    gated = '<script type="text/plain" data-consent="stats">ran.push("released")</script>'
    page = visit(context, shop, f"<script>{LOG}</script>{HERO}{gated}")
    for button, change in (("Accept all", ["change", "released"]), ("Reject all", ["change"])):
        if button == "Accept all":
            gate(page).get_by_role("button", name=button).click()
        else:
            page.evaluate("log.length = 0, consent.open()")
            choices(page).get_by_role("button", name=button).click()
        until(page, "log.length >= 9")
        log = page.evaluate("log")
        names = [name for name, _ in log if name != "frame"]
        assert names == ["click", *change]
        # One frame without the question is drawn before anything else is done.
        assert log[:2] == [["click", 1 if button == "Accept all" else 0], ["frame", 0]]
        assert log[2][0] in ("frame", "change")
    settle(page, shop, 2)


@pytest.mark.engines("chromium", "firefox")
def test_all_that_is_released_is_asked_for_while_the_first_is_still_awaited(
    shop: Shop, context: BrowserContext
) -> None:
    # As many as a browser asks one server for at the same time.
    address = shop.vendors.url
    content = HERO + tag(shop, "/0.js") + tag(shop, "/1.js")
    content += f'<script type="text/plain" data-consent="stats" src="{address}/2.js"></script>'
    content += f'<template data-consent="ads"><script async src="{address}/3.js"></script><script>ran.push("inline")</script></template>'
    content += f'<iframe title="Film" data-consent="video" data-src="{address}/4.html"></iframe>'
    shop.vendors.delay_s = {"/0.js": 1.5}
    page = visit(context, shop, content)
    gate(page).get_by_role("button", name="Accept all").click()
    everything = {"/0.js", "/1.js", "/2.js", "/3.js", "/4.html"}
    settle(page, shop, 1, everything)
    page.wait_for_function("window.ran?.length == 5")
    times = page.evaluate(
        "Object.fromEntries(performance.getEntriesByType('resource').map(({ name, startTime, responseEnd }) => [new URL(name).pathname, [startTime, responseEnd]]))"
    )
    assert max(times[path][0] for path in everything) < times["/0.js"][1]
    assert shop.third_party_requests() == everything
    assert page.evaluate("ran").index("inline") > page.evaluate("ran").index("/2.js")


def test_a_click_in_the_very_moment_in_which_the_button_appears_is_never_lost(
    shop: Shop, context: BrowserContext
) -> None:
    context.add_init_script("""
        const click = () => {
            const button = [...document.querySelectorAll("section button")].find((button) => button.textContent == "Accept all");
            if (button) observer.disconnect(), button.click();
        };
        const observer = new MutationObserver(click);
        observer.observe(document, { childList: true, subtree: true });
    """)
    shop.site.put("/own.html", shop.page_html(HERO + tag(shop, "/tag.js")))
    page = context.new_page()
    for n in range(20):
        page.goto(shop.site.url + "/own.html")
        wait_until(page, lambda n=n: shop.vendors.asked.count("/tag.js") > n, f"click {n + 1}")
        assert page.locator("section.consent-gate").count() == 0
        context.clear_cookies()
    settle(page, shop, 20)
    assert [record["action"] for record in shop.stored()] == ["accept_all"] * 20


def called(page: Page, shop: Shop) -> dict[str, set[str]]:
    """Loads the page again; the functions of consent.js that ran, by the file that they are from."""
    made = build.make(load(shop.dist.parent / "banner.toml")).consent
    assert made.content == (shop.dist / "consent.js").read_bytes()
    session = page.context.new_cdp_session(page)
    session.send("Profiler.enable")
    session.send("Profiler.startPreciseCoverage", {"callCount": True, "detailed": True})
    page.reload()
    quiet(page)
    results = session.send("Profiler.takePreciseCoverage")["result"]
    session.detach()
    functions: list[dict[str, Any]] = [
        function
        for result in results
        if result["url"].endswith("/consent.js")
        for function in result["functions"]
        if function["ranges"][0]["count"] and function["ranges"][0]["startOffset"]
    ]
    # Offsets are in UTF-16 units.
    ends = list(accumulate(len(code.encode("utf-16-le")) // 2 for _, code in made.pieces))
    text = "".join(code for _, code in made.pieces).encode("utf-16-le")
    found: dict[str, set[str]] = {}
    for function in functions:
        start, end = (function["ranges"][0][f"{side}Offset"] for side in ("start", "end"))
        file = next(row for (row, _), last in zip(made.pieces, ends, strict=True) if start < last)
        code = text[start * 2 : end * 2].decode("utf-16-le")
        found.setdefault(file, set()).add(code[:60])
    # The wrapper around everything begins at the first letter.
    return {file: codes for file, codes in found.items() if file != "wrapper"}


@pytest.mark.parametrize("button", ["Accept all", "Reject all"])
def test_for_a_returning_visitor_nothing_runs_but_the_reading_and_the_release(
    page: Page, shop: Shop, button: str
) -> None:
    shown = called(page, shop)
    assert {"layers.js", "panel.js", "element.js", "style.js", "clean.js"} <= shown.keys()
    gate(page).get_by_role("button", name=button).click()
    settle(page, shop, 1)
    files = called(page, shop)
    expect(gate(page)).to_have_count(0)
    assert files.keys() == {
        *("main.js", "choice.js", "event.js", "gate.js"),
        # One function each: is there something to ask, to put into the page, to send? No.
        *("ask.js", "panel.js", "ledger.js"),
    }, files
    assert [len(files[file]) for file in ("ask.js", "panel.js")] == [1, 1]
    assert page.evaluate("document.adoptedStyleSheets.length") == 0
    assert page.evaluate("document.querySelectorAll('.consent-gate').length") == 0
