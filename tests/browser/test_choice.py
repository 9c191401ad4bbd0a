# SPDX-License-Identifier: MIT
"""A visitor accepts, rejects, customises, changes, withdraws and returns.

What happened is told by the ledger and by the third parties, not by the page.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from browser.engines import FLAGS, find
from browser.receipts import ask, token
from browser.shop import (
    CATEGORIES,
    SERVICES,
    TAG,
    Shop,
    addresses,
    answers,
    body,
    problems,
    quiet,
    settle,
    until,
    wait_until,
)
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.gate
ADVERT = 'iframe[src$="/ads.html"]'
# Every frame holds nothing: what is another origin's refuses to tell where it is.
NO_FRAME = """Array.from(window).every(frame => {
  try { return frame.location.href == "about:blank"; } catch { return false; }
})"""
SUBSETS = [
    set(some) for n in range(len(SERVICES) + 1) for some in itertools.combinations(SERVICES, n)
]


def gate(page: Page):
    return page.get_by_role("region", name="Your choices on Test Shop")


def choices(page: Page):
    return page.get_by_role("dialog", name="Your choices on Test Shop")


def choose(page: Page, granted: set[str]) -> None:
    """Sets every service's switch in the open second layer, and saves."""
    names = {
        "prefs": "Preferences",
        "video": "Films",
        "stats": "Analytics",
        "ads": "Adverts",
        "pixel": "Pixel",
    }
    for service, name in names.items():
        choices(page).get_by_role("checkbox", name=name, exact=True).set_checked(service in granted)
    choices(page).get_by_role("button", name="Save choices").click()


