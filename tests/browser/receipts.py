# SPDX-License-Identifier: MIT
"""Pages with receipts: what the tests of choices.js share."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from browser.shop import TAG, Shop, answers, until
from playwright.sync_api import Locator, Page

SECOND_TAG = '<script async src="/choices.js"></script>'
# Nothing inline, nothing made of text: both scripts have to work under it. Images: browsers look
# for an icon by themselves.
STRICT = (
    "default-src 'none'; img-src 'self'; script-src 'self'; connect-src {ledger}; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def put_pages(shop: Shop) -> None:
    """Serves the second script, a page with the receipt's place, and "your choices"."""
    policy = {"Content-Security-Policy": STRICT.format(ledger=shop.ledger.url)}
    script = (shop.dist / "choices.js").read_text(encoding="utf-8")
    shop.site.put("/choices.js", script, "text/javascript")
    page = (shop.dist / "choices.en.html").read_text(encoding="utf-8")
    place = "<header><div data-consent-receipt></div></header>"
    words = "<main><h1>Words</h1><p id='below'>Below</p></main>"
    pages = {"/words.html": place + words, "/choices.html": f"<main><h1>You</h1>{page}</main>"}
    for path, content in pages.items():
        html = shop.page_html(content, TAG + SECOND_TAG)
        shop.site.put(path, html, "text/html; charset=utf-8", **policy)


def reject(page: Page) -> str:
    """Refuses everything in the first layer; returns the record's id once the ledger has it."""
    page.evaluate("document.addEventListener('consent:receipt', () => (window.recorded = 1))")
    page.get_by_role("region", name="Your choices on Test Shop").get_by_role(
        "button", name="Reject all"
    ).click()
    until(page, "!!window.recorded")
    record: str = page.evaluate("consent.record()")
    return record


def saved(page: Page, button: Locator) -> bytes:
    """What the browser saves when *button* is pressed."""
    with page.expect_download() as download:
        button.click()
    return Path(download.value.path()).read_bytes()


def token(page: Page) -> str:
    found: str = page.evaluate("localStorage['consent.token']")
    return found


def kept(page: Page) -> list[str]:
    """Keys of the banner's own in this browser's storage."""
    keys: list[str] = page.evaluate("Object.keys(localStorage)")
    return sorted(key for key in keys if key.startswith("consent."))


def key_of(shop: Shop) -> str:
    """The public key of the shop's log."""
    return shop.ledger.run("signing-key", "show", "shop").strip()


def ask(shop: Shop, path: str, token: str = "", method: str = "GET") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return shop.ledger.request(method, f"/v1/sites/shop/{path}", headers=headers)


def decision(shop: Shop, token: str, seq: int) -> dict[str, Any]:
    """The body of a decision as the shop's script would send it; its id is the visitor's own."""
    facts = json.loads((shop.dist / "build.json").read_bytes())
    return {
        "id": f"{token[:24]}{seq:08x}",
        "token": token,
        "seq": seq,
        "decided_at_ms": time.time_ns() // 1_000_000,
        "build": facts["build"][:16],
        "language": "en",
        "action": "reject_all",
        "layer": "first",
        "control": "reject_all",
        "gpc": False,
        "choices": answers(set()),
    }
