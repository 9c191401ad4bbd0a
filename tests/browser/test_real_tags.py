# SPDX-License-Identifier: MIT
"""The recipes of banner/RECIPES.md, as a site owner pastes them, against stand-ins for the vendors.

The tags, their tables and the names of the vendors' documentation are in that document; what a
vendor answers and keeps is in `stand_ins.py`. The site and every vendor are answered by the test.
"""

from __future__ import annotations

import json
import math
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browser.shop import TAG, build_site, quiet, wait_until
from browser.stand_ins import VENDORS, answer
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect
from recipes import Recipe, blocks, settings, with_tags

SITE = "https://www.shop.example"
RECIPES = with_tags()
CONTROLS = "<p><button data-consent-withdraw>Withdraw consent</button></p>"
each_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The one script of a site with all ten services."""
    dist = build_site(settings(RECIPES), tmp_path_factory.mktemp("real-tags"))
    return (dist / "consent.js").read_text(encoding="utf-8")


def use(recipe: Recipe, gated: bool) -> str:
    """The page's own script that calls the vendor."""
    code = VENDORS[recipe.id].use
    gate = f' type="text/plain" data-consent="{recipe.gate}"' if gated else ""
    return f"<script{gate}>{code}</script>" if code else ""


def page_html(recipes: list[Recipe], when: str = "after", first: str = "") -> str:
    """A page with these tags, as the vendors give them ("before") or as they are pasted ("after").

    *first* stands before the banner's tag.
    """
    gated = when == "after"
    head = first + TAG + "".join(recipe.tag(when, "head") for recipe in recipes)
    body = "".join(recipe.tag(when, "body") + use(recipe, gated) for recipe in recipes)
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>{head}</head><body><h1>Shop</h1>{CONTROLS}{body}</body></html>'


@dataclass(frozen=True)
class Asked:
    """A request that left the site's own host."""

    address: str
    kind: str
    by_page: bool
    """False where a vendor's own frame asked."""
    body: str

    def value(self, key: str) -> str:
        """A parameter of the address, or a field of the JSON that was sent."""
        found = parse_qs(urlsplit(self.address).query).get(key)
        return found[0] if found else json.loads(self.body)[key]


@dataclass
class Visit:
    """A visitor of the shop, whose every request is answered here and remembered."""

    context: BrowserContext
    script: str
    pages: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.on("request", self._heard)
        self.context.route("**/*", self._answered)

    def _heard(self, request: Request) -> None:
        if request.url.startswith((SITE, "data:", "blob:")):
            return
        frame = request.frame
        above = frame.parent_frame if request.resource_type == "document" else frame
        by_page = above is None or above.parent_frame is None
        self.asked.append(
            Asked(request.url, request.resource_type, by_page, request.post_data or "")
        )

    def _answered(self, route: Route) -> None:
        address = route.request.url
        path = urlsplit(address).path
        if address == f"{SITE}/consent.js":
            route.fulfill(body=self.script, content_type="text/javascript")
        elif address.startswith(SITE) and path in self.pages:
            route.fulfill(body=self.pages[path], content_type="text/html; charset=utf-8")
        elif address.startswith(SITE):
            route.fulfill(status=204)
        elif (vendor := answer(address)) is None:
            self.unknown.append(address)
            route.abort()
        else:
            headers = {"Content-Type": vendor.kind, "Access-Control-Allow-Origin": "*"}
            if vendor.cookies:
                headers["Set-Cookie"] = "\n".join(vendor.cookies)
            route.fulfill(body=vendor.body, headers=headers)

    def open(self, recipes: list[Recipe], when: str = "after", path: str = "/") -> Page:
        """A page with these tags, loaded, and quiet."""
        self.pages[path] = page_html(recipes, when)
        return self.load(recipes, path)

    def load(self, recipes: list[Recipe], path: str = "/") -> Page:
        """A page that is there, where visitors come from the vendors' advertisements."""
        query = "".join(VENDORS[recipe.id].query for recipe in recipes)
        page = self.context.new_page()
        page.goto(SITE + path + query)
        page.get_by_role("region").wait_for()
        quiet(page)
        return page

    def events(self, recipe: Recipe) -> tuple[str, ...]:
        """What arrived at the vendor's collecting address, in order."""
        vendor = VENDORS[recipe.id]
        return tuple(
            each.value(vendor.key)
            for each in list(self.asked)
            if vendor.beacon and each.address.startswith(vendor.beacon)
        )

    def stores(self, page: Page) -> set[tuple[str, str, str | None]]:
        """Everything kept: kind, name, and the domain of a third party's; not what is the banner's."""
        kept: set[tuple[str, str, str | None]] = set()
        for cookie in self.context.cookies():
            domain = cookie["domain"].removeprefix(".")
            own = domain in ("shop.example", "www.shop.example")
            kept.add(("cookie" if own else "third-party", cookie["name"], None if own else domain))
        keys = page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage)]")
        for kind, names in zip(("local", "session"), keys, strict=True):
            kept |= {(kind, name, None) for name in names}
        return kept - {("cookie", "consent", None)}