@contextmanager
def keeping_pages(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor whose browser brings a page back as it was left; Playwright's Chromium would not."""
    if browser.browser_type.name == "firefox":
        with browser.new_context() as context:
            yield context
    else:
        options = {"executable_path": find("chromium"), "args": list(FLAGS)}
        off = ["--disable-back-forward-cache"]
        with (
            browser.browser_type.launch(**options, ignore_default_args=off) as other,
            other.new_context() as context,
        ):
            yield context


def evidence_of(record: dict) -> dict:
    return record["categories"] | record["services"]


@pytest.mark.engines("chromium", "firefox")
def test_nothing_is_asked_of_third_parties_and_nothing_is_kept_before_a_choice(
    page: Page, shop: Shop
) -> None:
    quiet(page)
    assert shop.third_party_requests() == set()
    assert shop.stored() == []
    assert page.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


@pytest.mark.engines("chromium", "firefox")
def test_accept_all_releases_everything_and_is_recorded(page: Page, shop: Shop) -> None:
    assert shop.third_party_requests() == set()
    gate(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 1, addresses(set(SERVICES)))
    assert shop.third_party_requests() == addresses(set(SERVICES))
    [record] = shop.stored()
    assert record["action"] == "accept_all"
    assert record["layer"] == "first"
    assert record["origin"] == shop.site.url
    assert evidence_of(record) == answers(set(SERVICES))
    expect(gate(page)).to_have_count(0)


@pytest.mark.engines("chromium", "firefox")
def test_reject_all_releases_nothing_and_is_recorded_with_every_refusal(
    page: Page, shop: Shop
) -> None:
    gate(page).get_by_role("button", name="Reject all").click()
    settle(page, shop, 1)
    assert shop.third_party_requests() == set()
    [record] = shop.stored()
    assert record["action"] == "reject_all"
    assert evidence_of(record) == answers(set())
    page.reload()
    quiet(page)
    expect(gate(page)).to_have_count(0)
    assert shop.third_party_requests() == set()


@pytest.mark.parametrize("granted", SUBSETS, ids=lambda some: "+".join(sorted(some)) or "none")
def test_every_subset_of_services_is_stored_and_enforced_exactly(
    page: Page, shop: Shop, granted: set[str]
) -> None:
    assert shop.third_party_requests() == set()
    gate(page).get_by_role("button", name="Customise").click()
    choose(page, granted)
    settle(page, shop, 1, addresses(granted))
    assert shop.third_party_requests() == addresses(granted)
    [record] = shop.stored()
    assert evidence_of(record) == answers(granted)
    assert page.evaluate("consent.choices()") == answers(granted)


@pytest.mark.parametrize("n", range(2 ** len(CATEGORIES)))
def test_every_subset_of_categories_switches_its_services(page: Page, shop: Shop, n: int) -> None:
    assert shop.third_party_requests() == set()
    on = {category for place, category in enumerate(CATEGORIES) if n >> place & 1}
    granted = {service for category in on for service in CATEGORIES[category]}
    gate(page).get_by_role("button", name="Customise").click()
    for category in on:
        choices(page).get_by_role("checkbox", name=category.capitalize(), exact=True).check()
    choices(page).get_by_role("button", name="Save choices").click()
    settle(page, shop, 1, addresses(granted))
    assert shop.third_party_requests() == addresses(granted)
    assert evidence_of(shop.stored()[0]) == answers(granted)


def test_nothing_is_switched_on_before_the_visitor_does_it(page: Page, shop: Shop) -> None:
    gate(page).get_by_role("button", name="Customise").click()
    boxes = choices(page).get_by_role("checkbox")
    # A category of one service has one switch.
    whole = sum(len(services) > 1 for services in CATEGORIES.values())
    assert boxes.count() == len(SERVICES) + whole
    assert not any(box.is_checked() for box in boxes.all())
    assert shop.third_party_requests() == set()


def test_a_category_shows_that_only_some_of_it_is_on(page: Page, shop: Shop) -> None:
    gate(page).get_by_role("button", name="Customise").click()
    whole = choices(page).get_by_role("checkbox", name="Functional", exact=True)
    choices(page).get_by_role("checkbox", name="Films").check()
    assert whole.evaluate("box => [box.checked, box.indeterminate]") == [False, True]
    choices(page).get_by_role("checkbox", name="Preferences").check()
    assert whole.evaluate("box => [box.checked, box.indeterminate]") == [True, False]
    assert shop.third_party_requests() == set()


@pytest.mark.engines("chromium", "firefox")
def test_closing_the_second_layer_decides_nothing(page: Page, shop: Shop) -> None:
    gate(page).get_by_role("button", name="Customise").click()
    choices(page).get_by_role("checkbox", name="Analytics").check()
    page.keyboard.press("Escape")
    expect(choices(page)).to_have_count(0)
    expect(gate(page)).to_be_visible()
    gate(page).get_by_role("button", name="Customise").click()
    expect(choices(page).get_by_role("checkbox", name="Analytics")).not_to_be_checked()
    choices(page).get_by_role("button", name="Close").click()
    quiet(page)
    assert page.evaluate("consent.choices()") is None
    assert (shop.stored(), shop.third_party_requests()) == ([], set())


@pytest.mark.engines("chromium", "firefox")
def test_a_change_is_a_new_record_that_names_the_one_before(page: Page, shop: Shop) -> None:
    gate(page).get_by_role("button", name="Reject all").click()
    settle(page, shop, 1)
    assert shop.third_party_requests() == set()
    page.get_by_role("button", name="Cookie choices").click()
    choose(page, {"stats", "video"})
    settle(page, shop, 2, addresses({"stats", "video"}))
    first, second = shop.stored()
    assert second["previous"] == first["id"]
    assert second["subject"] == first["subject"]
    assert [record["seq"] for record in (first, second)] == [1, 2]
    assert second["action"] == "customise"
    assert second["layer"] == "second"
    assert shop.third_party_requests() == addresses({"stats", "video"})
    current = ask(shop, "preferences", token(page)).json()
    assert (current["seq"], current["record"]) == (2, page.evaluate("consent.record()"))


@pytest.mark.engines("chromium", "firefox")
def test_withdrawing_stops_frames_deletes_what_was_declared_and_offers_a_reload(
    page: Page, shop: Shop
) -> None:
    assert shop.third_party_requests() == set()
    gate(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 1)
    page.evaluate("""() => {
        document.cookie = "_st1=1;path=/;max-age=999"; document.cookie = "prefs=1;path=/;max-age=999"; document.cookie = "basket=1;path=/";
        localStorage["prefs.lang"] = "en"; sessionStorage["prefs.tab"] = "1"; localStorage["basket.lines"] = "2";
    }""")
    assert page.evaluate("frames.length") == 2
    assert not page.evaluate(NO_FRAME)
    page.get_by_role("button", name="Cookie choices").click()
    choices(page).get_by_role("button", name="Reject all").click()
    settle(page, shop, 2)
    assert shop.stored()[1]["action"] == "withdraw"
    until(page, NO_FRAME)
    assert page.evaluate("document.cookie.split('; ').map(pair => pair.split('=')[0]).sort()") == [
        "basket",
        "consent",
    ]
    assert page.evaluate(
        "['prefs.lang' in localStorage, 'prefs.tab' in sessionStorage, 'basket.lines' in localStorage]"
    ) == [False, False, True]
    shop.vendors.asked.clear()
    page.get_by_role("button", name="Reload now").click()
    quiet(page)
    assert shop.third_party_requests() == set()
    expect(page.get_by_role("button", name="Reload now")).to_have_count(0)


@pytest.mark.engines("chromium", "firefox")
def test_a_frame_refused_and_granted_again_comes_back_without_a_reload(
    page: Page, shop: Shop
) -> None:
    gate(page).get_by_role("button", name="Customise").click()
    assert shop.third_party_requests() == set()
    for granted in ({"ads"}, set(), {"ads"}):
        if choices(page).count() == 0:
            page.get_by_role("button", name="Cookie choices").click()
        choose(page, granted)
        expect(page.locator(ADVERT)).to_have_count(len(granted))


@pytest.mark.engines("chromium", "firefox")
def test_a_returning_visitor_is_not_asked_and_their_choice_holds(
    page: Page, shop: Shop, context: BrowserContext
) -> None:
    assert shop.third_party_requests() == set()
    gate(page).get_by_role("button", name="Customise").click()
    choose(page, {"prefs", "ads", "pixel"})
    settle(page, shop, 1, addresses({"prefs", "ads", "pixel"}))
    page.close()
    shop.vendors.asked.clear()
    again = context.new_page()
    again.goto(shop.site.url + "/next.html")
    quiet(again)
    expect(gate(again)).to_have_count(0)
    assert shop.third_party_requests() == addresses({"prefs", "ads", "pixel"})
    assert len(shop.stored()) == 1


@pytest.mark.engines("chromium", "firefox")
def test_two_tabs_follow_each_other(page: Page, shop: Shop, context: BrowserContext) -> None:
    other = context.new_page()
    other.goto(shop.site.url + "/next.html")
    expect(gate(other)).to_be_visible()
    assert shop.third_party_requests() == set()
    gate(page).get_by_role("button", name="Accept all").click()
    expect(gate(other)).to_have_count(0)
    expect(other.locator(ADVERT)).to_have_count(1)
    other.get_by_role("button", name="Cookie choices").click()
    choices(other).get_by_role("button", name="Reject all").click()
    expect(page.locator(ADVERT)).to_have_count(0)
    settle(other, shop, 2)
    assert [record["action"] for record in shop.stored()] == [
        "accept_all",
        "withdraw",
    ]


@pytest.mark.engines("chromium", "firefox")
def test_keyboard_alone_is_enough(page: Page, shop: Shop) -> None:
    def tab_to(name: str) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if (
                page.evaluate(
                    "(document.activeElement.labels?.[0] || document.activeElement).textContent"
                )
                == name
            ):
                return
        raise AssertionError(f"thirty tabs did not reach {name}")

    assert page.evaluate("document.activeElement == document.body"), (
        "the question must not take the focus"
    )
    tab_to("Customise")
    page.keyboard.press("Enter")
    tab_to("Films")
    page.keyboard.press("Space")
    tab_to("Save choices")
    page.keyboard.press("Enter")
    settle(page, shop, 1, addresses({"video"}))
    assert evidence_of(shop.stored()[0]) == answers({"video"})
    assert shop.third_party_requests() == addresses({"video"})
    tab_to("Cookie choices")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == "Cookie choices"


@pytest.mark.parametrize("width", [320, 1920])
def test_the_question_fits_and_refusing_is_as_easy_as_accepting(
    page: Page, shop: Shop, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 568 if width == 320 else 1080})
    accept, reject = (
        gate(page).get_by_role("button", name=name) for name in ("Accept all", "Reject all")
    )
    expect(accept).to_be_in_viewport(ratio=1)
    expect(reject).to_be_in_viewport(ratio=1)
    styles = "button => { const s = getComputedStyle(button); return [s.color, s.backgroundColor, s.font, s.border, s.padding, button.offsetWidth, button.offsetHeight] }"
    assert accept.evaluate(styles) == reject.evaluate(styles)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    gate(page).get_by_role("button", name="Customise").click()
    assert choices(page).evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
    choices(page).get_by_role("button", name="Reject all").click()
    settle(page, shop, 1)
    assert shop.third_party_requests() == set()
    assert evidence_of(shop.stored()[0]) == answers(set())


