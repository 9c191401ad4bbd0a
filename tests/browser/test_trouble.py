# SPDX-License-Identifier: MIT
"""Without the ledger, storage or script: the choice holds, nothing leaks, nothing throws."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser.engines import FLAGS, find
from browser.receipts import ask, token
from browser.shop import SERVICES, Shop, addresses, answers, problems, quiet, settle, wait_until
from browser.test_choice import choices, evidence_of, gate
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.gate


def waiting(page: Page) -> int:
    return page.evaluate(
        "Object.keys(localStorage).filter(key => key.startsWith('consent.queue.')).length"
    )


@pytest.mark.engines("chromium", "firefox")
def test_a_ledger_that_is_away_gets_the_record_when_it_is_back(page: Page, shop: Shop) -> None:
    assert shop.third_party_requests() == set()
    shop.ledger.stop()
    try:
        gate(page).get_by_role("button", name="Accept all").click()
        wait_until(
            page,
            lambda: shop.third_party_requests() == addresses(set(SERVICES)),
            "the choice holds without the ledger",
        )
        assert waiting(page) == 1
    finally:
        shop.ledger.start()
    assert shop.stored() == []
    page.reload()
    settle(page, shop, 1)
    assert evidence_of(shop.stored()[0]) == answers(set(SERVICES))
    wait_until(page, lambda: waiting(page) == 0, "nothing waits any more")


@pytest.mark.engines("chromium", "firefox")
def test_a_late_delivery_does_not_undo_a_withdrawal(page: Page, shop: Shop) -> None:
    assert shop.third_party_requests() == set()
    # Until the page is loaded again: Firefox does not show Playwright what is posted.
    page.evaluate("""() => {
        const real = fetch;
        window.fetch = (url, options) => JSON.parse(options.body || "{}").seq == 1 ? Promise.reject(Error("held")) : real(url, options);
    }""")
    gate(page).get_by_role("button", name="Accept all").click()
    wait_until(
        page,
        lambda: shop.third_party_requests() == addresses(set(SERVICES)),
        "everything is released",
    )
    page.get_by_role("button", name="Cookie choices").click()
    choices(page).get_by_role("button", name="Reject all").click()
    settle(page, shop, 1)
    shop.vendors.asked.clear()
    page.reload()
    settle(page, shop, 2)
    assert [record["seq"] for record in shop.stored()] == [2, 1]
    current = ask(shop, "preferences", token(page)).json()
    assert current["seq"] == 2
    assert current["categories"] | current["services"] == answers(set())
    assert set(current["statuses"].values()) == {"withdrawn"}
    assert shop.third_party_requests() == set()


@pytest.mark.engines("chromium", "firefox")
def test_a_notice_that_is_not_published_yet_keeps_the_record_in_the_browser(
    page: Page, shop: Shop, context: BrowserContext
) -> None:
    assert shop.third_party_requests() == set()
    unknown = json.dumps(
        {"type": "about:blank", "title": "Unknown notice", "status": 404, "code": "notice_unknown"}
    )
    headers = {
        "Access-Control-Allow-Origin": shop.site.url,
        "Content-Type": "application/problem+json",
    }
    context.route(
        "**/v1/sites/shop/consents",
        lambda route: route.fulfill(status=404, body=unknown, headers=headers),
    )
    gate(page).get_by_role("button", name="Reject all").click()
    page.wait_for_function("+localStorage['consent.wait'] > Date.now()")
    assert waiting(page) == 1
    context.unroute("**/v1/sites/shop/consents")
    page.evaluate("localStorage.removeItem('consent.wait')")
    page.reload()
    settle(page, shop, 1)
    assert evidence_of(shop.stored()[0]) == answers(set())
    assert shop.third_party_requests() == set()


@pytest.mark.engines("chromium", "firefox")
def test_a_record_that_the_ledger_refuses_for_good_is_dropped_with_one_line(
    page: Page, shop: Shop
) -> None:
    lines: list[str] = []
    page.on(
        "console", lambda message: lines.append(message.text) if message.type == "warning" else None
    )
    page.evaluate(
        "localStorage[`consent.queue.${Date.now()}.x`] = JSON.stringify({ nonsense: true })"
    )
    gate(page).get_by_role("button", name="Reject all").click()
    settle(page, shop, 1)
    wait_until(page, lambda: waiting(page) == 0, "the bad record is gone")
    assert len([line for line in lines if line.startswith("consent: ")]) == 1
    assert shop.third_party_requests() == set()


def test_at_most_twenty_records_wait_and_none_for_more_than_thirty_days(
    page: Page, shop: Shop, context: BrowserContext
) -> None:
    context.route("**/v1/sites/shop/consents", lambda route: route.abort())
    page.evaluate("""() => {
        for (let n = 0; n < 25; n++) localStorage[`consent.queue.${Date.now() - n * 1000}.${n}`] = "{}";
        localStorage[`consent.queue.${Date.now() - 31 * 864e5}.old`] = "{}";
    }""")
    gate(page).get_by_role("button", name="Reject all").click()
    wait_until(page, lambda: waiting(page) == 20, "twenty are left")
    assert page.evaluate(
        "[0, 18, 19, 'old'].map(n => Object.keys(localStorage).some(key => key.endsWith(`.${n}`)))"
    ) == [
        True,
        True,
        False,
        False,
    ]
    assert shop.third_party_requests() == set()


@pytest.mark.engines("chromium", "firefox")
def test_a_record_survives_the_end_of_the_page(page: Page, shop: Shop) -> None:
    assert shop.third_party_requests() == set()
    gate(page).get_by_role("button", name="Reject all").evaluate(
        "button => { button.click(); location.href = 'about:blank' }"
    )
    wait_until(page, lambda: len(shop.stored()) == 1, "the record arrived without the page")
    assert evidence_of(shop.stored()[0]) == answers(set())


@contextmanager
def keeping_nothing(browser: Browser, folder: Path) -> Iterator[BrowserContext]:
    """A visitor whose browser refuses every cookie and all storage."""
    kind = browser.browser_type
    if kind.name == "firefox":
        options = {"channel": "moz-firefox", "executable_path": find("firefox"), "timeout": 90_000}
        refuse = {"network.cookie.cookieBehavior": 2}
        with (
            kind.launch(**options, firefox_user_prefs=refuse) as other,
            other.new_context() as context,
        ):
            yield context
    else:
        refuse = {"profile": {"default_content_setting_values": {"cookies": 2}}}
        (folder / "Default").mkdir()
        (folder / "Default" / "Preferences").write_text(json.dumps(refuse))
        options = {"executable_path": find("chromium"), "args": list(FLAGS)}
        with kind.launch_persistent_context(folder, **options) as context:
            yield context


@pytest.mark.engines("chromium", "firefox")
def test_with_storage_blocked_the_choice_holds_for_the_page_and_is_recorded(
    shop: Shop, tmp_path: Path, browser: Browser
) -> None:
    with keeping_nothing(browser, tmp_path) as context:
        found = problems(context)
        page = context.new_page()
        page.goto(shop.site.url + "/")
        gate(page).wait_for()
        assert (
            page.evaluate(
                "(() => { try { return localStorage.length } catch { return 'blocked' } })()"
            )
            == "blocked"
        )
        assert shop.third_party_requests() == set()
        gate(page).get_by_role("button", name="Customise").click()
        choices(page).get_by_role("checkbox", name="Analytics").check()
        choices(page).get_by_role("button", name="Save choices").click()
        settle(page, shop, 1, addresses({"stats"}))
        assert evidence_of(shop.stored()[0]) == answers({"stats"})
        assert shop.third_party_requests() == addresses({"stats"})
        shop.vendors.asked.clear()
        page.reload()
        gate(page).wait_for()
        assert shop.third_party_requests() == set()
        assert found == []


@pytest.mark.engines("chromium", "firefox")
def test_without_the_script_the_page_works_and_nothing_is_released(
    shop: Shop, context: BrowserContext
) -> None:
    context.route("**/consent.js", lambda route: route.abort())
    page = context.new_page()
    page.goto(shop.site.url + "/")
    quiet(page)
    page.get_by_role("link", name="Next page").click()
    expect(page).to_have_url(shop.site.url + "/next.html")
    quiet(page)
    assert shop.third_party_requests() == set()
    assert shop.stored() == []
