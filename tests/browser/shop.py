# SPDX-License-Identifier: MIT
"""The test shop: a site with the shipped script, its third parties and the real ledger."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from browser.origin import Origin, Vendors
from harness import LedgerProcess
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

CATEGORIES = {
    "functional": ("prefs", "video"),
    "analytics": ("stats",),
    "marketing": ("ads", "pixel"),
}
SERVICES = tuple(itertools.chain(*CATEGORIES.values()))
# What the page asks of the third parties once a service, or a whole category, is granted.
GATED = {
    "prefs": "/prefs.js",
    "video": "/video.html",
    "stats": "/stats.js",
    "ads": "/ads.html",
    "pixel": "/pixel.js",
    "functional": "/functional.js",
    "analytics": "/analytics.js",
    "marketing": "/marketing.js",
}
TAG = '<script async src="/consent.js"></script>'
# Runs before the end of the page, so that it knows which scripts the page's parser made: those need
# no copy, which Trusted Types would report.
EARLY_TAG = '<script src="/consent.js"></script>'


def body(vendors: str) -> str:
    """A page body that holds every kind of gated content, all of it the vendors' own."""
    return f"""
    <h1>Test Shop</h1>
    <p><button data-consent-open>Cookie choices</button> <a href="/next.html">Next page</a></p>
    <script type="text/plain" data-consent="prefs" src="{vendors}/prefs.js"></script>
    <iframe title="Film" data-consent="video" data-src="{vendors}/video.html"></iframe>
    <template data-consent="stats"><script src="{vendors}/stats.js"></script><script>ran.push("stats ready")</script></template>
    <template data-consent="ads"><iframe title="Advert" src="{vendors}/ads.html"></iframe></template>
    <script type="text/plain" data-consent="pixel">
      const pixel = document.createElement("script"); pixel.src = "{vendors}/pixel.js"; document.head.append(pixel);
    </script>
    <template data-consent="functional"><script src="{vendors}/functional.js"></script></template>
    <template data-consent="analytics"><script async src="{vendors}/analytics.js"></script></template>
    <template data-consent="marketing"><script type="module" src="{vendors}/marketing.js"></script></template>
    """


def without_gate(html: str) -> str:
    """The same page with its gates taken off: what every test of the gate must notice."""
    html = re.sub(r"</?template[^>]*>", "", html)
    html = re.sub(r' type="text/plain" data-consent="[\w-]+"', "", html)
    return re.sub(r' data-consent="[\w-]+" data-(src|srcset|href)=', r" \1=", html)


def addresses(granted: set[str]) -> set[str]:
    """What may be asked of the third parties when these services are granted."""
    whole = {category for category, services in CATEGORIES.items() if set(services) <= granted}
    return {GATED[name] for name in granted | whole}


def answers(granted: set[str]) -> dict[str, bool]:
    """Every category and service with its answer, as the banner sends them."""
    flat = {}
    for category, services in CATEGORIES.items():
        flat[category] = set(services) <= granted
        flat |= {service: service in granted for service in services}
    return flat


def build_site(toml: str, folder: Path) -> Path:
    """Runs the builder as an owner does; returns the folder with the script and its notice."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "banner.toml").write_text(toml, encoding="utf-8")
    command = [
        Path(sys.executable).with_name("consent-banner"),
        "build",
        str(folder / "banner.toml"),
        "--out",
        str(folder / "dist"),
    ]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder / "dist"


@dataclass
class Shop:
    """One site, one ledger, its third parties."""

    site: Origin
    vendors: Vendors
    ledger: LedgerProcess
    dist: Path
    has_gate: bool = True
    _seen: int = field(default=0, init=False)

    def page_html(self, content: str, head: str = TAG, lang: str = "en") -> str:
        html = f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Shop</title>{head}</head><body>{content}</body></html>'
        return html if self.has_gate else without_gate(html)

    def begin(self) -> None:
        """Forgets what earlier tests did."""
        self.site.asked.clear()
        self.vendors.asked.clear()
        self.vendors.delay_s.clear()
        self._seen = len(self.ledger.entries())

    def stored(self) -> list[dict[str, Any]]:
        """The decisions stored since the test began and not erased, oldest first, parts in one."""
        return [each for each in self.ledger.decisions() if each["index"] >= self._seen]

    def third_party_requests(self) -> set[str]:
        return {path for path in self.vendors.asked if path != "/favicon.ico"}


class Visit(Protocol):
    """What the waits need of a page, whatever drives it."""

    def evaluate(self, expression: str, /) -> Any: ...
    def wait_for_timeout(self, timeout: float, /) -> None: ...


def wait_until(page: Visit, true: Any, what: str, timeout_ms: int = 10_000) -> None:
    """Waits for a fact outside the page, such as a stored record."""
    for _ in range(timeout_ms // 50):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"waited {timeout_ms} ms in vain: {what}")


def until(page: Page, expression: str, argument: object = None) -> None:
    """Waits for a fact in the page. Playwright's own way needs eval, which a strict policy bars."""
    wait_until(page, lambda: page.evaluate(expression, argument), expression)


def settle(page: Visit, shop: Shop, records: int, requests: set[str] | None = None) -> None:
    """Waits until the ledger holds *records* of this test and the third parties were asked for
    *requests*, then a moment longer, so that whatever comes too much has come."""
    wait_until(page, lambda: len(shop.stored()) >= records, f"{records} stored records")
    wait_until(page, lambda: shop.third_party_requests() >= (requests or set()), "the requests")
    quiet(page)


def quiet(page: Visit) -> None:
    """A moment in which all that may still come would come: frames are released when idle."""
    # WebKit has no such callback.
    page.evaluate(
        "new Promise(done => (window.requestIdleCallback || setTimeout)(done, { timeout: 500 }))"
    )
    page.wait_for_timeout(150)


# How Chromium and Firefox tell that a request failed: tests that want one assert its effect.
FAILED_REQUEST = ("Failed to load resource", "The Same Origin Policy disallows reading")


def problems(context: BrowserContext) -> list[str]:
    """A list that fills with the exceptions and console errors of the context's pages."""
    found: list[str] = []

    def tell(text: str) -> None:
        if not text.startswith(FAILED_REQUEST):
            found.append(text)

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            tell(message.text)

    # With Firefox its own warnings too.
    context.on("weberror", lambda error: tell(str(error.error)))
    context.on("console", heard)
    return found
