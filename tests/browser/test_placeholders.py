# SPDX-License-Identifier: MIT
"""A box stands in the place of each frame that waits, and lets it load once or always."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.receipts import STRICT
from browser.shop import SERVICES, Shop, answers, build_site, problems, quiet, settle, until
from browser.spoken import TOML as SPOKEN
from browser.test_choice import choices, evidence_of, gate
from browser.test_signals import SIGNAL, cookie, with_signals
from consent_banner import build
from consent_banner.config import from_document
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FloatRect,
    Locator,
    Page,
    ViewportSize,
    expect,
)

pytestmark = pytest.mark.engines("chromium", "firefox", sample=3)

HERE = Path(__file__).parent
SWITCH = "\n[content]\nplaceholders = true\n"
WINDOW: ViewportSize = {"width": 1280, "height": 1600}
TAG = '<script async src="/boxes.js"></script>'


def frames(vendors: str) -> str:
    """Two films, and an advert in a template, between two lines of text."""
    return f"""<main><h1>Shop</h1><p>Before</p>
    <iframe title="Film" width="560" height="315" data-consent="video" data-src="{vendors}/film.html"></iframe>
    <p id="after">After</p>
    <iframe title="Second film" width="560" height="315" data-consent="video" data-src="{vendors}/second.html"></iframe>
    <template data-consent="ads"><iframe title="Advert" width="300" height="200" src="{vendors}/advert.html"></iframe></template>
    <p><button data-consent-open>Cookie choices</button></p></main>"""


@pytest.fixture(scope="session")
def _dist(_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    dist = build_site(shop_toml(_shop) + SWITCH, tmp_path_factory.mktemp("boxes"))
    _shop.ledger.publish(dist)
    return dist


@pytest.fixture
def boxes(shop: Shop, _dist: Path) -> Shop:
    """The shop, whose script `/boxes.js` has the boxes, and a page with frames."""
    script = (_dist / "consent.js").read_text(encoding="utf-8")
    shop.site.put("/boxes.js", script, "text/javascript")
    shop.site.put("/frames.html", shop.page_html(frames(shop.vendors.url), TAG))
    return shop


@pytest.fixture
def visitor(context: BrowserContext) -> Page:
    """A page in a window so high that the question below covers nothing."""
    page = context.new_page()
    page.set_viewport_size(WINDOW)
    return page


def shop_toml(shop: Shop) -> str:
    toml = (HERE / "site.toml").read_text(encoding="utf-8")
    return toml.replace("@SITE@", shop.site.url).replace("@LEDGER@", shop.ledger.url)


def put_script(shop: Shop, name: str, raw: dict[str, Any]) -> None:
    """Serves the script of a site without a ledger, with the boxes."""
    raw = {key: value for key, value in raw.items() if key != "ledger"}
    made = build.make(from_document(raw | {"content": {"placeholders": True}}))
    shop.site.put(f"/{name}.js", made.consent.content.decode(), "text/javascript")


def visit(page: Page, shop: Shop, content: str | None = None, head: str = TAG) -> None:
    """Opens the page with frames, or one with *content*, and waits until the script is done."""
    if content is not None:
        shop.site.put("/frames.html", shop.page_html(content, head))
    page.goto(shop.site.url + "/frames.html")
    until(page, "!!window.consent")
    quiet(page)


def box(page: Page, name: str = "Films") -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def once(group: Locator) -> None:
    group.get_by_role("button", name="Load once").click()


def always(group: Locator, name: str = "Films") -> None:
    group.get_by_role("button", name=f"Always load {name}", exact=True).click()


def place(locator: Locator) -> FloatRect:
    found = locator.bounding_box()
    assert found
    return found


def film(page: Page, title: str = "Film") -> Locator:
    return page.locator(f'iframe[title="{title}"]')


def loaded(page: Page, path: str) -> bool:
    return any(frame.url.endswith(path) for frame in page.frames)


# --- what is seen --------------------------------------------------------------------------------


def test_a_box_tells_service_and_provider_and_nothing_is_requested_before(
    visitor: Page, boxes: Shop
) -> None:
    visit(visitor, boxes)
    expect(box(visitor)).to_have_count(2)
    expect(box(visitor, "Adverts")).to_have_count(1)
    first = box(visitor).first
    expect(first).to_contain_text("Films from Films Inc loads only if you allow it.")
    expect(first).to_have_attribute("lang", "en")
    names = [button.text_content() for button in first.get_by_role("button").all()]
    assert names == ["Load once", "Always load Films"]
    for button in first.get_by_role("button").all():
        assert min(place(button)["width"], place(button)["height"]) >= 24
    expect(film(visitor)).to_be_hidden()
    expect(gate(visitor)).to_be_visible()
    assert boxes.third_party_requests() == set()
    assert boxes.stored() == []
    assert visitor.context.cookies() == []
    assert visitor.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


def test_a_frame_of_a_category_names_its_services_and_allows_them(
    visitor: Page, boxes: Shop
) -> None:
    content = f'<iframe title="Film" data-consent="functional" data-src="{boxes.vendors.url}/film.html"></iframe>'
    visit(visitor, boxes, content)
    both = box(visitor, "Preferences, Films")
    expect(both).to_contain_text("Preferences, Films from Test Shop Ltd, Films Inc loads")
    always(both, "Preferences, Films")
    settle(visitor, boxes, 1, {"/film.html"})
    assert evidence_of(boxes.stored()[0]) == answers({"prefs", "video"})


def test_what_nobody_knows_or_sees_gets_no_box_and_does_not_load(
    visitor: Page, boxes: Shop
) -> None:
    vendors = boxes.vendors.url
    content = f"""
    <iframe title="a" data-consent="nobody" data-src="{vendors}/a.html"></iframe>
    <iframe title="b" data-consent="later" data-src="{vendors}/b.html"></iframe>
    <iframe title="c" data-consent data-src="{vendors}/c.html"></iframe>
    <iframe title="d" data-src="{vendors}/d.html"></iframe>
    <iframe title="e" hidden data-consent="video" data-src="{vendors}/e.html"></iframe>
    <template data-consent="nobody"><iframe src="{vendors}/f.html"></iframe></template>
    <template data-consent="video"><iframe hidden src="{vendors}/g.html"></iframe></template>
    <template data-consent="stats"><script src="{vendors}/h.js"></script></template>
    <template><iframe src="{vendors}/i.html"></iframe></template>
    """
    visit(visitor, boxes, content)
    expect(visitor.get_by_role("group")).to_have_count(0)
    assert boxes.third_party_requests() == set()
    gate(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, boxes, 1, {"/e.html", "/g.html", "/h.js"})
    assert boxes.third_party_requests() == {"/e.html", "/g.html", "/h.js"}
    expect(film(visitor, "e")).to_be_hidden()


def test_frames_that_come_later_get_their_box(visitor: Page, boxes: Shop) -> None:
    visit(visitor, boxes, "<main></main>")
    visitor.evaluate(
        "html => document.querySelector('main').insertAdjacentHTML('beforeend', html)",
        frames(boxes.vendors.url),
    )
    expect(box(visitor)).to_have_count(2)
    expect(box(visitor, "Adverts")).to_have_count(1)
    once(box(visitor).first)
    settle(visitor, boxes, 0, {"/film.html"})
    visitor.evaluate("document.querySelector('main').replaceChildren()")
    expect(visitor.get_by_role("group")).to_have_count(0)
    assert boxes.third_party_requests() == {"/film.html"}


def test_the_tag_twice_makes_one_box_each(visitor: Page, boxes: Shop) -> None:
    visit(visitor, boxes, frames(boxes.vendors.url), TAG * 2)
    expect(visitor.get_by_role("group")).to_have_count(3)
    once(box(visitor).first)
    settle(visitor, boxes, 0, {"/film.html"})
    gate(visitor).get_by_role("button", name="Reject all").click()
    settle(visitor, boxes, 1)
    expect(visitor.get_by_role("group")).to_have_count(3)
    assert boxes.third_party_requests() == {"/film.html"}


# --- load once -----------------------------------------------------------------------------------


def test_load_once_loads_one_frame_for_this_page_and_records_nothing(
    visitor: Page, boxes: Shop
) -> None:
    visit(visitor, boxes)
    once(box(visitor).first)
    settle(visitor, boxes, 0, {"/film.html"})
    expect(film(visitor)).to_be_visible()
    expect(box(visitor)).to_have_count(1)
    expect(gate(visitor)).to_be_visible()
    assert boxes.third_party_requests() == {"/film.html"}
    assert (boxes.stored(), visitor.context.cookies()) == ([], [])
    assert visitor.evaluate("[consent.granted('video'), consent.choices()]") == [False, None]
    assert visitor.evaluate("localStorage.length") == 0
    boxes.vendors.asked.clear()
    visit(visitor, boxes)
    expect(box(visitor)).to_have_count(2)
    assert boxes.third_party_requests() == set()


def test_load_once_leaves_the_stored_choice_as_it_is(visitor: Page, boxes: Shop) -> None:
    visit(visitor, boxes)
    gate(visitor).get_by_role("button", name="Reject all").click()
    settle(visitor, boxes, 1)
    before = cookie(visitor)
    once(box(visitor, "Adverts"))
    settle(visitor, boxes, 1, {"/advert.html"})
    assert boxes.third_party_requests() == {"/advert.html"}
    assert len(boxes.stored()) == 1
    assert cookie(visitor) == before
    assert visitor.evaluate("consent.choices()") == answers(set())


def test_load_once_runs_what_a_template_holds_in_its_order(visitor: Page, boxes: Shop) -> None:
    vendors = boxes.vendors.url
    content = f"""<template data-consent="video">
      <iframe title="Film" width="560" height="315" data-src="{vendors}/film.html"></iframe>
      <script data-src="{vendors}/player.js"></script><script>ran.push("steers")</script>
    </template>"""
    boxes.vendors.delay_s["/player.js"] = 0.3
    visit(visitor, boxes, content)
    once(box(visitor))
    until(visitor, "window.ran?.length == 2")
    assert visitor.evaluate("ran") == ["/player.js", "steers"]
    settle(visitor, boxes, 0, {"/film.html"})
    expect(box(visitor)).to_have_count(0)
    gate(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, boxes, 1)
    assert visitor.evaluate("ran") == ["/player.js", "steers"]
    expect(visitor.get_by_role("button", name="Reload now")).to_have_count(0)


@pytest.mark.parametrize("answer", ["Accept all", "Reject all"])
def test_the_next_decision_holds_for_what_was_loaded_once_too(
    visitor: Page, boxes: Shop, answer: str
) -> None:
    visit(visitor, boxes)
    once(box(visitor).first)
    once(box(visitor, "Adverts"))
    settle(visitor, boxes, 0, {"/film.html", "/advert.html"})
    gate(visitor).get_by_role("button", name=answer).click()
    settle(visitor, boxes, 1)
    [record] = boxes.stored()
    is_yes = answer == "Accept all"
    assert record["action"] == ("accept_all" if is_yes else "reject_all")
    assert evidence_of(record) == answers(set(SERVICES) if is_yes else set())
    expect(visitor.get_by_role("group")).to_have_count(0 if is_yes else 3)
    for path in ("/film.html", "/advert.html"):
        assert loaded(visitor, path) == is_yes
        # What plays goes on: it is not loaded a second time.
        assert boxes.vendors.asked.count(path) == 1
    expect(visitor.get_by_role("button", name="Reload now")).to_have_count(0)


# --- always --------------------------------------------------------------------------------------


def test_always_allows_just_this_service_and_everything_else_is_still_asked(
    visitor: Page, boxes: Shop
) -> None:
    visit(visitor, boxes)
    always(box(visitor).last)
    settle(visitor, boxes, 1, {"/film.html", "/second.html"})
    assert boxes.third_party_requests() == {"/film.html", "/second.html"}
    expect(film(visitor)).to_be_visible()
    expect(film(visitor, "Second film")).to_be_visible()
    expect(box(visitor)).to_have_count(0)
    expect(box(visitor, "Adverts")).to_have_count(1)
    [record] = boxes.stored()
    told = (record["action"], record["layer"], record["control"], record["seq"])
    assert told == ("customise", "page", "embed", 1)
    assert evidence_of(record) == answers({"video"})
    assert [part.split(":")[0] for part in cookie(visitor).split("|")[3:]] == ["+video"]
    expect(gate(visitor)).to_be_visible()
    assert visitor.evaluate("[consent.granted('video'), consent.choices()]") == [True, None]

    boxes.vendors.asked.clear()
    visit(visitor, boxes)
    settle(visitor, boxes, 1, {"/film.html", "/second.html"})
    assert boxes.third_party_requests() == {"/film.html", "/second.html"}
    gate(visitor).get_by_role("button", name="Customise").click()
    assert choices(visitor).get_by_role("checkbox", checked=True).count() == 1
    expect(choices(visitor).get_by_role("checkbox", name="Films")).to_be_checked()
    choices(visitor).get_by_role("button", name="Reject all").click()
    settle(visitor, boxes, 2)
    assert boxes.stored()[1]["action"] == "withdraw"
    expect(box(visitor)).to_have_count(2)


def test_always_keeps_the_other_answers_and_how_long_they_live(visitor: Page, boxes: Shop) -> None:
    visit(visitor, boxes)
    gate(visitor).get_by_role("button", name="Customise").click()
    choices(visitor).get_by_role("checkbox", name="Analytics").check()
    choices(visitor).get_by_role("button", name="Save choices").click()
    settle(visitor, boxes, 1)
    old = cookie(visitor).split("|")
    hour = str(int(old[2]) - 100)
    set_cookie(visitor, boxes, [*old[:2], hour, *old[3:]])
    visit(visitor, boxes)
    expect(gate(visitor)).to_have_count(0)
    always(box(visitor).first)
    settle(visitor, boxes, 2, {"/film.html", "/second.html"})
    first, second = boxes.stored()
    assert evidence_of(second) == answers({"stats", "video"})
    assert (second["seq"], second["previous"]) == (2, first["id"])
    new = cookie(visitor).split("|")
    assert new[:3] == [*old[:2], hour]
    changed = {part for part in new if part not in old} - {hour}
    assert {part.split(":")[0] for part in changed} == {"+video"}
    assert len(new) == len(old)
    expect(gate(visitor)).to_have_count(0)


def test_always_after_everything_has_expired_begins_anew(visitor: Page, boxes: Shop) -> None:
    visit(visitor, boxes)
    gate(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, boxes, 1)
    old = cookie(visitor).split("|")
    set_cookie(visitor, boxes, [*old[:2], "400000", *old[3:]])
    visit(visitor, boxes)
    always(box(visitor).first)
    settle(visitor, boxes, 2, {"/film.html"})
    assert evidence_of(boxes.stored()[1]) == answers({"video"})
    assert visitor.evaluate("consent.granted('video')")
    new = cookie(visitor).split("|")
    assert int(new[2]) >= int(old[2])
    assert [part.split(":")[0] for part in new[3:]] == ["+video"]


def test_always_holds_for_the_page_where_no_cookie_can_be_kept(visitor: Page, boxes: Shop) -> None:
    visitor.add_init_script(
        "Object.defineProperty(document, 'cookie', { get() { throw Error('no') }, set() { throw Error('no') } })"
    )
    visit(visitor, boxes)
    always(box(visitor).first)
    settle(visitor, boxes, 1, {"/film.html"})
    always(box(visitor, "Adverts"), "Adverts")
    settle(visitor, boxes, 2, {"/film.html", "/second.html", "/advert.html"})
    assert evidence_of(boxes.stored()[1]) == answers({"video", "ads"})
    expect(visitor.get_by_role("group")).to_have_count(0)


def test_the_last_open_question_is_no_longer_asked(visitor: Page, boxes: Shop) -> None:
    raw = tomllib.loads(shop_toml(boxes))
    functional = next(category for category in raw["category"] if category["id"] == "functional")
    functional["service"] = [each for each in functional["service"] if each["id"] == "video"]
    put_script(boxes, "one", raw | {"category": [functional]})
    head = '<script async src="/one.js"></script>'
    visit(visitor, boxes, frames(boxes.vendors.url), head)
    expect(gate(visitor)).to_be_visible()
    always(box(visitor).first)
    expect(gate(visitor)).to_have_count(0)
    assert visitor.evaluate("consent.choices()") == {"functional": True, "video": True}


def test_a_withdrawal_brings_the_box_back_in_every_tab(visitor: Page, boxes: Shop) -> None:
    visit(visitor, boxes)
    other = visitor.context.new_page()
    visit(other, boxes)
    always(box(visitor).first)
    settle(visitor, boxes, 1, {"/film.html"})
    expect(box(other)).to_have_count(0)
    visitor.evaluate("consent.withdraw()")
    settle(visitor, boxes, 2)
    boxes.vendors.asked.clear()
    for page in (visitor, other):
        expect(box(page)).to_have_count(2)
        expect(film(page)).to_be_hidden()
        assert not loaded(page, "/film.html")
    once(box(visitor).first)
    settle(visitor, boxes, 2, {"/film.html"})
    assert boxes.third_party_requests() == {"/film.html"}


def test_under_the_opt_out_signal_always_is_an_explicit_choice(
    visitor: Page, boxes: Shop, tmp_path: Path
) -> None:
    dist = build_site(with_signals(boxes, SWITCH), tmp_path)
    boxes.ledger.publish(dist)
    script = (dist / "consent.js").read_text(encoding="utf-8")
    boxes.site.put("/opposed.js", script, "text/javascript")
    visitor.add_init_script(SIGNAL)
    head = '<script async src="/opposed.js"></script>'
    visit(visitor, boxes, frames(boxes.vendors.url), head)
    always(box(visitor, "Adverts"), "Adverts")
    settle(visitor, boxes, 1, {"/advert.html"})
    [record] = boxes.stored()
    assert (record["gpc"], record["control"]) == (True, "embed")
    assert evidence_of(record) == answers({"ads"})
    assert "|+ads:" in cookie(visitor)
    expect(gate(visitor)).to_be_visible()
    boxes.vendors.asked.clear()
    visit(visitor, boxes)
    settle(visitor, boxes, 1, {"/advert.html"})
    assert [each["action"] for each in boxes.stored()] == ["customise"]


def set_cookie(page: Page, shop: Shop, parts: list[str]) -> None:
    page.context.add_cookies([{"name": "consent", "value": "|".join(parts), "url": shop.site.url}])


# --- the page around -----------------------------------------------------------------------------

FORMS = {
    "in a line": ("", '<iframe {} width="560" height="315"></iframe>'),
    "without a border": ("", '<iframe {} width="560" height="315" style="border: 0"></iframe>'),
    "as a block": ("iframe { display: block; }", '<iframe {} width="560" height="315"></iframe>'),
    "with margins": (
        "iframe { display: block; margin: 30px auto; }",
        '<iframe {} width="560" height="315"></iframe>',
    ),
    "as wide as the text": (
        "iframe { width: 100%; aspect-ratio: 16 / 9; border: 0; }",
        "<iframe {}></iframe>",
    ),
    "in a wrapper of padding": (
        ".ratio { position: relative; height: 0; padding-bottom: 56.25%; }"
        ".ratio iframe { position: absolute; top: 0; left: 0; width: 100%; height: 100%; border: 0; }",
        '<div class="ratio"><iframe {}></iframe></div>',
    ),
    "in a wrapper with a pseudo-element": (
        ".ratio { position: relative; } .ratio::before { content: ''; display: block; padding-top: 56.25%; }"
        ".ratio > * { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; }",
        '<div class="ratio"><iframe {}></iframe></div>',
    ),
    "two in a row": (
        ".row { display: flex; gap: 10px; } .row iframe { flex: 1; height: 300px; }",
        '<div class="row"><iframe {}></iframe><div style="flex: 1">Words</div></div>',
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_nothing_moves_when_the_frame_takes_the_place_of_its_box(
    visitor: Page, boxes: Shop, form: str
) -> None:
    style, html = FORMS[form]
    frame = html.format(
        f'title="Film" data-consent="video" data-src="{boxes.vendors.url}/film.html"'
    )
    content = f'<style>body {{ max-width: 700px }}</style><style>{style}</style><main><p>Before</p>{frame}<p id="after">After</p></main>'
    visit(visitor, boxes, content)
    after = visitor.locator("#after")
    before = place(after)
    held = place(box(visitor))
    expect(film(visitor)).to_be_hidden()
    once(box(visitor))
    settle(visitor, boxes, 0, {"/film.html"})
    expect(film(visitor)).to_be_visible()
    assert place(after) == pytest.approx(before, abs=1)
    assert place(film(visitor)) == pytest.approx(held, abs=1)
    gate(visitor).get_by_role("button", name="Reject all").click()
    expect(box(visitor)).to_be_visible()
    assert place(after) == pytest.approx(before, abs=1)
    assert place(box(visitor)) == pytest.approx(held, abs=1)


@pytest.mark.parametrize("display", ["inline", "block"])
def test_nothing_moves_when_a_template_lets_go_a_frame_that_has_a_height(
    visitor: Page, boxes: Shop, display: str
) -> None:
    frame = f'<iframe title="Film" width="560" height="315" src="{boxes.vendors.url}/film.html"></iframe>'
    content = f"""<style>iframe {{ border: 0; display: {display}; }}</style>
    <main><template data-consent="video">{frame}</template><p id="after">After</p></main>"""
    visit(visitor, boxes, content)
    before = place(visitor.locator("#after"))
    once(box(visitor))
    settle(visitor, boxes, 0, {"/film.html"})
    expect(film(visitor)).to_be_visible()
    # A box cannot know how the frame will stand: in a line there is room below it for letters.
    room = 8 if display == "block" else 1
    assert place(visitor.locator("#after")) == pytest.approx(before, abs=room)


def test_a_page_that_takes_the_boxes_away_is_left_alone_and_keeps_its_frames(
    visitor: Page, boxes: Shop
) -> None:
    taker = """<script>new MutationObserver(() => {
      for (const box of document.querySelectorAll("div.consent-gate")) box.remove();
    }).observe(document, { childList: true, subtree: true })</script>"""
    visit(visitor, boxes, frames(boxes.vendors.url), taker + TAG)
    expect(visitor.get_by_role("group")).to_have_count(0)
    assert boxes.third_party_requests() == set()
    gate(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, boxes, 1, {"/film.html", "/second.html", "/advert.html"})
    for title in ("Film", "Second film", "Advert"):
        expect(film(visitor, title)).to_be_visible()


def test_it_works_under_a_strict_policy(browser: Browser, boxes: Shop) -> None:
    policy = STRICT.format(ledger=boxes.ledger.url) + f"; frame-src {boxes.vendors.url}"
    html = boxes.page_html(frames(boxes.vendors.url), TAG)
    boxes.site.put("/strict.html", html, **{"Content-Security-Policy": policy})
    with visiting(browser, "light") as page:
        page.goto(boxes.site.url + "/strict.html")
        expect(box(page)).to_have_count(2)
        assert place(box(page).first)["height"] == 319
        once(box(page).first)
        always(box(page, "Adverts"), "Adverts")
        settle(page, boxes, 1, {"/film.html", "/advert.html"})
        assert boxes.third_party_requests() == {"/film.html", "/advert.html"}


def test_the_keyboard_reaches_the_box_and_then_the_frame(visitor: Page, boxes: Shop) -> None:
    boxes.vendors.put("/film.html", "<!doctype html><title>Film</title><button>Play</button>")
    visit(visitor, boxes)
    box(visitor).first.get_by_role("button").first.focus()
    visitor.keyboard.press("Enter")
    settle(visitor, boxes, 0, {"/film.html"})
    visitor.keyboard.press("Tab")
    assert visitor.evaluate("document.activeElement.title") == "Film"
    visitor.keyboard.press("Tab")
    expect(box(visitor).get_by_role("button", name="Load once")).to_be_focused()
    visitor.keyboard.press("Tab")
    expect(box(visitor).get_by_role("button", name="Always load")).to_be_focused()
    visitor.keyboard.press("Space")
    settle(visitor, boxes, 1, {"/second.html"})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_in_each_direction_and_scheme_it_reads_well_and_axe_finds_nothing(
    browser: Browser, boxes: Shop, language: str, scheme: Any
) -> None:
    raw = tomllib.loads(SPOKEN.replace("@SITE@", boxes.site.url))
    put_script(
        boxes, "spoken", raw | {"languages": {"available": ["en", "ar", "de", "es", "fr", "it"]}}
    )
    content = frames(boxes.vendors.url).replace('"video"', '"stats"')
    html = boxes.page_html(content, '<script async src="/spoken.js"></script>', language)
    html = html.replace("<html ", f'<html dir="{"rtl" if language == "ar" else "ltr"}" ')
    html = html.replace("<title>", "<style>:root { color-scheme: light dark }</style><title>")
    boxes.site.put("/spoken.html", html)
    with visiting(browser, scheme) as page:
        page.goto(boxes.site.url + "/spoken.html")
        name = {"en": "Visitor statistics", "ar": "إحصاءات الزوار"}[language]
        first = box(page, name).first
        expect(first).to_have_attribute("lang", language)
        expect(first).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
        expect(first).to_contain_text(name)
        expect(first).to_contain_text("Stats Ltd.")
        one, other = (place(button)["x"] for button in first.get_by_role("button").all())
        assert (one > other) == (language == "ar")
        found = Axe().run(page).response["violations"]
        assert [f"{rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found] == []


@contextmanager
def visiting(browser: Browser, scheme: Any) -> Iterator[Page]:
    with browser.new_context(color_scheme=scheme, viewport=WINDOW) as context:
        context.set_default_timeout(10_000)
        found = problems(context)
        yield context.new_page()
    assert found == []
