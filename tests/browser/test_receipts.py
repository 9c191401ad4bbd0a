# SPDX-License-Identifier: MIT
"""Receipts in the page: after a choice, and on "your choices"; what they prove is verified offline."""

from __future__ import annotations

from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.receipts import ask, decision, key_of, put_pages, reject, saved, token
from browser.shop import Shop, until, wait_until
from consent_ledger.tlog.merkle import leaf_hash
from consent_ledger.tlog.note import VerifierKey
from consent_ledger.tlog.proof_file import parse_proof_file, verify_proof_file
from consent_ledger.tlog.receipts import verify_receipt
from playwright.sync_api import BrowserContext, Page, expect

RECORDED = "Your choice is recorded."


@pytest.fixture
def page(context: BrowserContext, shop: Shop) -> Page:
    """A page with a place for the receipt, and the question in sight."""
    put_pages(shop)
    page = context.new_page()
    page.goto(shop.site.url + "/words.html")
    page.get_by_role("region", name="Your choices on Test Shop").wait_for()
    return page


def test_the_receipt_saved_after_a_choice_verifies_offline(page: Page, shop: Shop) -> None:
    record = reject(page)
    content = saved(page, page.get_by_role("button", name="Save your receipt"))
    assert content == ask(shop, f"receipts/{record}", token(page)).body
    verified = verify_receipt(content, [key_of(shop)])
    assert verified.subject["id"] == record
    assert verified.evidence["action"] == "reject_all"
    assert verified.evidence["services"] == shop.stored()[0]["services"]


def test_the_line_is_a_status_that_takes_no_focus_and_closes_by_keyboard(page: Page) -> None:
    expect(page.locator(".consent-receipt")).to_be_empty()
    reject(page)
    line = page.get_by_role("status").filter(has_text=RECORDED)
    line.wait_for()
    assert page.evaluate("document.activeElement == document.body")
    page.keyboard.press("Tab")
    expect(line.get_by_role("button", name="Save your receipt")).to_be_focused()
    page.keyboard.press("Tab")
    expect(line.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".consent-receipt")).to_be_empty()


def test_a_place_with_room_of_its_own_moves_nothing(page: Page, shop: Shop) -> None:
    style = "header { height: 4rem; overflow: auto }"
    page.evaluate(
        "text => { const sheet = new CSSStyleSheet(); sheet.replaceSync(text); document.adoptedStyleSheets.push(sheet) }",
        style,
    )
    where = "document.getElementById('below').getBoundingClientRect().top"
    before = page.evaluate(where)
    reject(page)
    page.get_by_text(RECORDED).wait_for()
    assert page.evaluate(where) == before


def test_a_receipt_that_cannot_be_had_is_told_in_the_line(
    page: Page, context: BrowserContext
) -> None:
    reject(page)
    context.route("**/receipts/*", lambda route: route.abort())
    page.get_by_role("button", name="Save your receipt").click()
    expect(page.locator(".consent-receipt")).to_contain_text("nothing was saved")
    context.unroute("**/receipts/*")
    saved(page, page.get_by_role("button", name="Save your receipt"))
    expect(page.locator(".consent-receipt")).to_contain_text(RECORDED)


def test_your_choices_saves_receipt_and_bare_proof(page: Page, shop: Shop) -> None:
    record = reject(page)
    page.goto(shop.site.url + "/choices.html")
    item = page.get_by_role("listitem")
    expect(item).to_contain_text("You refused everything.")
    expect(item).to_contain_text(record)
    receipt = verify_receipt(
        saved(page, item.get_by_role("button", name="Save receipt")), [key_of(shop)]
    )
    assert receipt.subject["id"] == record

    content = saved(page, item.get_by_role("button", name="Save proof"))
    assert content == ask(shop, f"receipts/{record}").body
    proof = parse_proof_file(content)
    assert proof.index == receipt.index
    keys = [VerifierKey.parse(key_of(shop))]
    # The file carries the entry's 89 bytes, which open nothing, and so verifies by itself.
    assert len(proof.extra) == 89
    verify_proof_file(proof, leaf_hash(proof.extra), receipt.origin, keys)


@pytest.mark.engines("chromium", "firefox")
def test_your_choices_shows_what_is_in_force_and_follows_it(page: Page, shop: Shop) -> None:
    page.goto(shop.site.url + "/choices.html")
    state = page.locator("[data-consent-state=stats]")
    expect(state).to_have_text("Not allowed")
    expect(page.locator(".consent-note")).to_contain_text("You have not answered everything yet")
    page.get_by_role("button", name="Change my choices").click()
    page.get_by_role("checkbox", name="Analytics").check()
    page.get_by_role("button", name="Save choices").click()
    expect(state).to_have_text("Allowed")
    expect(page.locator(".consent-note")).to_be_empty()
    expect(page.locator("[data-consent-state=pixel]")).to_have_text("Not allowed")
    expect(page.get_by_role("listitem")).to_contain_text("Allowed: Statistics.")