@pytest.fixture
def visit(context: BrowserContext, script: str) -> Visit:
    return Visit(context, script)


def tables() -> dict[str, dict[str, Any]]:
    """Every service's table by its id."""
    return {recipe.id: tomllib.loads(recipe.toml)["category"]["service"][0] for recipe in RECIPES}


def title(category: str) -> str:
    table = tomllib.loads(blocks()["toml", "category", category])
    return table["category"][0]["title"]


def grant(page: Page, chosen: Callable[[Recipe], bool]) -> None:
    """Opens the choices, switches the chosen services on and all others off, and saves."""
    page.get_by_role("button", name="Customise").click()
    dialog = page.get_by_role("dialog")
    for recipe in RECIPES:
        name = tables()[recipe.id]["name"]
        dialog.get_by_role("checkbox", name=name, exact=True).set_checked(chosen(recipe))
    dialog.get_by_role("button", name="Save choices").click()


def grant_only(page: Page, recipe: Recipe) -> None:
    """Consent to what the recipe's tag waits for, and to nothing else."""
    if recipe.gate == recipe.id:
        grant(page, lambda each: each is recipe)
        return
    page.get_by_role("button", name="Customise").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("checkbox", name=title(recipe.gate), exact=True).check()
    dialog.get_by_role("button", name="Save choices").click()


def works(page: Page, visit: Visit, recipe: Recipe) -> None:
    """Waits until the tag has done all it is there for, and no more."""
    vendor = VENDORS[recipe.id]
    wait_until(
        page,
        lambda: len(visit.events(recipe)) >= len(vendor.events),
        f"the events of {recipe.id}",
    )
    for name, role in vendor.frames.items():
        frame = page.frame_locator(f'iframe[title="{name}"]')
        if role == "button":
            # By the page's own means: a pointer does not reach into these frames in every engine.
            frame.get_by_role("button", name="Play").evaluate("button => button.click()")
            expect(frame.get_by_role("button", name="Playing")).to_be_visible()
        else:
            expect(frame.get_by_role("textbox")).to_be_visible()
    quiet(page)
    assert visit.events(recipe) == vendor.events
    missing = [name for name in vendor.names if page.evaluate(f"typeof {name}") == "undefined"]
    assert missing == []
    assert visit.unknown == []


def matches(declared: str, name: str) -> bool:
    return name.startswith(declared[:-1]) if declared.endswith("*") else name == declared


def declared_stores(recipe: Recipe) -> set[tuple[str, str, str | None]]:
    return {
        (cookie.get("kind", "cookie"), cookie["name"], cookie.get("domain"))
        for cookie in tables()[recipe.id].get("cookies", [])
    }


@each_recipe
def test_before_an_answer_and_after_a_refusal_the_vendor_is_not_asked_and_keeps_nothing(
    visit: Visit, recipe: Recipe
) -> None:
    page = visit.open([recipe])
    vendor = VENDORS[recipe.id]
    for name in vendor.names:
        kind = page.evaluate(f"typeof {name}")
        assert (kind == "undefined") == (name not in vendor.stub), name
    assert (visit.asked, visit.stores(page)) == ([], set())
    page.get_by_role("button", name="Reject all").click()
    quiet(page)
    assert (visit.asked, visit.stores(page)) == ([], set())
    page.reload()
    quiet(page)
    assert (visit.asked, visit.stores(page)) == ([], set())


@each_recipe
def test_after_consent_to_it_alone_the_tag_works_and_keeps_and_loads_what_the_recipe_declares(
    visit: Visit, recipe: Recipe
) -> None:
    page = visit.open([recipe])
    grant_only(page, recipe)
    works(page, visit, recipe)
    kept, declared = visit.stores(page), declared_stores(recipe)
    fitting = {
        (store, table)
        for store in kept
        for table in declared
        if (store[0], store[2]) == (table[0], table[2]) and matches(table[1], store[1])
    }
    assert {store for store, _ in fitting} == kept, "something is kept that is not declared"
    assert {table for _, table in fitting} == declared, "something is declared and never kept"

    lifetimes = {
        (cookie["name"], cookie.get("domain")): cookie["duration"]
        for cookie in tables()[recipe.id].get("cookies", [])
    }
    for cookie in visit.context.cookies():
        for (_, name, domain), table in fitting:
            if name == cookie["name"] and (domain or "shop.example") in cookie["domain"]:
                left_days = (cookie["expires"] - time.time()) / 86400
                observed = "session" if cookie["expires"] == -1 else math.ceil(left_days)
                assert lifetimes[table[1], table[2]] == observed, name

    kinds = {"image": "img", "document": "frame", "ping": "connect", "fetch": "connect"}
    for asked in visit.asked:
        sources = tables()[recipe.id]["hosts"].get(kinds.get(asked.kind, asked.kind), [])
        host = f"https://{urlsplit(asked.address).hostname}"
        found = any(fnmatch(host, source) for source in sources)
        assert found or not asked.by_page, f"{asked.kind} {host} is not among the hosts"


