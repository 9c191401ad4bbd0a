# SPDX-License-Identifier: MIT
"""At home in any site: single-page applications, view transitions, the back button, subdomains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser.engines import FLAGS, find
from browser.shop import (
    SERVICES,
    TAG,
    Shop,
    addresses,
    body,
    build_site,
    problems,
    quiet,
    settle,
    until,
    wait_until,
)
from browser.test_choice import choices, choose, evidence_of, gate, keeping_pages
from playwright.sync_api import Browser, BrowserContext, Page, expect

HERE = Path(__file__).parent
both = pytest.mark.engines("chromium", "firefox")
ALL = addresses(set(SERVICES))

# How applications show another page of theirs.
SWAPS = {
    "inner HTML": "document.body.innerHTML = html",
    "another body": "const body = document.createElement('body'); body.innerHTML = html; document.body.replaceWith(body)",
    "a parsed document": "document.body.replaceWith(document.adoptNode(new DOMParser().parseFromString(html, 'text/html').body))",
    "nodes one by one": """
        const make = (node) => {
            const made = node.nodeType == 1 ? document.createElement(node.tagName) : document.createTextNode(node.data);
            for (const { name, value } of node.attributes || []) made.setAttribute(name, value);
            for (const inner of (node.content || node).childNodes) (made.content || made).append(make(inner));
            return made;
        };
        document.body.replaceChildren(...Array.from(new DOMParser().parseFromString(html, 'text/html').body.childNodes, make))
    """,
}


def swap(page: Page, shop: Shop, how: str, path: str) -> None:
    """Shows the shop's usual page as an application does, under *path*."""
    page.evaluate(
        f"([html, path]) => {{ {SWAPS[how]}; history.pushState({{}}, '', path) }}",
        [body(shop.vendors.url), path],
    )


@pytest.mark.gate
@both
@pytest.mark.parametrize("how", SWAPS)
def test_an_application_that_swaps_its_pages_is_asked_and_obeyed_in_each_of_them(
    page: Page, shop: Shop, how: str
) -> None:
    for n in range(3):
        swap(page, shop, how, f"/{n}")
        expect(gate(page)).to_be_visible()
    quiet(page)
    assert shop.third_party_requests() == set()
    gate(page).get_by_role("button", name="Customise").click()
    choose(page, {"prefs", "ads", "stats"})
    some = addresses({"prefs", "ads", "stats"})
    settle(page, shop, 1, some)
    assert shop.third_party_requests() == some
    shop.vendors.asked.clear()
    swap(page, shop, how, "/after")
    settle(page, shop, 1, some)
    assert shop.third_party_requests() == some
    expect(gate(page)).to_have_count(0)
    # The page's own button works in whatever came later.
    page.get_by_role("button", name="Cookie choices").click()
    choices(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 2, ALL)


@both
def test_a_visitor_who_walks_through_fifty_pages_of_an_application_is_still_asked(
    page: Page, shop: Shop
) -> None:
    page.clock.install()
    page.reload()
    for n in range(50):
        swap(page, shop, "inner HTML", f"/{n}")
        page.clock.run_for(1000)
    expect(gate(page)).to_be_visible()
    gate(page).get_by_role("button", name="Reject all").click()
    page.clock.run_for(1000)
    settle(page, shop, 1)
    assert shop.third_party_requests() == set()


@pytest.mark.gate
@both
def test_the_question_outlives_a_view_transition_and_may_be_answered_in_one(
    page: Page, shop: Shop
) -> None:
    html = body(shop.vendors.url)
    page.evaluate(
        "html => document.startViewTransition(() => { document.body.innerHTML = html }).finished",
        html,
    )
    expect(gate(page)).to_be_visible()
    quiet(page)
    assert shop.third_party_requests() == set()
    page.evaluate(
        """html => {
            const transition = document.startViewTransition(() => { document.body.innerHTML = html });
            transition.updateCallbackDone.then(() => Promise.resolve()).then(() =>
                [...document.querySelectorAll("section button")].find((button) => button.textContent == "Accept all").click());
            return transition.finished;
        }""",
        html,
    )
    settle(page, shop, 1, ALL)
    expect(gate(page)).to_have_count(0)


