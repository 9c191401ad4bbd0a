# SPDX-License-Identifier: MIT
"""The shipped script in WebKit: asking, choosing, gating, sending, forgetting."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from browser.receipts import put_pages
from browser.shop import (
    EARLY_TAG,
    SERVICES,
    TAG,
    Shop,
    addresses,
    answers,
    body,
    quiet,
    settle,
    wait_until,
)
from browser.webkit import WATCH, WebKit, screen
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

NAME = "Your choices on Test Shop"


@pytest.fixture(scope="session")
def _display(engine_path: Callable[[str], str]) -> Iterator[str]:
    engine_path("webkit")
    with screen() as display:
        yield display


@pytest.fixture
def visitor(_display: str, engine_path: Callable[[str], str], shop: Shop) -> Iterator[WebKit]:
    """A visitor in the shop; the test fails when a page reports an error."""
    for path in ("/", "/next.html"):
        shop.site.put(path, shop.page_html(body(shop.vendors.url), WATCH + TAG))
    browser = WebKit(engine_path("webkit"), _display)
    try:
        browser.goto(shop.site.url + "/")
        yield browser
    finally:
        browser.close()
    assert browser.problems == []


def gate(visitor: WebKit) -> WebElement:
    return visitor.the("region", NAME)


def click(visitor: WebKit, button: str) -> None:
    """A button of the first layer."""
    visitor.the("button", button, gate(visitor)).click()


def open_choices(visitor: WebKit) -> WebElement:
    """Opens the second layer from the first one, or else from the page."""
    asked = visitor.seen("region", NAME)
    visitor.the("button", "Customise" if asked else "Cookie choices").click()
    return visitor.the("dialog")


def is_asked(visitor: WebKit) -> bool:
    quiet(visitor)
    return bool(visitor.seen("region", NAME) or visitor.seen("dialog"))


def waiting(visitor: WebKit) -> int:
    keys = visitor.evaluate("Object.keys(localStorage)")
    return sum(key.startswith("consent.queue.") for key in keys)


def evidence_of(record: dict) -> dict:
    return record["categories"] | record["services"]


def test_before_a_choice_nothing_is_loaded_or_kept(visitor: WebKit, shop: Shop) -> None:
    for name in ("Accept all", "Reject all", "Customise"):
        visitor.the("button", name, gate(visitor))
    quiet(visitor)
    assert shop.third_party_requests() == set()
    assert shop.stored() == []
    kept = "[document.cookie, localStorage.length, sessionStorage.length]"
    assert visitor.evaluate(kept) == ["", 0, 0]
    # First for keyboards and screen readers, and yet it takes no focus.
    assert visitor.evaluate("document.querySelector('body > :not(p)').tagName") == "SECTION"
    assert visitor.evaluate("document.activeElement == document.body")


def test_accept_all_releases_everything_and_is_recorded(visitor: WebKit, shop: Shop) -> None:
    click(visitor, "Accept all")
    settle(visitor, shop, 1, addresses(set(SERVICES)))
    assert shop.third_party_requests() == addresses(set(SERVICES))
    [record] = shop.stored()
    assert record["action"] == "accept_all"
    assert record["origin"] == shop.site.url
    assert evidence_of(record) == answers(set(SERVICES))
    assert not is_asked(visitor)


def test_reject_all_releases_nothing_and_is_not_asked_again(visitor: WebKit, shop: Shop) -> None:
    click(visitor, "Reject all")
    settle(visitor, shop, 1)
    [record] = shop.stored()
    assert record["action"] == "reject_all"
    assert evidence_of(record) == answers(set())
    visitor.reload()
    assert not is_asked(visitor)
    visitor.goto(shop.site.url + "/next.html")
    assert not is_asked(visitor)
    assert shop.third_party_requests() == set()
    assert len(shop.stored()) == 1


def test_one_service_is_stored_enforced_and_holds_for_the_next_page(
    visitor: WebKit, shop: Shop
) -> None:
    dialog = open_choices(visitor)
    visitor.the("checkbox", "Films", dialog).click()
    visitor.the("button", "Save choices", dialog).click()
    settle(visitor, shop, 1, addresses({"video"}))
    assert shop.third_party_requests() == addresses({"video"})
    assert evidence_of(shop.stored()[0]) == answers({"video"})
    shop.vendors.asked.clear()
    visitor.goto(shop.site.url + "/next.html")
    wait_until(visitor, shop.third_party_requests, "the granted service")
    assert not is_asked(visitor)
    assert shop.third_party_requests() == addresses({"video"})
    assert visitor.evaluate("consent.choices()") == answers({"video"})


def test_withdrawing_stops_frames_deletes_what_was_declared_and_offers_a_reload(
    visitor: WebKit, shop: Shop
) -> None:
    click(visitor, "Accept all")
    settle(visitor, shop, 1, addresses(set(SERVICES)))
    visitor.driver.execute_script(
        "document.cookie = '_st1=1;path=/'; document.cookie = 'basket=1;path=/'; localStorage['prefs.lang'] = 'en'"
    )
    assert visitor.evaluate("frames.length") == 2
    dialog = open_choices(visitor)
    visitor.the("button", "Reject all", dialog).click()
    settle(visitor, shop, 2)
    first, second = shop.stored()
    assert (second["action"], second["previous"]) == ("withdraw", first["id"])
    assert visitor.evaluate("[...document.querySelectorAll('iframe')].map(f => f.src)") == [""]
    names = "document.cookie.split('; ').map(pair => pair.split('=')[0]).sort()"
    assert visitor.evaluate(names) == ["basket", "consent"]
    assert visitor.evaluate("'prefs.lang' in localStorage") is False
    shop.vendors.asked.clear()
    visitor.the("button", "Reload now").click()
    wait_until(visitor, lambda: not visitor.seen("button", "Reload now"), "the page is new")
    quiet(visitor)
    assert shop.third_party_requests() == set()


def test_the_choices_open_and_close_by_keyboard_and_give_the_focus_back(
    visitor: WebKit, shop: Shop
) -> None:
    focus = "document.activeElement.textContent"
    dialog = open_choices(visitor)
    assert visitor.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    visitor.the("checkbox", "Films", dialog).click()
    visitor.press(Keys.ESCAPE)
    wait_until(visitor, lambda: not visitor.seen("dialog"), "it is closed")
    assert visitor.evaluate(focus) == "Customise"
    visitor.press(Keys.ENTER)
    dialog = visitor.the("dialog")
    assert not visitor.the("checkbox", "Films", dialog).is_selected()
    visitor.the("button", "Close", dialog).click()
    wait_until(visitor, lambda: not visitor.seen("dialog"), "it is closed")
    assert visitor.evaluate(focus) == "Customise"
    assert is_asked(visitor)
    assert visitor.evaluate("consent.choices()") is None
    assert (shop.stored(), shop.third_party_requests()) == ([], set())


def test_a_record_survives_the_end_of_the_page(visitor: WebKit, shop: Shop) -> None:
    button = visitor.the("button", "Reject all", gate(visitor))
    visitor.driver.execute_script("arguments[0].click(); location.href = 'about:blank'", button)
    wait_until(visitor, lambda: len(shop.stored()) == 1, "the record arrived without the page")
    assert evidence_of(shop.stored()[0]) == answers(set())


def test_a_ledger_that_is_away_gets_the_record_when_it_is_back(visitor: WebKit, shop: Shop) -> None:
    everything = addresses(set(SERVICES))
    shop.ledger.stop()
    try:
        click(visitor, "Accept all")
        wait_until(visitor, lambda: shop.third_party_requests() == everything, "the effect")
        assert waiting(visitor) == 1
    finally:
        shop.ledger.start()
    assert shop.stored() == []
    visitor.reload()
    settle(visitor, shop, 1)
    assert evidence_of(shop.stored()[0]) == answers(set(SERVICES))
    wait_until(visitor, lambda: waiting(visitor) == 0, "nothing waits any more")


def test_two_tabs_follow_each_other(visitor: WebKit, shop: Shop) -> None:
    first = visitor.driver.current_window_handle
    visitor.driver.switch_to.new_window("window")  # a tab would be hidden
    visitor.goto(shop.site.url + "/next.html")
    click(visitor, "Accept all")
    settle(visitor, shop, 1)
    visitor.driver.switch_to.window(first)
    wait_until(visitor, lambda: visitor.evaluate("frames.length") == 2, "the first tab's frames")
    assert not is_asked(visitor)
    assert len(shop.stored()) == 1


def test_an_inline_script_waits_for_the_libraries_before_it(visitor: WebKit, shop: Shop) -> None:
    shop.vendors.delay_s = {"/slow.js": 0.4}
    scripts = (
        f'<script src="{shop.vendors.url}/slow.js"></script><script>ran.push("inline")</script>'
        f'<script src="{shop.vendors.url}/quick.js"></script>'
        '<script src="http://127.0.0.1:9/none.js"></script><script>ran.push("last")</script>'
    )
    content = f'<template data-consent="stats">{scripts}</template>'
    visitor.goto(shop.site.put("/own.html", shop.page_html(content, WATCH + TAG)))
    click(visitor, "Accept all")
    wait_until(visitor, lambda: visitor.evaluate("window.ran?.length") == 4, "all have run")
    assert visitor.evaluate("ran") == ["/slow.js", "inline", "/quick.js", "last"]


def test_a_strict_content_security_policy_and_trusted_types_are_no_obstacle(
    visitor: WebKit, shop: Shop
) -> None:
    vendors = shop.vendors.url
    # The browser looks for an icon of the site by itself.
    policy = (
        f"default-src 'none'; img-src 'self'; script-src 'self' 'nonce-n1' {vendors}; frame-src {vendors}; connect-src http://ledger.localhost:*;"
        " require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'"
    )
    content = (
        f'<template data-consent="stats"><script src="{vendors}/a.js"></script><script nonce="n1">ran.push("inline")</script></template>'
        f'<script type="text/plain" data-consent="stats" src="{vendors}/b.js"></script>'
        '<script type="text/plain" data-consent="stats" nonce="n1">ran.push("plain")</script>'
        f'<iframe title="Film" data-consent="video" data-src="{vendors}/c.html"></iframe>'
    )
    html = shop.page_html(content, WATCH + EARLY_TAG)
    visitor.goto(shop.site.put("/own.html", html, **{"Content-Security-Policy": policy}))
    assert gate(visitor).value_of_css_property("position") == "fixed"
    click(visitor, "Accept all")
    settle(visitor, shop, 1, {"/a.js", "/b.js", "/c.html"})
    assert visitor.evaluate("ran") == ["/a.js", "inline", "/b.js", "plain"]


def test_forgetting_removes_what_the_ledger_and_the_browser_hold(
    visitor: WebKit, shop: Shop
) -> None:
    put_pages(shop)
    visitor.goto(shop.site.url + "/choices.html")
    click(visitor, "Reject all")
    settle(visitor, shop, 1)
    visitor.the("button", "Forget me").click()
    dialog = visitor.the("dialog")
    visitor.the("button", "Forget me", dialog).click()
    visitor.the("button", "Close", dialog).click()
    assert visitor.evaluate("[document.cookie, Object.keys(localStorage).length]") == ["", 0]
    assert visitor.evaluate("consent.choices()") is None
    assert shop.stored() == []