@pytest.mark.engines("chromium", "firefox")
def test_the_history_is_newest_first_and_shows_older_ones_when_asked(
    page: Page, shop: Shop
) -> None:
    mine = uuid4().hex  # the same ledger serves the test in each browser
    for seq in range(1, 13):
        assert shop.ledger.post(decision(shop, mine, seq)).status == 201
    page.evaluate("token => localStorage['consent.token'] = token", mine)
    page.goto(shop.site.url + "/choices.html")
    items = page.get_by_role("listitem")
    expect(items).to_have_count(10)
    older = page.get_by_role("button", name="Show older")
    older.focus()
    page.keyboard.press("Enter")
    expect(items).to_have_count(12)
    expect(older).to_be_hidden()
    # The focus goes on with what it brought, and is not lost with the button.
    expect(items.nth(10).get_by_role("button", name="Save receipt")).to_be_focused()
    shown = page.locator(".consent-place code").all_inner_texts()
    assert shown == [f"{mine[:24]}{seq:08x}" for seq in range(12, 0, -1)]


def test_what_waits_to_be_sent_is_shown_until_the_ledger_has_it(page: Page, shop: Shop) -> None:
    page.evaluate("localStorage['consent.wait'] = Date.now() + 1e6")
    page.get_by_role("button", name="Reject all").click()
    until(page, "Object.keys(localStorage).some(key => key.startsWith('consent.queue.'))")
    page.goto(shop.site.url + "/choices.html")
    item = page.get_by_role("listitem")
    expect(item).to_contain_text("Waiting to be sent")
    expect(item).to_contain_text("You refused everything.")
    expect(item.get_by_role("button")).to_have_count(0)
    page.evaluate("localStorage.removeItem('consent.wait')")
    page.reload()
    expect(item.get_by_role("button", name="Save receipt")).to_be_visible()
    expect(item).not_to_contain_text("Waiting")


def test_a_ledger_that_is_away_is_one_sentence_and_can_be_asked_again(
    page: Page, shop: Shop, context: BrowserContext
) -> None:
    reject(page)
    context.route("**/v1/**", lambda route: route.abort())
    page.goto(shop.site.url + "/choices.html")
    note = page.locator(".consent-history-note")
    expect(note).to_contain_text("The ledger cannot be reached.")
    expect(page.locator("[data-consent-state=stats]")).to_have_text("Not allowed")
    context.unroute("**/v1/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("listitem")).to_have_count(1)
    expect(note).to_be_empty()


def test_it_works_without_consent_js_and_says_that_nothing_optional_runs(
    page: Page, shop: Shop, context: BrowserContext
) -> None:
    reject(page)
    context.route("**/consent.js", lambda route: route.abort())
    page.goto(shop.site.url + "/choices.html")
    expect(page.locator(".consent-note")).to_contain_text("without it nothing optional runs")
    expect(page.locator("[data-consent-state=stats]")).to_have_text("Not allowed")
    expect(page.get_by_role("button", name="Change my choices")).to_be_hidden()
    saved(page, page.get_by_role("button", name="Save receipt"))


def test_it_need_not_wait_for_consent_js(page: Page, shop: Shop) -> None:
    reject(page)
    shop.site.delay_s["/consent.js"] = 1.5
    try:
        page.goto(shop.site.url + "/choices.html", wait_until="commit")
        expect(page.get_by_role("listitem")).to_have_count(1)
        assert page.evaluate("typeof consent") == "undefined"
        expect(page.locator("[data-consent-state=stats]")).to_have_text("Not allowed")
    finally:
        shop.site.delay_s.clear()


def test_a_receipt_for_what_waited_is_offered_once_it_is_sent(
    page: Page, shop: Shop, context: BrowserContext
) -> None:
    context.route("**/v1/sites/shop/consents", lambda route: route.abort())
    page.get_by_role("button", name="Reject all").click()
    until(page, "Object.keys(localStorage).some(key => key.startsWith('consent.queue.'))")
    expect(page.locator(".consent-receipt")).to_be_empty()
    context.unroute("**/v1/sites/shop/consents")
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_until(page, lambda: len(shop.stored()) == 1, "the record is stored")
    page.get_by_text(RECORDED).wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_no_accessibility_rule_is_broken(page: Page, shop: Shop, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 800})
    reject(page)
    page.get_by_text(RECORDED).wait_for()
    assert broken_rules(page) == []
    page.goto(shop.site.url + "/choices.html")
    page.get_by_role("listitem").wait_for()
    assert broken_rules(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Forget me").click()
    page.get_by_role("dialog").wait_for()
    assert broken_rules(page) == []


def broken_rules(page: Page) -> list[str]:
    # The policy bars scripts from outside, so Axe comes by the protocol.
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {[node['html'][:120] for node in rule['nodes']]}" for rule in found]