@each_recipe
def test_it_works_in_each_page_until_a_withdrawal_deletes_what_is_declared_and_no_page_asks_again(
    visit: Visit, recipe: Recipe
) -> None:
    page = visit.open([recipe])
    grant_only(page, recipe)
    works(page, visit, recipe)
    visit.asked.clear()
    page.reload()
    works(page, visit, recipe)
    theirs = {store for store in visit.stores(page) if store[0] == "third-party"}
    page.get_by_role("button", name="Withdraw consent").click()
    quiet(page)
    assert visit.stores(page) == theirs, "only the vendor's own domain keeps what it has"
    for name, role in VENDORS[recipe.id].frames.items():
        # What a script has put into the page stays until the page ends.
        if name in recipe.tag("after", "body"):
            frame = page.frame_locator(f'iframe[title="{name}"]')
            expect(frame.get_by_role(role)).to_have_count(0)
    visit.asked.clear()
    page.reload()
    quiet(page)
    assert (visit.asked, visit.stores(page)) == ([], theirs)


@each_recipe
def test_consent_to_everything_else_does_not_open_it(visit: Visit, recipe: Recipe) -> None:
    page = visit.open([recipe])
    grant(page, lambda each: each is not recipe)
    quiet(page)
    assert (visit.asked, visit.stores(page)) == ([], set())


@each_recipe
def test_the_tag_as_the_vendor_gives_it_would_be_noticed(visit: Visit, recipe: Recipe) -> None:
    page = visit.open([recipe], when="before")
    works(page, visit, recipe)
    assert visit.asked != []


@pytest.mark.engines("chromium", "firefox")
def test_all_ten_in_one_page_are_quiet_before_an_answer_and_after_a_refusal(visit: Visit) -> None:
    page = visit.open(RECIPES)
    assert (visit.asked, visit.stores(page)) == ([], set())
    page.get_by_role("button", name="Reject all").click()
    quiet(page)
    page.reload()
    quiet(page)
    assert (visit.asked, visit.stores(page)) == ([], set())


def test_all_ten_in_one_page_work_together(visit: Visit) -> None:
    page = visit.open(RECIPES)
    page.get_by_role("button", name="Accept all").click()
    for recipe in RECIPES:
        works(page, visit, recipe)


def by_id(name: str) -> Recipe:
    return next(recipe for recipe in RECIPES if recipe.id == name)


def test_one_service_of_a_category_does_not_open_what_waits_for_all_of_it(visit: Visit) -> None:
    container = by_id("google-tag-manager")
    page = visit.open([container])
    grant(page, lambda each: each is container)
    quiet(page)
    assert visit.asked == []


@pytest.fixture(scope="session")
def signals(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The script of the site with Consent Mode, and the inline one that stands before it."""
    toml = settings(RECIPES) + blocks()["toml", "signals"]
    dist = build_site(toml, tmp_path_factory.mktemp("signals"))
    return tuple(
        (dist / name).read_text(encoding="utf-8") for name in ("consent.js", "consent-mode.html")
    )


def test_a_tag_of_googles_that_is_loaded_denied_keeps_nothing_until_it_is_told_of_consent(
    context: BrowserContext, signals: tuple[str, str]
) -> None:
    script, inline = signals
    recipe = by_id("google-analytics")
    visit = Visit(context, script, {"/": page_html([recipe], "advanced", inline)})
    page = visit.load([recipe])
    wait_until(page, lambda: len(visit.events(recipe)) == 3, "the events without consent")
    assert {each.value("gcs") for each in visit.asked if "/collect" in each.address} == {"G100"}
    assert visit.stores(page) == set()

    grant_only(page, recipe)
    quiet(page)
    visit.asked.clear()
    page.reload()
    wait_until(page, lambda: len(visit.events(recipe)) == 3, "the events with consent")
    assert {each.value("gcs") for each in visit.asked if "/collect" in each.address} == {"G101"}
    assert {name for _, name, _ in visit.stores(page)} == {"_ga", "_ga_EXAMPLE123"}

    page.get_by_role("button", name="Withdraw consent").click()
    quiet(page)
    assert visit.stores(page) == set()
    visit.asked.clear()
    page.reload()
    wait_until(page, lambda: len(visit.events(recipe)) == 3, "the events after the withdrawal")
    assert {each.value("gcs") for each in visit.asked if "/collect" in each.address} == {"G100"}
    assert visit.stores(page) == set()


@pytest.mark.parametrize("when", ["before", "after"])
def test_without_scripts_only_the_vendors_own_tags_load_something(
    browser: Browser, script: str, when: str
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        visit = Visit(context, script, {"/": page_html(RECIPES, when)})
        page = context.new_page()
        page.goto(SITE)
        page.wait_for_timeout(300)
    hosts = {str(urlsplit(each.address).hostname) for each in visit.asked}
    noticed = {
        "www.youtube-nocookie.com",
        "player.vimeo.com",
        "www.googletagmanager.com",
        "www.facebook.com",
    }
    assert hosts == (noticed if when == "before" else set())
