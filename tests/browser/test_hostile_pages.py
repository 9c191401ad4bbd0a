# SPDX-License-Identifier: MIT
"""Pages that stand in the way: broken cookies and storage, names like ours, nodes that vanish.

On each of them no script throws, nothing reaches a third party before consent, the page can still
be used, and where the question can be shown it is, and is answered.
"""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest
from browser.shop import SERVICES, TAG, Shop, quiet, settle, until, wait_until
from browser.test_choice import choices, gate
from playwright.sync_api import BrowserContext, Locator, Page, expect

OWN = "<h1>Shop</h1><button onclick=\"this.textContent = 'Bought'\">Buy</button>"
"""What the page is for: it has to work whatever happens around it."""
WANTED = {"/stats.js", "/video.html", "/pixel.gif"}
both = pytest.mark.engines("chromium", "firefox", sample=3)


def gated(shop: Shop) -> str:
    return (
        f'<template data-consent="stats"><script src="{shop.vendors.url}/stats.js"></script></template>'
        f'<iframe title="Film" data-consent="video" data-src="{shop.vendors.url}/video.html"></iframe>'
        f'<img alt="" data-consent="pixel" data-src="{shop.vendors.url}/pixel.gif"/>'
    )


def visit(context: BrowserContext, shop: Shop, content: str = "", head: str = TAG) -> Page:
    """A page of the shop with *content* before everything gated."""
    page = context.new_page()
    html = shop.page_html(OWN + content + gated(shop), head)
    page.goto(shop.site.put("/own.html", html))
    return page


def is_asked(page: Page, shop: Shop) -> None:
    """The question is there, nothing has leaked, and the page works."""
    gate(page).get_by_role("button", name="Accept all").wait_for()
    quiet(page)
    assert shop.third_party_requests() == set()
    assert gate(page).count() == 1
    page.get_by_role("button", name="Buy").click()
    expect(page.get_by_role("button", name="Bought")).to_be_visible()


def accepts(page: Page, shop: Shop) -> None:
    """Accepting opens everything, is recorded, and leaves the page as usable as before."""
    gate(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 1, WANTED)
    assert shop.third_party_requests() == WANTED
    assert [record["action"] for record in shop.stored()] == ["accept_all"]
    expect(gate(page)).to_have_count(0)
    page.get_by_role("button", name="Bought").click()


def script(code: str) -> str:
    return f"<script>{code}</script>"


