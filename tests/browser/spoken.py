# SPDX-License-Identifier: MIT
"""A site in six languages: its builds, its pages, and what a visitor of it sees and sends."""

from __future__ import annotations

import functools
import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser.shop import problems, until
from consent_banner import build
from consent_banner.config import from_document
from playwright.sync_api import Browser, Locator, Page, Route

SITE = "http://spoken.localhost"
TOML = (Path(__file__).parent / "spoken.toml").read_text(encoding="utf-8")
LANGUAGES = ("en", "ar", "de", "es", "fr", "it")
SCRIPT = '<script async src="/{}.js"></script>'


@functools.cache
def built(
    languages: tuple[str, ...] = LANGUAGES, scripts: str = "one", position: str = "bar"
) -> build.Build:
    """The site's build; its texts cut down to *languages*, the first of them the default."""
    raw = tomllib.loads(TOML.replace("@SITE@", SITE))
    raw["languages"] = {"available": list(languages), "scripts": scripts}
    raw["look"] = {"position": position}
    for category in raw["category"]:
        for table in (category, *category["service"]):
            for key, text in table.items():
                if isinstance(text, dict):
                    table[key] = {language: text[language] for language in languages}
    return build.make(from_document(raw))


class Visit:
    """A page of the site in a fresh browser; its ledger cannot be reached."""

    def __init__(self, page: Page, made: build.Build) -> None:
        self.page = page
        self.made = made

    def words(self, language: str) -> dict[str, str]:
        """The texts that a visitor is shown in *language*."""
        texts: dict[str, str] = self.made.notice.document["texts"][language]
        return texts

    def open(self, html: str, script: str = "consent") -> None:
        """Opens a page whose element `html` has these attributes."""
        files = {f"{SITE}/{each.file}": each.content for each in self.made.scripts}
        content = (
            f"<!doctype html><html {html}><head><title>Shop</title>"
            f'<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"{SCRIPT.format(script)}</head><body><h1>Spoken Shop</h1>"
            "<button data-consent-open>…</button></body></html>"
        )

        def answer(route: Route) -> None:
            request = route.request
            if request.method == "POST":
                route.abort()
            elif request.url in files:
                route.fulfill(body=files[request.url], content_type="text/javascript")
            else:
                route.fulfill(body=content, content_type="text/html; charset=utf-8")

        self.page.unroute_all()
        self.page.route("**/*", answer)
        self.page.goto(SITE)

    def record(self) -> dict[str, Any]:
        """The record of the first choice, which waits for the ledger."""
        waiting = "Object.keys(localStorage).find(key => key.startsWith('consent.queue.'))"
        until(self.page, f"!!{waiting}")
        found: dict[str, Any] = json.loads(self.page.evaluate(f"localStorage[{waiting}]"))
        return found

    def gate(self, language: str) -> Locator:
        """The region that asks, by its name in *language*."""
        return self.page.get_by_role("region", name=self.words(language)["title"], exact=True)

    def choices(self) -> Locator:
        return self.page.get_by_role("dialog")


@contextmanager
def visiting(browser: Browser, made: build.Build, **window: Any) -> Iterator[Visit]:
    """A visit in a browser that is set up as *window* says; no page of it may report an error."""
    with browser.new_context(**window) as context:
        context.set_default_timeout(10_000)
        found = problems(context)
        yield Visit(context.new_page(), made)
    assert not found, f"the pages reported errors: {found}"


def button(layer: Locator, name: str) -> Locator:
    """A button of a layer by exactly this name."""
    return layer.get_by_role("button", name=name, exact=True)