def test_the_question_says_what_each_purpose_is_and_in_which_language_it_speaks(
    page: Page, shop: Shop
) -> None:
    expect(gate(page)).to_contain_text("Test Shop Ltd")
    for line in (
        "Functional: Remembers how you like",
        "Analytics: Shows us how",
        "Marketing: Shows",
    ):
        expect(gate(page)).to_contain_text(line)
    expect(gate(page)).to_have_attribute("lang", "en")
    gate(page).get_by_role("button", name="Customise").click()
    expect(choices(page)).to_have_attribute("lang", "en")
    assert shop.third_party_requests() == set()


@pytest.mark.engines("chromium", "firefox")
def test_an_open_second_layer_closes_when_another_tab_decides(
    page: Page, shop: Shop, context: BrowserContext
) -> None:
    assert shop.third_party_requests() == set()
    gate(page).get_by_role("button", name="Customise").click()
    other = context.new_page()
    other.goto(shop.site.url + "/next.html")
    gate(other).get_by_role("button", name="Reject all").click()
    settle(other, shop, 1)
    expect(choices(page)).to_have_count(0)
    assert shop.third_party_requests() == set()


@pytest.mark.engines("chromium", "firefox")
def test_what_a_cleared_or_expired_consent_left_behind_is_deleted_and_asked_for_anew(
    page: Page, shop: Shop, context: BrowserContext
) -> None:
    assert shop.third_party_requests() == set()
    gate(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 1, addresses(set(SERVICES)))
    page.evaluate("document.cookie = '_st1=1;path=/'; localStorage['prefs.lang'] = 'en'")
    context.clear_cookies(name="consent")
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(gate(page).get_by_role("button", name="Accept all")).to_be_visible()
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("'prefs.lang' in localStorage") is False