def answered(shop: Shop, sign: str = "+", hour: int | None = None) -> str:
    """A cookie of this build that answers every service with *sign*."""
    notice = json.loads((shop.dist / "notice.json").read_bytes())
    build = json.loads((shop.dist / "build.json").read_bytes())
    asks = {
        each["id"]: each["asks"]
        for category in notice["categories"]
        for each in category["services"]
    }
    hour = int(time.time() // 3600) if hour is None else hour
    parts = [f"{sign}{service}:{asks[service]}" for service in SERVICES]
    return "|".join(["1", build["notice"][:8], str(hour), *parts])


# Prototypes and names

# As some libraries leave them, and the members that the browser itself looks for in options.
POLLUTED = """
Object.prototype.extend = function () {}; Object.prototype.granted = Object.prototype.consent = true; Object.prototype.length = 3;
Array.prototype.last = function () {}; Array.prototype.index = 0; Array.prototype[99] = 1;
String.prototype.trimAll = Number.prototype.times = Function.prototype.bindAll = function () {};
HTMLElement.prototype.show = Element.prototype.hide = Node.prototype.text = function () {};
for (const name of ["bubbles", "cancelable", "once", "passive", "attributes", "characterData", "timeout"]) Object.prototype[name] = true;
"""
# Whatever the minified script may call a property of its own.
SHORT_NAMES = """
const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"];
for (const a of ["", ...letters]) for (const b of letters) Object.prototype[a + b] ??= 1;
"""
FROZEN = "for (const kind of [Object, Array, String, Function, Promise, Set, Map]) Object.freeze(kind.prototype), Object.freeze(kind)"


@pytest.mark.gate
@both
@pytest.mark.parametrize("code", [POLLUTED, SHORT_NAMES, FROZEN], ids=["long", "short", "frozen"])
def test_what_a_page_adds_to_the_prototypes_of_everything_changes_nothing(
    shop: Shop, context: BrowserContext, code: str
) -> None:
    page = visit(context, shop, head=script(code) + TAG)
    is_asked(page, shop)
    accepts(page, shop)
    page.evaluate("consent.withdraw()")
    settle(page, shop, 2)
    expect(page.get_by_role("button", name="Reload now")).to_be_visible()


CLOBBERED = {
    "ours": '<form id="consent"><input name="granted"></form><div id="consent-gate"></div><dialog id="consent-choices"></dialog><p class="consent-gate">Ours</p>',
    "two of ours": '<a id="consent"></a><a id="consent" name="granted"></a><base href="/elsewhere/">',
    "globals": "".join(
        f'<a id="{name}"></a>'
        for name in ("localStorage", "sessionStorage", "crypto", "navigator", "fetch", "location")
    ),
    "properties of the document": '<form name="cookie"><input name="match"><input name="split"></form><img alt="" name="hidden"><img alt="" name="readyState">',
    "picture as body": '<img alt="" name="body">',
    "form as body": '<form name="body"></form>',
    "fields of gated forms": "".join(
        f'<form data-consent="{service}" data-type="x">{fields}</form>'
        for service in ("stats", "nobody")
        for fields in (
            '<input name="content"><input name="matches"><input name="attributes">',
            '<input name="dataset"><input name="src"><input name="before">',
        )
    ),
    "descriptions": '<meta data-consent content="x"><input name="content" data-consent="stats"><object data-consent title="Nothing"></object>',
}


@pytest.mark.gate
@pytest.mark.parametrize("what", CLOBBERED)
def test_elements_that_are_named_like_what_the_script_uses_change_nothing(
    shop: Shop, context: BrowserContext, what: str
) -> None:
    # The tag comes last, so that the names are there before it.
    page = visit(context, shop, CLOBBERED[what] + TAG, head="")
    is_asked(page, shop)
    gate(page).get_by_role("button", name="Customise").click()
    expect(choices(page).get_by_role("button", name="Save choices")).to_be_in_viewport()
    page.keyboard.press("Escape")
    accepts(page, shop)


def test_a_frame_of_another_site_that_is_called_consent_does_not_keep_the_question_away(
    shop: Shop, context: BrowserContext
) -> None:
    other = shop.site.put("/frame.html", "<!doctype html><title>frame</title>")
    other = other.replace("shop.localhost", "127.0.0.1")
    frame = f'<iframe name="consent" title="Ours" src="{other}"></iframe>'
    page = visit(context, shop, frame, head="")
    page.wait_for_load_state()
    page.add_script_tag(url="/consent.js")
    is_asked(page, shop)
    accepts(page, shop)


@pytest.mark.parametrize(
    "code",
    [
        "var consent = 'yes'",
        "function consent() {}",
        "window.consent = Object.freeze({ granted: { all: true }, open: 1 })",
        "const consent = { analytics: true }",
    ],
)
def test_a_page_that_has_a_consent_of_its_own_is_asked_all_the_same(
    shop: Shop, context: BrowserContext, code: str
) -> None:
    page = visit(context, shop, head=script(code) + TAG)
    is_asked(page, shop)
    accepts(page, shop)


@both
def test_a_page_that_freezes_or_takes_our_object_loses_nothing_but_the_object(
    shop: Shop, context: BrowserContext
) -> None:
    page = visit(context, shop)
    gate(page).wait_for()
    page.evaluate("void Object.freeze(consent)")
    page.evaluate("delete window.consent, window.consent = undefined")
    is_asked(page, shop)
    accepts(page, shop)


# Cookies and storage

FOREIGN = {
    "CookieConsent": "{stamp:%27x%27%2Cnecessary:true%2Cstatistics:true%2Cmarketing:true}",
    "cc_cookie": "%7B%22categories%22%3A%5B%22analytics%22%5D%7D",
    "tarteaucitron": "!analytics=true!consent=true",
    "OptanonConsent": "groups=C0001%3A1%2CC0002%3A1&consent=1",
    "OptanonAlertBoxClosed": "2026-11-01T00:00:00.000Z",
    "euconsent-v2": "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA",
    "cookieyes-consent": "consent:yes,action:yes,analytics:yes",
    "klaro": "%7B%22stats%22%3Atrue%7D",
    "cookie_consent": "accepted",
    "CONSENT": "YES+",
}


def broken_cookies(shop: Shop, seed: int) -> list[tuple[str, str]]:
    """Cookies none of which is an answer of this site's that is still valid and says yes."""
    chance = random.Random(seed)
    yes = answered(shop)
    names = ["xconsent", "consent.x", "consent-", "CONSENT", "my consent", "consent2", "__consent"]
    found = [(name, yes) for name in names] + list(FOREIGN.items())
    hours = ["", "0", "-1", "NaN", "0x", "1e3", "undefined", "zzzzzz", "1|2", "491000,5"]
    values = [yes.replace(yes.split("|")[2], hour, 1) for hour in hours]
    values += [answered(shop, hour=int(time.time() // 3600) - 181 * 24), answered(shop, "!")]
    values += [f"{version}{yes[1:]}" for version in ("", "0", "2", "11", "01", "one", '"1')]
    values += [yes.replace(":", colon) for colon in ("", "::", ": ", "%3A", "=")]
    values += [yes.replace("+", sign) for sign in (" ", "%2B", "++", "*", "0")]
    values += [yes.upper(), yes[::-1], yes.replace("|", ""), yes.replace("|", "%7C"), "1", "1|"]
    values += [
        "accept",
        "true",
        '{"stats":true}',
        "[]",
        "null",
        "constructor",
        "__proto__",
        "=" * 9,
    ]
    values += ["1|" + "+" * 3900, "1|" * 1900, "%" * 4000, "consent=" + yes, "yes, consent=" + yes]
    for _ in range(120):
        size = chance.choice((1, 9, 90))
        text = "".join(
            chr(chance.choice((chance.randint(33, 126), chance.randint(0x80, 0xFFFD))))
            for _ in range(size)
        )
        # Anything at all, behind a right beginning, or in the middle of a right answer.
        at = chance.randrange(2, len(yes) - 60)
        values += [text, "1|" + text, "1|x|9e9|" + text]
        values.append("1|x|" + yes[at + 40 :] + text)
    return found + [("consent", value) for value in values]


@both
@pytest.mark.parametrize("seed", [1])
def test_no_broken_or_foreign_cookie_is_taken_for_a_yes(
    shop: Shop, context: BrowserContext, seed: int
) -> None:
    page = visit(context, shop)
    gate(page).wait_for()
    cookies = broken_cookies(shop, seed)
    said_yes = page.evaluate(
        """([cookies, ids]) => cookies.filter(([name, value]) => {
            document.cookie = `${name}=${value};path=/`;
            dispatchEvent(new Event("focus"));
            const yes = ids.some((id) => consent.granted(id));
            document.cookie = `${name}=;path=/;max-age=0`;
            return yes;
        })""",
        [cookies, [*SERVICES, "functional", "analytics", "marketing"]],
    )
    assert said_yes == []
    assert len(cookies) > 500
    page.reload()
    is_asked(page, shop)
    # The measure itself: a right one is taken.
    page.evaluate("value => { document.cookie = `consent=${value};path=/` }", answered(shop))
    assert page.evaluate("dispatchEvent(new Event('focus')), consent.granted('stats')") is True
    wait_until(page, lambda: shop.third_party_requests() == WANTED, "everything")


def test_bytes_that_no_script_could_write_into_our_cookie_are_no_answer(
    shop: Shop, context: BrowserContext
) -> None:
    for value in ("1|\x80\xff\xfe|\xa0", '"1|x|1|+stats"', "1|\t|\t", "=1|=", "\xe9" * 2000):
        html = shop.page_html(OWN + gated(shop))
        page = context.new_page()
        page.goto(shop.site.put("/own.html", html, **{"Set-Cookie": f"consent={value}; Path=/"}))
        is_asked(page, shop)
        page.close()


@both
def test_fifty_foreign_cookies_and_other_banners_leftovers_neither_count_nor_suffer(
    shop: Shop, context: BrowserContext
) -> None:
    foreign = FOREIGN | {f"foreign{n}": f"consent={n}|+stats" for n in range(50)}
    context.add_cookies(
        [{"name": name, "value": value, "url": shop.site.url} for name, value in foreign.items()]
    )
    page = visit(context, shop)
    page.evaluate("names => names.map((name) => (localStorage[name] = 'yes'))", [*FOREIGN])
    page.reload()
    is_asked(page, shop)
    accepts(page, shop)
    page.reload()
    settle(page, shop, 1, WANTED)
    expect(gate(page)).to_have_count(0)
    assert {cookie["name"] for cookie in context.cookies()} == {*foreign, "consent"}
    assert page.evaluate("names => names.every((name) => name in localStorage)", [*FOREIGN])


@both
def test_a_cookie_of_our_name_on_a_path_or_domain_above_does_not_decide(
    shop: Shop, context: BrowserContext
) -> None:
    wide: Any = {"name": "consent", "value": "1|foreign", "domain": ".shop.localhost", "path": "/"}
    context.add_cookies(
        [wide, {**wide, "value": "yes", "domain": "shop.localhost", "path": "/own.html"}]
    )
    page = visit(context, shop)
    is_asked(page, shop)
    accepts(page, shop)
    page.reload()
    settle(page, shop, 1, WANTED)
    expect(gate(page)).to_have_count(0)


NONSENSE = {
    "consent.token": "nobody",
    "consent.last": "x y z",
    "consent.wait": "9e99",
    "consent.queue.": "",
    "consent.queue.x.y": "{",
    "consent.queue.9999999999999.z": "[]",
    "consent.queue.__proto__": "null",
    "consent.": "1",
}


@both
def test_nonsense_in_our_storage_is_got_rid_of_and_every_choice_recorded(
    shop: Shop, context: BrowserContext
) -> None:
    page = visit(
        context, shop, head=script(f"Object.assign(localStorage, {json.dumps(NONSENSE)})") + TAG
    )
    is_asked(page, shop)
    accepts(page, shop)
    page.evaluate("consent.withdraw()")
    settle(page, shop, 2)
    assert [record["seq"] for record in shop.stored()] == [1, 2]
    until(page, "!Object.keys(localStorage).some((key) => key.startsWith('consent.queue.'))")


FULL = """
let piece = "x".repeat(1 << 20), n = 0;
while (piece) try { localStorage["own" + n++] = piece } catch { piece = piece.slice(piece.length / 2 + 1) }
"""
THROWING = """
for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get() { throw Error("closed") } });
Object.defineProperty(document, "cookie", { get() { throw Error("closed") }, set() { throw Error("closed") } });
"""
EMPTY = """
for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { value: null });
Object.defineProperty(document, "cookie", { value: null });
"""


@both
@pytest.mark.parametrize("code", [FULL, THROWING, EMPTY], ids=["full", "throws", "is null"])
def test_storage_that_keeps_nothing_costs_the_memory_and_no_record(
    shop: Shop, context: BrowserContext, code: str
) -> None:
    page = visit(context, shop, head=script(code) + TAG)
    is_asked(page, shop)
    accepts(page, shop)
    page.evaluate("consent.withdraw()")
    settle(page, shop, 2)


# The script again, and a page full of gates


@both
def test_the_script_again_from_elsewhere_and_after_a_choice_does_nothing(
    shop: Shop, context: BrowserContext
) -> None:
    copy = shop.site.put(
        "/copy.js", (shop.dist / "consent.js").read_text("utf-8"), "text/javascript"
    )
    page = visit(context, shop, head=f'{TAG}<script src="{copy}"></script>{TAG}')
    is_asked(page, shop)
    page.add_script_tag(url=copy + "?again")
    is_asked_once = page.locator("section.consent-gate")
    expect(is_asked_once).to_have_count(1)
    accepts(page, shop)
    page.add_script_tag(url=copy + "?after")
    quiet(page)
    assert sorted(path for path in shop.vendors.asked if path != "/favicon.ico") == sorted(WANTED)
    assert len(shop.stored()) == 1
    expect(page.locator("section.consent-gate")).to_have_count(0)


KINDS = (
    '<template data-consent="stats"><script src="@.js"></script></template>',
    '<script type="text/plain" data-consent="stats" src="@.js"></script>',
    '<script type="text/plain" data-consent="stats" data-src="@.js"></script>',
    '<script type="text/plain" data-consent="stats" data-type="module" src="@.js"></script>',
    '<template data-consent="stats"><script>new Image().src = "@.gif"</script></template>',
    '<script type="text/plain" data-consent="stats">new Image().src = "@.gif"</script>',
    '<img alt="" data-consent="stats" data-src="@.gif">',
    '<img alt="" data-consent="stats" data-srcset="@.gif 1x">',
    '<link rel="stylesheet" data-consent="stats" data-href="@.css">',
    '<iframe title="Film" data-consent="stats" data-src="@.html"></iframe>',
    '<template data-consent="stats"><div><template data-consent="stats"><script src="@.js"></script></template></div></template>',
    '<div data-consent="stats"><p><template data-consent="stats"><iframe title="Film" src="@.html"></iframe></template></p></div>',
    '<svg><image data-consent="stats" data-href="@.gif"></image></svg>',
)


@both
def test_a_hundred_gates_of_every_kind_open_while_others_come_and_go(
    shop: Shop, context: BrowserContext
) -> None:
    shop.vendors.put("/style.css", "", "text/css")

    def nodes(kind: str, count: int) -> str:
        return "".join(
            f"<section class={kind}>{KINDS[n % len(KINDS)].replace('@', f'{shop.vendors.url}/{kind}{n}')}</section>"
            for n in range(count)
        )

    # What leaves does so in the middle of it, and what moves comes back.
    restless = """
    document.addEventListener("consent:change", () => {
      const all = (kind) => [...document.querySelectorAll("." + kind)];
      const step = () => {
        all("leaves").slice(0, 3).forEach((node) => node.remove());
        const come = document.querySelector("#come").content.firstElementChild;
        if (come) document.body.append(come);
        const [moves] = all("moves");
        if (moves) moves.className = "moved", moves.remove(), setTimeout(() => document.body.append(moves), 30);
        if (come || moves) Promise.resolve().then(() => setTimeout(step));
      };
      Promise.resolve().then(step);
    });
    """
    content = nodes("stays", 52) + nodes("leaves", 26) + nodes("moves", 26)
    content += f'<template id="come">{nodes("comes", 26)}</template>' + script(restless)
    page = visit(context, shop, content)
    is_asked(page, shop)
    gate(page).get_by_role("button", name="Accept all").click()
    suffixes = (
        ".js",
        ".js",
        ".js",
        ".js",
        ".gif",
        ".gif",
        ".gif",
        ".gif",
        ".css",
        ".html",
        ".js",
        ".html",
        ".gif",
    )
    due = {
        f"/{kind}{n}{suffixes[n % len(suffixes)]}"
        for kind, count in (("stays", 52), ("moves", 26), ("comes", 26))
        for n in range(count)
    }
    settle(page, shop, 1, due | WANTED)
    extra = shop.third_party_requests() - due - WANTED
    assert all(path.startswith("/leaves") for path in extra), extra
    page.get_by_role("button", name="Bought").click()


@pytest.mark.gate
@both
def test_gates_on_elements_of_every_namespace_open_and_those_of_none_are_let_be(
    shop: Shop, context: BrowserContext
) -> None:
    page = visit(context, shop)
    page.evaluate(
        """(vendors) => {
            for (const space of ["http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML", "urn:elsewhere", null])
                for (const name of ["template", "script", "image", "thing"])
                    for (const id of ["stats", "nobody", "", "__proto__", "constructor"]) {
                        const element = document.createElementNS(space, name);
                        element.setAttribute("data-consent", id);
                        element.setAttribute("data-src", vendors + "/never.gif");
                        document.body.prepend(element);
                    }
        }""",
        shop.vendors.url,
    )
    is_asked(page, shop)
    accepts(page, shop)


# Documents of other kinds, and documents that go


@both
@pytest.mark.parametrize("kind", ["quirks", "xhtml"])
def test_in_quirks_mode_and_in_xhtml_it_asks_and_opens_like_anywhere(
    shop: Shop, context: BrowserContext, kind: str
) -> None:
    if kind == "quirks":
        html = f"<title>Shop</title>{TAG}{OWN}{gated(shop)}"
        address = shop.site.put("/own.html", html)
    else:
        rdf = '<r:RDF xmlns:r="urn:rdf" data-consent="stats"/>'
        tag = TAG.replace(" async", ' async=""')
        html = f'<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><title>Shop</title>{tag}</head><body>{rdf}{OWN}{gated(shop)}</body></html>'
        address = shop.site.put("/own.html", html, "application/xhtml+xml")
    page = context.new_page()
    page.goto(address)
    assert page.evaluate("document.compatMode") == (
        "BackCompat" if kind == "quirks" else "CSS1Compat"
    )
    is_asked(page, shop)
    gate(page).get_by_role("button", name="Customise").click()
    expect(choices(page).get_by_role("checkbox", name="Analytics")).to_be_visible()
    choices(page).get_by_role("button", name="Close").click()
    accepts(page, shop)


SWAPS = {
    "replaced": "const body = document.createElement('body'); body.innerHTML = html; document.body.replaceWith(body)",
    "assigned": "const body = document.createElement('body'); body.innerHTML = html; document.body = body",
    "whole root": "const root = document.documentElement.cloneNode(true); root.querySelector('section').remove(); document.documentElement.replaceWith(root)",
}


@both
@pytest.mark.parametrize("how", SWAPS)
def test_a_document_whose_content_is_taken_away_asks_in_what_comes_after(
    shop: Shop, context: BrowserContext, how: str
) -> None:
    page = visit(context, shop)
    gate(page).wait_for()
    page.evaluate(f"(html) => {{ {SWAPS[how]} }}", OWN + gated(shop))
    is_asked(page, shop)
    accepts(page, shop)


@both
def test_in_a_document_written_anew_after_loading_the_choices_can_still_be_made(
    shop: Shop, context: BrowserContext
) -> None:
    page = visit(context, shop)
    gate(page).wait_for()
    html = "<!doctype html><title>Shop</title>" + OWN + gated(shop)
    page.evaluate("html => { document.open(); document.write(html); document.close() }", html)
    is_asked(page, shop)
    # document.open() takes every handler off the region's buttons; what opens now has its own.
    page.evaluate("consent.open()")
    choices(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 1, WANTED)
    assert shop.third_party_requests() == WANTED
    expect(gate(page)).to_have_count(0)


REMOVERS = {
    "at once": "new MutationObserver(remove).observe(document, { childList: true, subtree: true })",
    "each frame": "const frame = () => { remove(); requestAnimationFrame(frame) }; frame()",
    "with the body": "let n = 0; window.isRestless = true; setInterval(() => { if ((isRestless = n++ < 99)) remove(), document.body.replaceWith(document.body.cloneNode(true)) }, 5)",
}


@both
@pytest.mark.parametrize("how", REMOVERS)
def test_a_page_that_takes_the_region_out_again_and_again_stays_alive_and_unmeasured(
    shop: Shop, context: BrowserContext, how: str
) -> None:
    remove = "window.removed = 0; const remove = () => document.querySelectorAll('section.consent-gate').forEach((node) => (removed++, node.remove()));"
    page = visit(context, shop, script(remove + REMOVERS[how]))
    until(page, "removed >= 3")
    # Everything that makes a page alive: timers, frames, clicks.
    page.evaluate(
        "new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 1000))"
    )
    until(page, "!window.isRestless")
    assert page.evaluate("removed") <= 60
    assert shop.third_party_requests() == set()
    page.evaluate("consent.open()")
    choices(page).get_by_role("button", name="Reject all").click()
    settle(page, shop, 1)
    assert [record["action"] for record in shop.stored()] == ["reject_all"]
    assert shop.third_party_requests() == set()


@pytest.mark.gate
@both
def test_in_a_sandboxed_frame_without_an_origin_it_asks_and_opens_for_as_long_as_the_page_lives(
    shop: Shop, context: BrowserContext
) -> None:
    # Without an origin there is no ledger to record with.
    context.route("**/v1/**", lambda route: route.abort())
    inner = shop.site.put("/inner.html", shop.page_html(OWN + gated(shop)))
    page = context.new_page()
    outer = f'<iframe sandbox="allow-scripts" title="In" src="{inner}" width="900" height="700"></iframe>'
    page.goto(shop.site.put("/own.html", shop.page_html(outer, head="")))
    frame = page.frame_locator("iframe")
    region: Locator = frame.get_by_role("region", name="Your choices on Test Shop")
    region.wait_for()
    quiet(page)
    assert shop.third_party_requests() == set()
    frame.get_by_role("button", name="Buy").click()
    region.get_by_role("button", name="Customise").click()
    frame.get_by_role("dialog").get_by_role("button", name="Accept all").click()
    wait_until(page, lambda: shop.third_party_requests() == WANTED, "everything")
    expect(region).to_have_count(0)
