# SPDX-License-Identifier: MIT
"""The forms in which tags come, each gated as banner/README.md says: nothing before, all after."""

from __future__ import annotations

import pytest
from browser.shop import TAG, Shop, quiet, settle, until, wait_until
from browser.test_choice import gate
from browser.test_gate import accept, open_page
from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.gate
FIRST = 'document.getElementsByTagName("script")[0]'
INSERT = (
    f'(d => {{ const s = d.createElement("script"), first = {FIRST}; s.async = true;'
    ' s.src = "@/inserted.js"; first.parentNode.insertBefore(s, first); })(document)'
)
# What is pasted ("@" stands for the vendor), and what it asks for once it may.
FORMS = {
    "pixel": ('<img alt="" data-consent="stats" data-src="@/pixel.gif">', {"/pixel.gif"}),
    "picture in sizes": (
        '<img alt="" data-consent="stats" data-srcset="@/wide.gif 1x" width="9" height="9">',
        {"/wide.gif"},
    ),
    "style sheet": (
        '<link rel="stylesheet" data-consent="stats" data-href="@/fonts.css">',
        {"/fonts.css"},
    ),
    "film in a template": (
        '<template data-consent="stats"><video muted preload="auto"><source src="@/film.mp4"></video></template>',
        {"/film.mp4"},
    ),
    "object in a template": (
        '<template data-consent="stats"><object data="@/map.html"></object></template>',
        {"/map.html"},
    ),
    "script before the first one": (
        f'<script type="text/plain" data-consent="stats">{INSERT}</script>',
        {"/inserted.js"},
    ),
    "script that reads its own tag": (
        '<script type="text/plain" data-consent="stats" data-site="shop" src="@/own-tag.js"></script>',
        {"/own-tag.js", "/shop-tag.js"},
    ),
    "script with a handler": (
        """<script type="text/plain" data-consent="stats" src="@/lib.js" onload="new Image().src = '@/loaded.gif'"></script>""",
        {"/lib.js", "/loaded.gif"},
    ),
    "script whose address waits as well": (
        '<script type="text/plain" data-consent="stats" data-src="@/late.js"></script>',
        {"/late.js"},
    ),
    "module": (
        '<script type="text/plain" data-consent="stats" data-type="module" src="@/part.js"></script>',
        {"/part.js"},
    ),
    "part for browsers without scripts": (
        '<template data-consent="stats"><script src="@/tag.js"></script><noscript><img alt="" src="@/never.gif"></noscript></template>',
        {"/tag.js"},
    ),
    "template in a template": (
        '<template data-consent="stats"><p>Outer</p><template data-consent="stats"><img alt="" data-src="@/inner.gif"></template></template>',
        {"/inner.gif"},
    ),
}
IN_HEAD = {
    "pixel",
    "style sheet",
    "script before the first one",
    "part for browsers without scripts",
}
PLACES = [(form, "body") for form in FORMS] + [(form, "head") for form in FORMS if form in IN_HEAD]


@pytest.mark.parametrize(("form", "place"), PLACES)
def test_it_asks_for_nothing_before_consent_and_for_everything_after(
    shop: Shop, context: BrowserContext, form: str, place: str
) -> None:
    html, wanted = FORMS[form]
    html = html.replace("@", shop.vendors.url)
    own_tag = (
        f'const s = document.createElement("script"); s.src = "{shop.vendors.url}/"'
        ' + document.currentScript.dataset.site + "-tag.js"; document.head.append(s);'
    )
    shop.vendors.put("/own-tag.js", own_tag, "text/javascript")
    shop.vendors.put("/fonts.css", "", "text/css")
    if place == "head":
        page = open_page(context, shop, "<h1>Shop</h1>", head=html + TAG)
    else:
        page = open_page(context, shop, html)
    accept(page, shop)
    wait_until(page, lambda: shop.third_party_requests() >= wanted, form)
    quiet(page)
    assert shop.third_party_requests() == wanted

    page.evaluate("consent.withdraw()")
    settle(page, shop, 2)
    shop.vendors.asked.clear()
    page.reload()
    quiet(page)
    assert shop.third_party_requests() == set()
    assert gate(page).count() == 0


@pytest.mark.engines("chromium", "firefox")
def test_what_waits_in_a_template_is_not_fetched_ahead_by_any_browser(
    shop: Shop, context: BrowserContext
) -> None:
    """Firefox fetches pictures, scripts and sheets that it parses in a template (its bug 1441044)."""
    content = """<template data-consent="stats"><p>Words</p>
        <img alt="" data-src="@/a.gif"><img alt="" data-srcset="@/b.gif 1x">
        <link rel="stylesheet" data-href="@/c.css"><iframe title="Map" data-src="@/d.html"></iframe>
        <script data-src="@/e.js"></script><script>(window.ran ||= []).push("after");</script></template>"""
    shop.vendors.put("/c.css", "", "text/css")
    page = open_page(context, shop, content.replace("@", shop.vendors.url))
    accept(page, shop)
    wanted = {"/a.gif", "/b.gif", "/c.css", "/d.html", "/e.js"}
    wait_until(page, lambda: shop.third_party_requests() == wanted, "all of it")
    until(page, "window.ran?.length == 2")
    assert page.evaluate("ran") == ["/e.js", "after"]
