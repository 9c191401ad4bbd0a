# SPDX-License-Identifier: MIT
""" "Forget me": what the ledger and the browser hold is gone, and what was saved still proves."""

from __future__ import annotations

import json

import pytest
from browser.receipts import ask, decision, kept, key_of, put_pages, reject, saved, token
from browser.shop import SERVICES, Shop, body, quiet, until, wait_until
from consent_ledger.tlog.receipts import verify_receipt
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

CONSENTS = "**/v1/sites/shop/consents"


@pytest.fixture
def page(context: BrowserContext, shop: Shop) -> Page:
    """ "Your choices" of a visitor who has refused everything."""
    put_pages(shop)
    page = context.new_page()
    page.goto(shop.site.url + "/choices.html")
    page.get_by_role("region", name="Your choices on Test Shop").wait_for()
    reject(page)
    page.get_by_role("listitem").get_by_role("button", name="Save receipt").wait_for()
    return page


def gate(page: Page) -> Locator:
    return page.get_by_role("region", name="Your choices on Test Shop")


def open_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Forget me").click()
    return page.get_by_role("dialog")


def forget(page: Page) -> str:
    """Both steps; returns what the page says then."""
    dialog = open_dialog(page)
    dialog.get_by_role("button", name="Forget me").click()
    dialog.get_by_role("heading", name="What was removed").wait_for()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    return page.locator(".consent-forgotten").inner_text()


def consent_cookies(page: Page) -> list[str]:
    return [cookie["name"] for cookie in page.context.cookies() if cookie["name"] == "consent"]


@pytest.mark.engines("chromium", "firefox")
def test_forgetting_removes_what_the_ledger_and_the_browser_hold(page: Page, shop: Shop) -> None:
    mine = token(page)
    told = forget(page)
    assert "Records erased in the ledger: 1." in told or "Records being erased" in told
    assert "Removed from this browser" in told
    assert "What stays: 89 bytes" in told
    assert kept(page) == []
    assert consent_cookies(page) == []
    expect(page.locator(".consent-history-note")).to_have_text(
        "Nothing is recorded for this browser."
    )
    expect(page.get_by_role("listitem")).to_have_count(0)
    refused = shop.ledger.post(decision(shop, mine, 2))
    assert (refused.status, refused.json()["code"]) == (410, "forgotten")
    assert ask(shop, "preferences", mine).status == 404
    again = page.context.new_page()
    again.goto(shop.site.url + "/words.html")
    gate(again).wait_for()
    assert again.evaluate("consent.choices()") is None


def test_a_receipt_saved_before_still_verifies(page: Page, shop: Shop) -> None:
    record = page.evaluate("consent.record()")
    receipt = saved(page, page.get_by_role("button", name="Save receipt"))
    mine = token(page)
    forget(page)
    assert ask(shop, f"receipts/{record}", mine).status == 404
    assert verify_receipt(receipt, [key_of(shop)]).subject["id"] == record


def test_somebody_who_was_forgotten_is_new_when_they_decide_again(page: Page, shop: Shop) -> None:
    mine = token(page)
    forget(page)
    page.evaluate("window.recorded = 0")
    reject(page)
    assert token(page) != mine
    assert ask(shop, "preferences", token(page)).json()["seq"] == 1
    expect(page.get_by_role("listitem")).to_have_count(1)


def test_whom_the_owner_erased_is_new_after_the_first_refusal(page: Page, shop: Shop) -> None:
    mine = token(page)
    record = page.evaluate("consent.record()")
    shop.ledger.run("erase", shop.ledger.site, "--record", record, "--yes")
    page.evaluate("consent.open()")
    page.get_by_role("button", name="Accept all").click()  # refused: the token is known no more
    until(page, "!localStorage['consent.token']")
    page.evaluate("consent.open()")
    page.get_by_role("button", name="Reject all").click()
    until(page, "!!localStorage['consent.token']")
    assert token(page) != mine
    wait_until(page, lambda: ask(shop, "preferences", token(page)).status == 200, "recorded")
    assert ask(shop, "preferences", token(page)).json()["seq"] == 1


@pytest.mark.engines("chromium", "firefox")
def test_what_ran_is_stopped_or_a_reload_is_offered_and_nothing_runs_afterwards(
    page: Page, shop: Shop
) -> None:
    fragment = (shop.dist / "choices.en.html").read_text(encoding="utf-8")
    tags = '<script async src="/consent.js"></script><script async src="/choices.js"></script>'
    shop.site.put("/both.html", shop.page_html(fragment + body(shop.vendors.url), tags))
    page.goto(shop.site.url + "/both.html")
    page.evaluate("consent.open()")
    page.get_by_role("button", name="Accept all").click()
    wait_until(page, lambda: "/video.html" in shop.third_party_requests(), "the film is shown")
    until(page, "!!document.querySelector('[data-consent=video][src]')")
    dialog = open_dialog(page)
    dialog.get_by_role("button", name="Forget me").click()
    dialog.get_by_role("button", name="Reload now").wait_for()
    expect(page.locator("[data-consent=video][src]")).to_have_count(0)
    assert not any(page.evaluate("id => consent.granted(id)", service) for service in SERVICES)
    shop.vendors.asked.clear()
    dialog.get_by_role("button", name="Reload now").click()
    gate(page).wait_for()
    quiet(page)
    assert shop.third_party_requests() == set()