@pytest.mark.engines("chromium", "firefox")
def test_cookies_on_the_paths_above_the_page_are_deleted_too(page: Page, shop: Shop) -> None:
    assert shop.third_party_requests() == set()
    page.goto(shop.site.put("/shoes/red/", shop.page_html("<h1>Red shoes</h1>")))
    gate(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 1)
    for path in ("/shoes", "/shoes/", "/shoes/red/"):
        page.evaluate("path => void (document.cookie = `_st=1;path=${path}`)", path)
    assert page.evaluate("document.cookie.match(/_st=1/g).length") == 3
    page.evaluate("consent.withdraw()")
    settle(page, shop, 2)
    assert page.evaluate("document.cookie.includes('_st')") is False


def test_a_cookie_that_changes_a_moment_after_the_storage_is_followed_too(
    page: Page, shop: Shop
) -> None:
    """As seen from another tab: its process may hear of the storage first."""
    assert shop.third_party_requests() == set()
    gate(page).get_by_role("button", name="Reject all").click()
    settle(page, shop, 1)
    page.evaluate("""() => {
        dispatchEvent(new Event("storage"));
        setTimeout(() => { document.cookie = "consent=;Path=/;Max-Age=0" }, 50);
    }""")
    expect(gate(page)).to_be_visible()


@pytest.mark.engines("chromium", "firefox")
def test_a_page_that_the_back_button_brings_back_knows_what_was_decided_meanwhile(
    shop: Shop, browser: Browser
) -> None:
    for path in ("/", "/next.html"):
        html = shop.page_html(body(shop.vendors.url), TAG)
        shop.site.put(path, html, **{"Cache-Control": "no-cache"})
    with keeping_pages(browser) as context:
        found = problems(context)
        page = context.new_page()
        page.goto(shop.site.url + "/")
        gate(page).wait_for()
        assert shop.third_party_requests() == set()
        page.evaluate("window.isOld = true")
        page.get_by_role("link", name="Next page").click()
        page.wait_for_url("**/next.html")
        gate(page).get_by_role("button", name="Accept all").click()
        settle(page, shop, 1, addresses(set(SERVICES)))
        shop.vendors.asked.clear()
        page.evaluate("void setTimeout(() => history.back())")
        wait_until(
            page, lambda: shop.third_party_requests() == addresses(set(SERVICES)), "its services"
        )
        # As it was left, and not from the server. Playwright's locators still wait for its arrival.
        left = "[!!window.isOld, document.querySelectorAll('section').length]"
        assert page.evaluate(left) == [True, 0]
        assert found == []
