# SPDX-License-Identifier: MIT
"""Pages served with exactly the policy that `consent-banner csp` prints."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.origin import Vendors
from browser.shop import EARLY_TAG, TAG, Shop, quiet, settle, until, wait_until
from browser.test_choice import choices, evidence_of, gate
from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.engines("chromium", "firefox", sample=3)

# An init script is the browser's own, which no policy of the page bars.
LISTEN = """
window.barred = [];
document.addEventListener("securitypolicyviolation", event => barred.push(`${event.effectiveDirective} ${event.blockedURI}`));
"""


@pytest.fixture
def stranger() -> Iterator[Vendors]:
    """A host that no service declares."""
    origin = Vendors("stranger")
    yield origin
    origin.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser whose errors the test reads itself: what is barred is one in the console."""
    with browser.new_context() as context:
        context.set_default_timeout(10_000)
        context.add_init_script(LISTEN)
        yield context


def policy_of(shop: Shop, folder: Path, *options: str) -> str:
    """The policy for the shop with the hosts of two services declared."""
    toml = (shop.dist.parent / "banner.toml").read_text(encoding="utf-8")
    for name, kind in (("stats", "script"), ("video", "frame")):
        hosts = f'hosts = {{ {kind} = ["{shop.vendors.url}"] }}'
        toml, count = re.subn(f'^id = "{name}"$', rf"\g<0>\n{hosts}", toml, flags=re.MULTILINE)
        assert count == 1
    (folder / "banner.toml").write_text(toml, encoding="utf-8")
    command = [Path(sys.executable).with_name("consent-banner"), "csp", *options]
    ran = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return ran.stdout.removesuffix("\n")


def content(shop: Shop, stranger: Vendors) -> str:
    vendors = shop.vendors.url
    return f"""
    <h1>Shop</h1>
    <script src="{stranger.url}/ungated.js"></script>
    <template data-consent="stats"><script src="{vendors}/a.js"></script><script src="{stranger.url}/gated.js"></script></template>
    <script type="text/plain" data-consent="stats" src="{vendors}/b.js"></script>
    <iframe title="Film" data-consent="video" data-src="{vendors}/c.html"></iframe>
    """


def barred_by(stranger: Vendors, *paths: str) -> set[str]:
    """What the page is told when the policy bars these scripts."""
    return {f"script-src-elem {stranger.url}{path}" for path in paths}


@pytest.mark.parametrize("options", [(), ("--trusted-types",)])
@pytest.mark.parametrize("form", ["header", "meta"])
def test_under_the_printed_policy_declared_hosts_load_by_consent_and_no_other_host_ever(
    shop: Shop,
    visitor: BrowserContext,
    stranger: Vendors,
    tmp_path: Path,
    options: tuple[str, ...],
    form: str,
) -> None:
    line = policy_of(shop, tmp_path, *options, "--format", form)
    assert "'unsafe" not in line
    name, _, value = line.partition(": ")
    tag = EARLY_TAG if options else TAG
    head, headers = (tag, {name: value}) if form == "header" else (line + tag, {})
    page = visitor.new_page()
    page.goto(shop.site.put("/own.html", shop.page_html(content(shop, stranger), head), **headers))
    gate(page).wait_for()
    quiet(page)
    assert gate(page).evaluate("section => getComputedStyle(section).position") == "fixed", (
        "the style sheet is in force"
    )
    assert set(page.evaluate("barred")) == barred_by(stranger, "/ungated.js")
    assert shop.third_party_requests() == set()

    gate(page).get_by_role("button", name="Customise").click()
    choices(page).get_by_role("checkbox", name="Analytics").check()
    choices(page).get_by_role("button", name="Save choices").click()
    settle(page, shop, 1, {"/a.js", "/b.js"})
    assert shop.third_party_requests() == {"/a.js", "/b.js"}, "the frame waits for its consent"
    assert page.evaluate("ran") == ["/a.js", "/b.js"]
    page.evaluate("consent.open()")
    choices(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 2, {"/a.js", "/b.js", "/c.html"})
    assert evidence_of(shop.stored()[1])["video"], "the ledger was reached"

    wait_until(
        page,
        lambda: set(page.evaluate("barred")) == barred_by(stranger, "/ungated.js", "/gated.js"),
        "the other host is barred, with consent as without",
    )
    assert [path for path in stranger.asked if path != "/favicon.ico"] == []


def test_a_policy_that_only_reports_bars_nothing(
    shop: Shop, visitor: BrowserContext, stranger: Vendors, tmp_path: Path
) -> None:
    name, _, value = policy_of(shop, tmp_path, "--report-only").partition(": ")
    html = shop.page_html(content(shop, stranger))
    page = visitor.new_page()
    page.goto(shop.site.put("/own.html", html, **{name: value}))
    gate(page).get_by_role("button", name="Accept all").click()
    settle(page, shop, 1)
    until(page, "window.ran?.length == 4")
    assert set(stranger.asked) - {"/favicon.ico"} == {"/ungated.js", "/gated.js"}
    assert set(page.evaluate("barred")) == barred_by(stranger, "/ungated.js", "/gated.js")
