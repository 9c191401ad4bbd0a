# SPDX-License-Identifier: MIT
"""What waits for consent, and in which order it comes."""

from __future__ import annotations

import pytest
from browser.shop import EARLY_TAG, TAG, Shop, quiet, settle, wait_until
from browser.test_choice import choices, gate
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = pytest.mark.gate


def open_page(
    context: BrowserContext,
    shop: Shop,
    content: str,
    head: str = TAG,
    tail: str = "",
    **headers: str,
) -> Page:
    """A page of the shop with *content*, before any choice."""
    page = context.new_page()
    page.goto(shop.site.put("/own.html", shop.page_html(content + tail, head), **headers))
    gate(page).wait_for()
    quiet(page)
    assert shop.third_party_requests() == set()
    return page


def accept(page: Page, shop: Shop) -> None:
    gate(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 1)


TEMPLATE = '<template data-consent="stats">{}</template>'


@pytest.mark.engines("chromium", "firefox")
@pytest.mark.parametrize("form", ["template", "text/plain", "two templates"])
def test_an_inline_script_waits_for_the_library_before_it(
    shop: Shop, context: BrowserContext, form: str
) -> None:
    lib, second = f"{shop.vendors.url}/lib.js", f"{shop.vendors.url}/second.js"
    shop.vendors.put(
        "/lib.js", "window.lib = { log: [], init() { this.log.push('init') } }; ", "text/javascript"
    )
    shop.vendors.put("/second.js", "lib.log.push('second')", "text/javascript")
    shop.vendors.delay_s = {"/lib.js": 0.4}
    scripts = [
        f'<script src="{lib}"></script>',
        "<script>lib.init()</script>",
        f'<script src="{second}"></script>',
        "<script>lib.log.push('last')</script>",
    ]
    if form == "template":
        content = TEMPLATE.format("".join(scripts))
    elif form == "text/plain":
        content = "".join(scripts).replace(
            "<script", '<script type="text/plain" data-consent="stats"'
        )
    else:
        content = (
            TEMPLATE.format("".join(scripts[:1]))
            + "<p>between</p>"
            + TEMPLATE.format("".join(scripts[1:]))
        )
    page = open_page(context, shop, content)
    accept(page, shop)
    page.wait_for_function("window.lib?.log.length == 3")
    assert page.evaluate("lib.log") == ["init", "second", "last"]
    # All at once: the second external was asked for before the slow first one had arrived.
    started = page.evaluate(
        "performance.getEntriesByType('resource').filter(e => /lib|second/.test(e.name)).map(e => [e.startTime, e.responseEnd])"
    )
    assert max(start for start, _ in started) < min(end for _, end in started)


@pytest.mark.engines("chromium", "firefox")
def test_a_library_that_fails_does_not_hold_up_what_follows(
    shop: Shop, context: BrowserContext
) -> None:
    content = TEMPLATE.format(
        f'<script src="{shop.vendors.url}/a.js"></script>'
        '<script src="http://127.0.0.1:9/none.js"></script><script>ran.push("after")</script>'
    )
    page = open_page(context, shop, content)
    accept(page, shop)
    page.wait_for_function("window.ran?.[1] == 'after'")


@pytest.mark.engines("chromium", "firefox")
def test_content_added_later_waits_or_opens_as_the_choice_says(
    shop: Shop, context: BrowserContext
) -> None:
    page = open_page(context, shop, "<main></main>")
    add = """(vendors) => {
        const main = document.querySelector("main");
        const template = document.createElement("template"); template.dataset.consent = "stats";
        const inside = document.createElement("script"); inside.src = vendors + "/added.js"; template.content.append(inside);
        const plain = document.createElement("script"); plain.type = "text/plain"; plain.dataset.consent = "ads"; plain.src = vendors + "/plain.js";
        const frame = document.createElement("iframe"); frame.dataset.consent = "video"; frame.dataset.src = vendors + "/added.html";
        main.append(template, plain, frame);
    }"""
    if not shop.has_gate:
        add = add.replace("template.content.append(inside)", "main.append(inside)")
    page.evaluate(add, shop.vendors.url)
    page.wait_for_timeout(300)
    assert shop.third_party_requests() == set()
    accept(page, shop)
    everything = {"/added.js", "/plain.js", "/added.html"}
    wait_until(
        page, lambda: shop.third_party_requests() == everything, "what was added before the choice"
    )
    shop.vendors.asked.clear()
    page.evaluate(add, shop.vendors.url)
    wait_until(
        page, lambda: shop.third_party_requests() == everything, "what was added after the choice"
    )


@pytest.mark.engines("chromium", "firefox")
def test_a_strict_content_security_policy_and_trusted_types_are_no_obstacle(
    shop: Shop, context: BrowserContext
) -> None:
    policy = (
        f"default-src 'none'; img-src 'self'; script-src 'self' 'nonce-n1' {shop.vendors.url}; frame-src {shop.vendors.url}; connect-src http://ledger.localhost:*;"
        " require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'"
    )
    content = (
        TEMPLATE.format(
            f'<script src="{shop.vendors.url}/a.js"></script><script nonce="n1">ran.push("inline")</script>'
        )
        + f'<script type="text/plain" data-consent="stats" src="{shop.vendors.url}/b.js"></script>'
        + '<script type="text/plain" data-consent="stats" nonce="n1">ran.push("plain")</script>'
        + f'<iframe title="Film" data-consent="video" data-src="{shop.vendors.url}/c.html"></iframe>'
    )
    page = open_page(context, shop, content, EARLY_TAG, **{"Content-Security-Policy": policy})
    assert gate(page).evaluate("section => getComputedStyle(section).position") == "fixed", (
        "the style sheet is in force"
    )
    accept(page, shop)
    page.wait_for_function("window.ran?.length == 4")
    assert page.evaluate("ran") == ["/a.js", "inline", "/b.js", "plain"]
    wait_until(page, lambda: "/c.html" in shop.third_party_requests(), "the frame")