@pytest.mark.engines("chromium", "firefox")
@pytest.mark.parametrize("way", ["Cancel", "Escape"])
def test_nothing_changes_when_the_second_step_is_not_taken(
    page: Page, shop: Shop, way: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    before = (kept(page), consent_cookies(page), token(page))
    dialog = open_dialog(page)
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    expect(dialog).to_contain_text("What goes:")
    expect(dialog).to_contain_text("What stays:")
    page.keyboard.press("Escape" if way == "Escape" else "Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Forget me")).to_be_focused()
    assert (kept(page), consent_cookies(page), token(page)) == before
    assert "DELETE" not in asked
    assert ask(shop, "preferences", token(page)).status == 200


@pytest.mark.engines("chromium", "firefox")
def test_a_ledger_that_is_away_loses_nothing_and_can_be_asked_again(page: Page, shop: Shop) -> None:
    before = (kept(page), consent_cookies(page), token(page))
    shop.ledger.stop()
    try:
        dialog = open_dialog(page)
        dialog.get_by_role("button", name="Forget me").click()
        expect(dialog.get_by_role("status")).to_contain_text("nothing was removed")
        expect(dialog.get_by_role("button", name="Try again")).to_be_focused()
        assert (kept(page), consent_cookies(page), token(page)) == before
        assert page.evaluate("consent.choices()") is not None
    finally:
        shop.ledger.start()
    assert ask(shop, "preferences", token(page)).status == 200
    dialog.get_by_role("button", name="Try again").click()
    dialog.get_by_role("heading", name="What was removed").wait_for()
    assert kept(page) == []


def test_a_refusal_of_the_ledger_removes_nothing_and_stays_in_the_page(
    page: Page, context: BrowserContext, shop: Shop
) -> None:
    before = kept(page)
    headers = {"Access-Control-Allow-Origin": shop.site.url, "Retry-After": "1"}
    context.route(CONSENTS, lambda route: route.fulfill(status=503, headers=headers, body="{}"))
    dialog = open_dialog(page)
    dialog.get_by_role("button", name="Forget me").click()
    expect(dialog.get_by_role("status")).to_contain_text("nothing was removed")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator(".consent-forgotten")).to_contain_text("nothing was removed")
    assert kept(page) == before


def test_records_that_wait_are_dropped_and_never_sent(
    page: Page, shop: Shop, context: BrowserContext
) -> None:
    def hold(route: Route) -> None:
        route.abort() if route.request.method == "POST" else route.continue_()

    context.route(CONSENTS, hold)
    page.get_by_role("button", name="Change my choices").click()
    page.get_by_role("button", name="Accept all").click()
    expect(page.get_by_role("listitem").first).to_contain_text("Waiting to be sent")
    told = forget(page)
    assert "Records that waited to be sent, and were dropped: 1." in told
    context.unroute(CONSENTS)
    page.reload()
    gate(page).wait_for()
    quiet(page)
    assert kept(page) == []
    assert shop.stored() == []


def test_bytes_that_are_still_being_cleared_are_told_so(
    page: Page, context: BrowserContext, shop: Shop
) -> None:
    answer = {
        "schema": "consent-ledger/erasure-answer/v1",
        "site": "shop",
        "records": 3,
        "gone": False,
    }
    headers = {"Access-Control-Allow-Origin": shop.site.url}

    def accept(route: Route) -> None:
        if route.request.method == "DELETE":
            route.fulfill(status=202, headers=headers, body=json.dumps(answer))
        else:
            route.continue_()

    context.route(CONSENTS, accept)
    told = forget(page)
    assert "Records being erased in the ledger: 3." in told
    assert kept(page) == []


def test_a_browser_that_the_ledger_does_not_know_is_cleared_and_told_so(
    page: Page, shop: Shop
) -> None:
    page.evaluate("localStorage['consent.token'] = 'ef'.repeat(16)")
    told = forget(page)
    assert "The ledger holds no record of this browser." in told
    assert "What stays" not in told
    assert kept(page) == []
    assert consent_cookies(page) == []


@pytest.mark.engines("chromium", "firefox")
def test_other_tabs_ask_again_too(page: Page, shop: Shop) -> None:
    other = page.context.new_page()
    other.goto(shop.site.url + "/words.html")
    until(other, "!!window.consent?.choices()")
    forget(page)
    gate(other).wait_for()
    assert other.evaluate("consent.choices()") is None