@pytest.mark.gate
@both
def test_pages_that_blend_into_each_other_ask_and_remember_like_others(
    shop: Shop, context: BrowserContext
) -> None:
    style = "<style>@view-transition { navigation: auto }</style>"
    reveal = "<script>addEventListener('pagereveal', (event) => (window.blends = !!event.viewTransition))</script>"
    for path in ("/", "/next.html"):
        shop.site.put(path, shop.page_html(body(shop.vendors.url), style + reveal + TAG))
    page = context.new_page()
    page.goto(shop.site.url + "/")
    gate(page).wait_for()
    page.get_by_role("link", name="Next page").click()
    page.wait_for_url("**/next.html")
    gate(page).wait_for()
    if page.evaluate("'CSSViewTransitionRule' in window"):
        assert page.evaluate("blends") is True
    quiet(page)
    assert shop.third_party_requests() == set()
    gate(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 1, ALL)
    page.get_by_role("link", name="Next page").click()
    quiet(page)
    expect(gate(page)).to_have_count(0)


@both
def test_a_page_that_the_back_button_brings_back_stops_what_was_refused_meanwhile(
    shop: Shop, browser: Browser
) -> None:
    back = "<script>addEventListener('pageshow', ({ persisted }) => persisted && fetch('/back'))</script>"
    for path in ("/", "/next.html"):
        html = shop.page_html(body(shop.vendors.url), TAG + back)
        shop.site.put(path, html, **{"Cache-Control": "no-cache"})
    with keeping_pages(browser) as context:
        found = problems(context)
        page = context.new_page()
        page.goto(shop.site.url + "/")
        gate(page).get_by_role("button", name="Accept all").click()
        settle(page, shop, 1, ALL)
        page.get_by_role("link", name="Next page").click()
        page.wait_for_url("**/next.html")
        page.evaluate("consent.withdraw()")
        settle(page, shop, 2)
        shop.vendors.asked.clear()
        page.evaluate("void setTimeout(() => history.back())")
        wait_until(page, lambda: "/back" in shop.site.asked, "the page is back as it was left")
        # Playwright's locators still wait for its arrival.
        runs = "[...document.querySelectorAll('iframe')].filter((frame) => frame.src).length"
        told = "document.querySelector('section')?.textContent.includes('Reload now')"
        until(page, f"{told} && {runs} == 0")
        assert shop.third_party_requests() == set()
        assert found == []


def test_every_tab_follows_a_choice_and_only_the_one_that_was_asked_records_it(
    page: Page, shop: Shop, context: BrowserContext
) -> None:
    tabs = [page, *(context.new_page() for _ in range(3))]
    for tab in tabs[1:]:
        tab.goto(shop.site.url + "/next.html")
        gate(tab).wait_for()
    assert shop.third_party_requests() == set()
    for granted, tab in (({"video", "stats"}, tabs[1]), ({"ads"}, tabs[2]), (set(), tabs[3])):
        shop.vendors.asked.clear()
        tab.evaluate("consent.open()")
        choose(tab, granted)
        for other in tabs:
            wanted = [service in granted for service in SERVICES]
            until(
                other,
                f"{list(SERVICES)}.map(consent.granted).join() == {wanted}.join()".replace(
                    "True", "true"
                ).replace("False", "false"),
            )
            expect(gate(other).get_by_role("button", name="Accept all")).to_have_count(0)
        if granted:
            video = "/video.html" if "video" in granted else "/ads.html"
            wait_until(
                page, lambda video=video: shop.vendors.asked.count(video) == 4, "four frames"
            )
    settle(page, shop, 3)
    assert [record["action"] for record in shop.stored()] == ["customise", "customise", "withdraw"]
    assert len({record["subject"] for record in shop.stored()}) == 1


LOG = """
window.log = [];
for (const name of ["ready", "show", "change", "receipt"]) document.addEventListener("consent:" + name, ({ detail }) =>
  log.push([name, name == "show" ? detail.tagName : name == "change" ? detail.action : name == "receipt" ? detail.origin.split("/")[1] : null,
    !!window.consent?.choices(), window.consent?.granted("stats") ?? null, performance.getEntriesByType("resource").some(({ name }) => name.includes("vendors"))]));
"""