def test_an_unknown_or_planned_service_never_opens(shop: Shop, context: BrowserContext) -> None:
    content = "".join(
        f'<template data-consent="{name}"><script src="{shop.vendors.url}/{name}.js"></script></template>'
        for name in ("later", "nobody", "constructor", "__proto__", "necessary")
    )
    page = open_page(context, shop, content)
    accept(page, shop)
    page.wait_for_timeout(300)
    assert shop.third_party_requests() == set()


@pytest.mark.engines("chromium", "firefox")
def test_the_tag_twice_asks_once(shop: Shop, context: BrowserContext) -> None:
    page = open_page(
        context,
        shop,
        TEMPLATE.format(f'<script src="{shop.vendors.url}/a.js"></script>'),
        head=TAG + TAG.replace(" async", ""),
    )
    expect(page.locator("section.consent-gate")).to_have_count(1)
    accept(page, shop)
    wait_until(page, lambda: shop.vendors.asked == ["/a.js"], "one request")
    assert len(shop.stored()) == 1


def test_a_foreign_or_broken_cookie_counts_as_no_choice(
    shop: Shop, context: BrowserContext
) -> None:
    for value in (
        "accept",
        "1|||",
        "1|00000000|zzzzzz|+stats:000000",
        "2|x|zzzzz|+stats:%00",
        '{"stats":true}',
    ):
        context.add_cookies([{"name": "consent", "value": value, "url": shop.site.url}])
        page = open_page(
            context, shop, TEMPLATE.format(f'<script src="{shop.vendors.url}/a.js"></script>')
        )
        assert page.evaluate("consent.granted('stats')") is False
        page.close()


@pytest.mark.engines("chromium", "firefox")
def test_a_script_inside_a_template_waits_for_its_own_service(
    shop: Shop, context: BrowserContext
) -> None:
    inner = (
        f'<script type="text/plain" data-consent="ads" src="{shop.vendors.url}/ads.js"></script>'
    )
    content = TEMPLATE.format(f'<script src="{shop.vendors.url}/stats.js"></script>{inner}')
    page = open_page(context, shop, content)
    page.evaluate("consent.open()")
    choices(page).get_by_role("checkbox", name="Analytics").check()
    choices(page).get_by_role("button", name="Save choices").click()
    settle(page, shop, 1, {"/stats.js"})
    assert shop.third_party_requests() == {"/stats.js"}
    page.evaluate("consent.open()")
    choices(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 2, {"/stats.js", "/ads.js"})
    assert shop.vendors.asked.count("/stats.js") == 1


def test_a_foreign_cookie_of_our_name_on_a_path_does_not_hide_the_choice(
    shop: Shop, context: BrowserContext
) -> None:
    foreign = {"name": "consent", "value": "yes", "domain": "shop.localhost", "path": "/own.html"}
    context.add_cookies([foreign])
    tag = f'<script src="{shop.vendors.url}/a.js"></script>'
    page = open_page(context, shop, TEMPLATE.format(tag))
    gate(page).get_by_role("button", name="Reject all").click()
    settle(page, shop, 1)
    page.reload()
    quiet(page)
    expect(gate(page)).to_have_count(0)
    assert shop.third_party_requests() == set()


@pytest.mark.engines("chromium", "firefox")
def test_a_choice_kept_for_another_domain_does_not_outlive_a_newer_one(
    shop: Shop, context: BrowserContext
) -> None:
    """As when the owner turns `cookie_domain` on or off between two choices."""
    tag = f'<script src="{shop.vendors.url}/a.js"></script>'
    page = open_page(context, shop, TEMPLATE.format(tag))
    accept(page, shop)
    wait_until(page, lambda: shop.third_party_requests() == {"/a.js"}, "the tag")
    [old] = context.cookies()
    context.add_cookies([{**old, "domain": ".shop.localhost"}])  # type: ignore[list-item]
    page.evaluate("consent.withdraw()")
    settle(page, shop, 2)
    assert [cookie["name"] for cookie in context.cookies()] == ["consent"]
    shop.vendors.asked.clear()
    page.reload()
    quiet(page)
    assert page.evaluate("consent.granted('stats')") is False
    assert shop.third_party_requests() == set()
    assert [record["control"] for record in shop.stored()] == ["accept_all", "api"]


@pytest.mark.parametrize(
    "clobber", ['<form id="consent"><input name="granted"></form>', '<a id="consent">']
)
def test_an_element_that_is_called_like_our_object_does_not_keep_the_banner_away(
    shop: Shop, context: BrowserContext, clobber: str
) -> None:
    tag = f'<script src="{shop.vendors.url}/a.js"></script>'
    page = open_page(context, shop, clobber + TEMPLATE.format(tag), head="", tail=TAG)
    accept(page, shop)
    wait_until(page, lambda: shop.third_party_requests() == {"/a.js"}, "the tag")


@pytest.mark.engines("chromium", "firefox")
def test_the_choices_may_be_opened_before_the_page_has_a_body(
    shop: Shop, context: BrowserContext
) -> None:
    opener = TAG.replace(" async", "") + "<script>consent.open()</script>"
    tag = f'<script src="{shop.vendors.url}/a.js"></script>'
    page = open_page(context, shop, TEMPLATE.format(tag), head=opener)
    expect(choices(page)).to_be_visible()
    assert shop.third_party_requests() == set()
