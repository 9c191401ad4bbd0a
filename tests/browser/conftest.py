# SPDX-License-Identifier: MIT
"""A real Chromium, the shipped script and a real ledger process for the browser tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.origin import Origin, Vendors
from browser.shop import TAG, Shop, body, build_site, problems
from harness import LedgerProcess
from playwright.sync_api import Browser, BrowserContext, Page

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    site, vendors = Origin("shop"), Vendors("vendors")
    try:
        with LedgerProcess(folder, site="shop", origins=[site.url]) as ledger:
            toml = (HERE / "site.toml").read_text(encoding="utf-8")
            toml = toml.replace("@SITE@", site.url).replace("@LEDGER@", ledger.url)
            dist = build_site(toml, folder / "built")
            ledger.publish(dist)
            shop = Shop(site, vendors, ledger, dist, has_gate="WITHOUT_GATE" not in os.environ)
            site.put(
                "/consent.js", (dist / "consent.js").read_text(encoding="utf-8"), "text/javascript"
            )
            yield shop
    finally:
        site.close()
        vendors.close()


@pytest.fixture
def shop(_shop: Shop) -> Shop:
    """The shop with its usual pages, as if nobody had been there yet."""
    for path in ("/", "/next.html"):
        _shop.site.put(path, _shop.page_html(body(_shop.vendors.url), TAG))
    _shop.begin()
    return _shop


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor's browser, fresh; the test fails when a page of it reports an error."""
    with browser.new_context() as visitor:
        visitor.set_default_timeout(10_000)
        found = problems(visitor)
        yield visitor
    assert not found, f"the pages reported errors: {found}"


@pytest.fixture
def page(context: BrowserContext, shop: Shop) -> Page:
    """The shop's first page, with the question in sight."""
    page = context.new_page()
    page.goto(shop.site.url + "/")
    page.get_by_role("region", name="Your choices on Test Shop").wait_for()
    return page