@both
def test_a_page_hears_of_everything_in_order_and_before_anything_is_released(
    shop: Shop, context: BrowserContext
) -> None:
    shop.site.put("/", shop.page_html(body(shop.vendors.url), f"<script>{LOG}</script>{TAG}"))
    page = context.new_page()
    page.goto(shop.site.url + "/")
    gate(page).wait_for()
    asked = [
        ["ready", None, False, False, False],
        ["show", "SECTION", False, False, False],
    ]
    assert page.evaluate("log") == asked
    gate(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 1, ALL)
    until(page, "log.length == 4")
    # At "change" the answers are in force, and nothing is released yet.
    assert page.evaluate("log[2]") == ["change", "accept_all", True, True, False]
    # By the receipt it is on its way; whether it has come yet is the network's affair.
    assert page.evaluate("log[3].slice(0, 4)") == ["receipt", "shop", True, True]
    page.reload()
    quiet(page)
    assert page.evaluate("log") == [["ready", None, True, True, False]]
    page.evaluate("consent.open()")
    assert page.evaluate("log[1].slice(0, 2)") == ["show", "DIALOG"]
    choices(page).get_by_role("button", name="Reject all").click()
    settle(page, shop, 2)
    until(page, "log.length == 5")
    assert page.evaluate("log.slice(2).map(([name, what]) => [name, what])") == [
        ["change", "withdraw"],
        ["show", "SECTION"],
        ["receipt", "shop"],
    ]


@contextmanager
def knowing_hosts(browser: Browser, domain: str) -> Iterator[BrowserContext]:
    """A visitor whose browser finds two hosts of *domain* on this machine."""
    hosts = [f"{name}.{domain}" for name in ("one", "two")]
    kind = browser.browser_type
    if kind.name == "firefox":
        options = {"channel": "moz-firefox", "executable_path": find("firefox")}
        other = kind.launch(
            **options, firefox_user_prefs={"network.dns.localDomains": ",".join(hosts)}
        )
    else:
        rules = f"--host-resolver-rules=MAP *.{domain} 127.0.0.1"
        other = kind.launch(executable_path=find("chromium"), args=[*FLAGS, rules])
    with other, other.new_context() as context:
        yield context


@both
def test_a_choice_for_a_parent_domain_holds_on_all_its_hosts(
    shop: Shop, browser: Browser, tmp_path: Path
) -> None:
    domain = "shop-family.test"
    port = shop.site.url.rsplit(":", 1)[1]
    one, two = (f"http://{name}.{domain}:{port}" for name in ("one", "two"))
    toml = (HERE / "site.toml").read_text(encoding="utf-8")
    toml = toml.replace('["@SITE@"]', f'["{one}", "{two}"]').replace("@LEDGER@", shop.ledger.url)
    dist = build_site(f'{toml}\n[choice]\ncookie_domain = "{domain}"\n', tmp_path)
    shop.ledger.publish(dist)
    shop.ledger.run(
        "site", "set", "shop", "--origin", shop.site.url, "--origin", one, "--origin", two
    )
    shop.site.put("/family.js", (dist / "consent.js").read_text("utf-8"), "text/javascript")
    shop.site.put(
        "/family.html", shop.page_html(body(shop.vendors.url), TAG.replace("consent", "family"))
    )
    with knowing_hosts(browser, domain) as context:
        found = problems(context)
        first, second = context.new_page(), context.new_page()
        first.goto(one + "/family.html")
        gate(first).get_by_role("button", name="Accept all").click()
        settle(first, shop, 1, ALL)
        assert [cookie["domain"] for cookie in context.cookies()] == ["." + domain]
        shop.vendors.asked.clear()
        second.goto(two + "/family.html")
        settle(second, shop, 1, ALL)
        expect(gate(second)).to_have_count(0)
        second.evaluate("consent.withdraw()")
        settle(second, shop, 2)
        # No storage event passes between hosts: the other page looks when the visitor is back.
        first.evaluate("dispatchEvent(new Event('focus'))")
        assert first.evaluate(
            "[consent.granted('stats'), Object.values(consent.choices()).some(Boolean)]"
        ) == [False, False]
        expect(first.get_by_role("button", name="Reload now")).to_be_visible()
        assert [record["origin"] for record in shop.stored()] == [one, two]
        assert not any(evidence_of(shop.stored()[1]).values())
        assert found == []
