# SPDX-License-Identifier: MIT
"""The banner can be seen, read and used: every position, size, scheme and direction, on any page."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.origin import Origin
from browser.shop import problems
from consent_banner import build, config, contrast
from consent_banner.tables import POSITIONS
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

HERE = Path(__file__).parent
WINDOWS = {"wide": (1440, 900), "phone": (360, 740)}
MARK = {"inline": "<div data-consent-place></div>"}
COLOURS = {
    "accent": "#0b5d66",
    "accent_text": "#ffffff",
    "background": "#ffffff",
    "text": "#17242b",
    "border": "#dbd7cc",
}
DARK = {
    "accent": "#84d3d5",
    "accent_text": "#0b1a1d",
    "background": "#172227",
    "text": "#e6edef",
    "border": "#2c3b42",
}

# What frameworks' resets and careless sheets do to bare elements, each of it met somewhere.
HOSTILE = """
*, ::before, ::after { box-sizing: border-box; margin: 3px; padding: 0; border: 0 dashed red; }
html { font-size: 62.5%; }
body { font-size: 62.5%; line-height: 1; color: gold; text-align: center; text-transform: uppercase;
  letter-spacing: 0.3em; white-space: nowrap; text-shadow: 1px 1px red; visibility: visible;
  font-style: italic; font-weight: 100; word-spacing: 1em; text-indent: 2em; cursor: wait; }
section { display: flex; width: 50%; min-height: 100vh; padding: 5rem 0; background: navy; opacity: 0.4; }
dialog { display: block; width: 100%; max-width: 100vw; inset: 0; border-radius: 50%; transform: scale(0.5); }
h2 { font-size: 5rem; text-align: right; margin: 4rem; color: white; float: left; }
p { font-size: 40px; color: white; margin: 3em; position: relative; }
div { display: inline; color: white; width: 10px; overflow: hidden; }
a, a:link, a:visited { color: white; text-decoration: none; display: block; }
button, button:hover { width: 100%; text-transform: uppercase; background: pink; color: white;
  padding: 2em; box-shadow: 0 0 9px red; position: absolute; }
button:focus, a:focus, input:focus, *:focus-visible { outline: none; }
label { display: block; width: 8rem; float: left; text-align: right; font-weight: 400; }
input { appearance: none; width: 100%; height: 5px; border: 9px solid; opacity: 0; }
input[type="checkbox"] { display: none; }
b { font-weight: inherit; color: white; }
"""


@dataclass
class Looks:
    """Pages with banners of any look, built and served when they are asked for."""

    origin: Origin
    numbers: Iterator[int]

    def put(self, body: str = "", *, lang: str = "en", change: Any = None, **look: Any) -> str:
        """The address of a page with a banner of that `[look]`; *change*: done to its script."""
        toml = (HERE / "site.toml").read_text(encoding="utf-8").replace("@SITE@", self.origin.url)
        document = tomllib.loads(toml) | {"look": look, "languages": {"default": lang}}
        del document["ledger"]
        script = build.make(config.from_document(document)).consent.content.decode()
        number = next(self.numbers)
        changed = change(script) if change else script
        self.origin.put(f"/{number}.js", changed, "text/javascript")
        direction = "rtl" if lang == "ar" else "ltr"
        return self.origin.put(
            f"/{number}.html",
            f'<!doctype html><html lang="{lang}" dir="{direction}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>Shop</title>'
            "<style>:root { color-scheme: light dark; } body { margin: 0; }</style>"
            f'<script async src="/{number}.js"></script></head><body><main><h1>Shop</h1>'
            '<p><button type="button" onclick="this.textContent = 1">Of the page</button></p>'
            f"{MARK.get(look.get('position', ''), '')}{body}<p>{'Words of the page. ' * 400}</p>"
            "</main></body></html>",
        )


@pytest.fixture(scope="module")
def looks() -> Iterator[Looks]:
    origin = Origin("look")
    try:
        yield Looks(origin, itertools.count())
    finally:
        origin.close()


@pytest.fixture
def visit(browser: Browser, looks: Looks) -> Iterator[Callable[..., Page]]:
    """Opens a page with a banner of some look, in a window of its own, and waits for the region."""
    contexts = []
    found: list[str] = []

    def visit(
        size: tuple[int, int] = (1280, 800),
        scheme: Any = "light",
        body: str = "",
        lang: str = "en",
        change: Any = None,
        **look: Any,
    ) -> Page:
        viewport = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=viewport, color_scheme=scheme)
        contexts.append(context)
        context.set_default_timeout(10_000)
        found.extend(problems(context))
        page = context.new_page()
        page.goto(looks.put(body, lang=lang, change=change, **look))
        region(page).wait_for()
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not found, f"the pages reported errors: {found}"


def region(page: Page) -> Locator:
    return page.locator("section.consent-gate")


def dialog(page: Page) -> Locator:
    return page.locator("dialog.consent-gate")


def open_choices(page: Page) -> Locator:
    region(page).get_by_role("button").last.click()
    dialog(page).wait_for()
    return dialog(page)


def box(locator: Locator) -> FloatRect:
    found = locator.bounding_box()
    assert found
    return found


def styles(locator: Locator, *names: str) -> list[list[str]]:
    """Computed values of each element that *locator* finds."""
    script = "(all, names) => all.map(e => names.map(n => getComputedStyle(e).getPropertyValue(n)))"
    found: list[list[str]] = locator.evaluate_all(script, list(names))
    return found


def colour(value: str) -> str:
    """A computed colour as `#rrggbb`."""
    assert value.startswith("rgb("), value
    return "#" + "".join(f"{int(part):02x}" for part in value[4:-1].split(","))


def broken_rules(page: Page) -> list[str]:
    """Every rule of axe, best practice too, that the page breaks."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {[node['html'][:120] for node in rule['nodes']]}" for rule in found]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("position", POSITIONS)
def test_the_region_is_in_sight_and_leaves_the_page_usable(
    visit: Callable[..., Page], position: str, window: str
) -> None:
    width, height = WINDOWS[window]
    page = visit((width, height), position=position)
    found = box(region(page))
    assert found["x"] >= 0
    assert found["x"] + found["width"] <= width
    assert found["y"] >= 0
    if position == "inline":
        place = box(page.locator("[data-consent-place]"))
        assert (found["x"], found["width"]) == (place["x"], place["width"])
        assert page.evaluate("document.querySelector('[data-consent-place]').firstChild.localName")
    else:
        assert found["y"] + found["height"] <= height
        assert found["height"] <= 0.75 * height + 40  # and its padding
    if position == "bar":
        assert (found["x"], found["width"]) == (0, width)
    if position == "box":
        assert found["x"] == pytest.approx(width - found["x"] - found["width"], abs=1)
        assert found["width"] <= 700
    if position == "corner":
        assert found["x"] + found["width"] == width - 16
        assert found["width"] <= 430
    page.get_by_role("button", name="Of the page").click()
    expect(page.get_by_role("button", name="1")).to_be_visible()
    within = box(open_choices(page))
    assert within["x"] >= 0
    assert within["y"] > 0
    assert within["x"] + within["width"] <= width
    assert within["y"] + within["height"] <= height


def test_the_corner_is_at_the_other_side_where_it_is_read_from_the_right(
    visit: Callable[..., Page],
) -> None:
    assert box(region(visit(lang="ar", position="corner")))["x"] == 16


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("position", POSITIONS)
def test_all_buttons_look_the_same_and_the_answers_are_of_one_size(
    visit: Callable[..., Page], position: str, window: str
) -> None:
    page = visit(WINDOWS[window], position=position)
    for layer in (region(page), None):
        buttons = (layer or open_choices(page)).get_by_role("button")
        accept, reject = box(buttons.nth(0)), box(buttons.nth(1))
        assert accept["width"] == pytest.approx(reject["width"], abs=0.1)
        assert (accept["y"], accept["height"]) == (reject["y"], reject["height"])
        looks = styles(buttons, "color", "background", "border", "font", "border-radius", "opacity")
        assert all(each == looks[0] for each in looks)


@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("look", [{}, {**COLOURS, "dark": DARK, "position": "corner"}])
def test_axe_finds_nothing_in_either_layer(
    visit: Callable[..., Page], look: dict[str, Any], scheme: str, lang: str
) -> None:
    page = visit(scheme=scheme, lang=lang, **look)
    assert region(page).get_attribute("dir") == ("rtl" if lang == "ar" else "ltr")
    assert broken_rules(page) == []
    open_choices(page)
    assert broken_rules(page) == []


@pytest.mark.parametrize("position", POSITIONS)
def test_nothing_scrolls_sideways_in_320_pixels(visit: Callable[..., Page], position: str) -> None:
    page = visit((320, 256), position=position)
    for layer in (region(page), None):
        frame = layer or open_choices(page)
        assert frame.evaluate("e => e.scrollWidth <= e.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        # There is room to read beside the row of buttons, and to see that there is a page.
        if frame is not layer or position != "inline":
            row = box(frame.locator("> :last-child"))
            assert row["y"] - box(frame)["y"] > 24
            assert box(frame)["y"] > 0


def test_it_can_be_used_with_letters_twice_as_large(visit: Callable[..., Page]) -> None:
    """Twice the size by the browser's own setting, and twice the zoom: half the window."""
    page = visit((640, 400))
    page.context.new_cdp_session(page).send(
        "Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}}
    )
    assert styles(region(page), "font-size") == [["32px"]]
    for layer in (region(page), None):
        frame = layer or open_choices(page)
        assert frame.evaluate("e => e.scrollWidth <= e.clientWidth")
        for button in frame.get_by_role("button").all():
            button.scroll_into_view_if_needed()
            assert button.evaluate("e => e.scrollWidth <= e.clientWidth")
            button.click(trial=True)


@pytest.mark.parametrize("look", [{}, {**COLOURS, "dark": DARK}])
def test_forced_colours_keep_every_edge_and_take_every_colour(
    visit: Callable[..., Page], look: dict[str, Any]
) -> None:
    page = visit(**look)
    page.emulate_media(forced_colors="active")
    frame = open_choices(page)
    names = ("width", "style", "color")
    [[ground, words]] = styles(frame, "background-color", "color")
    [edge] = styles(frame, *(f"border-top-{name}" for name in names))
    assert edge[:2] == ["1px", "solid"]
    assert edge[2] != ground
    buttons = frame.get_by_role("button")
    for width, style, of_button in styles(buttons, *(f"border-left-{name}" for name in names)):
        assert (width, style) == ("1px", "solid")
        assert of_button != ground
    # Behind words the browser puts the colour of the ground: so that must be no colour of the words.
    assert {each for (each,) in styles(buttons, "color")} == {words}
    for (behind,) in styles(buttons, "background-color"):
        assert behind == ground or behind.endswith(", 0)")


def test_nothing_of_it_is_printed(visit: Callable[..., Page]) -> None:
    page = visit()
    open_choices(page)
    page.emulate_media(media="print")
    assert not region(page).is_visible()
    assert not dialog(page).is_visible()
    page.emulate_media(media="screen")
    dialog(page).get_by_role("button", name="Reject all").click()
    status = page.get_by_role("status")
    expect(status).to_have_text("Your choice is saved.")
    page.emulate_media(media="print")
    assert not page.locator("p.consent-gate").is_visible()


def test_nothing_moves(visit: Callable[..., Page]) -> None:
    """So those who ask for less motion, and all others, have none."""
    page = visit()
    open_choices(page)
    everything = page.locator(".consent-gate, .consent-gate *")
    names = ("transition-duration", "animation-name", "scroll-behavior")
    assert {tuple(each) for each in styles(everything, *names)} == {("0s", "none", "auto")}
    assert page.evaluate("document.getAnimations().length") == 0


def test_every_control_is_large_enough_to_hit(visit: Callable[..., Page]) -> None:
    page = visit(WINDOWS["phone"])
    frame = open_choices(page)
    assert frame.get_by_role("checkbox").count() == 7
    for each in frame.get_by_role("checkbox").all():
        assert min(box(each)["width"], box(each)["height"]) >= 24
    for each in page.locator(".consent-gate button").all():
        assert box(each)["height"] >= 44
        assert box(each)["width"] >= 44


def test_the_words_of_a_saved_choice_are_heard_and_not_seen(visit: Callable[..., Page]) -> None:
    page = visit(WINDOWS["phone"])
    region(page).get_by_role("button", name="Accept all").click()
    status = page.get_by_role("status")
    expect(status).to_have_text("Your choice is saved.")
    assert box(status)["y"] >= 740
    page.evaluate("scrollTo(0, 1e6)")
    assert box(status)["y"] >= 740
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_keyboard_meets_the_region_first_and_nothing_takes_its_focus(
    visit: Callable[..., Page],
) -> None:
    page = visit()
    assert page.evaluate("document.activeElement == document.body")
    assert page.evaluate("document.body.firstElementChild.matches('section.consent-gate')")
    met = []
    for _ in range(6):
        page.keyboard.press("Tab")
        met.append(page.evaluate("document.activeElement.textContent"))
    links, buttons = ["Cookies policy", "Contact"], ["Accept all", "Reject all", "Customise"]
    assert met == [*links, *buttons, "Of the page"]


def test_the_dialog_holds_the_focus_and_gives_it_back(visit: Callable[..., Page]) -> None:
    page = visit()
    customise = region(page).get_by_role("button", name="Customise")
    customise.focus()
    page.keyboard.press("Enter")
    dialog(page).wait_for()
    inside = "document.activeElement.closest('dialog.consent-gate')?.localName"
    assert page.evaluate(inside) == "dialog"
    controls = dialog(page).locator("input, a, button").count()
    seen = set()
    for _ in range(2 * controls):
        page.keyboard.press("Tab")
        # Between its ends the focus may go to the browser's own controls, never to the page.
        assert page.evaluate(f"{inside} || document.activeElement == document.body")
        seen.add(
            page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)")
        )
    assert len(seen) >= controls
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    expect(customise).to_be_focused()
    expect(region(page)).to_be_visible()


@pytest.mark.parametrize("size", [(1280, 500), (360, 500), (320, 360)])
def test_the_focus_is_seen_on_every_control(
    visit: Callable[..., Page], size: tuple[int, int]
) -> None:
    """With a ring, and not beneath the row of buttons that stays in sight."""
    page = visit(size)
    frame = open_choices(page)
    seen, controls = 0, frame.locator("input, a, button").count()
    for _ in range(controls + 3):
        page.keyboard.press("Tab")
        found = page.evaluate("""() => {
          const e = document.activeElement, { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(e);
          const { x, y, width, height } = e.getClientRects()[0] || {};
          const met = document.elementFromPoint(x + width / 2, y + height / 2);
          return e.matches("input, a, button") && [e.contains(met), outlineStyle, outlineWidth, outlineColor];
        }""")
        if found:
            seen += 1
            assert found == [True, "double", "5px", "rgb(0, 0, 0)"]
    assert seen >= controls


def test_the_answers_stay_in_sight_however_long_the_list_is(visit: Callable[..., Page]) -> None:
    page = visit((1280, 400))
    frame = open_choices(page)
    assert frame.evaluate("e => e.scrollHeight > e.clientHeight")
    for at in (0, 1e6):
        frame.evaluate("(e, at) => e.scrollTo(0, at)", at)
        for button in frame.get_by_role("button").all():
            assert button.evaluate("""e => {
              const { x, y, width, height } = e.getBoundingClientRect();
              return document.elementFromPoint(x + width / 2, y + height - 1) == e;
            }""")


def test_the_page_s_own_rules_change_nothing_of_it(visit: Callable[..., Page]) -> None:
    """Each element has the same computed style as on a page without any rule."""
    every = """all => all.map(e => {
      const style = getComputedStyle(e), found = {};
      for (const name of style) if (name != "font-family") found[name] = style.getPropertyValue(name);
      return [e.localName, found];
    })"""
    found = []
    for css in ("", HOSTILE):
        page = visit(body=f"<style>{css}</style>")
        layers = [region(page).evaluate_all(every)]
        frame = open_choices(page)
        layers.append(page.locator(".consent-gate *").evaluate_all(every))
        layers.append(frame.evaluate_all(every))
        found.append(layers)
        assert frame.get_by_role("button").first.is_visible()
    plain, hostile = ([each for layer in layers for each in layer] for layers in found)
    assert len(plain) == len(hostile) > 50
    for (name, before), (_, after) in zip(plain, hostile, strict=True):
        different = {key: (before[key], after[key]) for key in before if before[key] != after[key]}
        assert different == {}, name


def test_it_has_the_page_s_own_font(visit: Callable[..., Page]) -> None:
    page = visit(body="<style>body { font-family: Georgia, serif; }</style>")
    families = styles(page.locator(".consent-gate, .consent-gate *"), "font-family")
    assert {each[0] for each in families} == {"Georgia, serif"}


def test_the_page_sets_the_properties(visit: Callable[..., Page]) -> None:
    properties = """:root { --consent-accent: rgb(1, 2, 3); --consent-radius: 3px; }
      .consent-gate { --consent-background: rgb(240, 241, 242); --consent-font: Georgia; }"""
    page = visit(body=f"<style>{properties}</style>", text="#123", theme="light", radius="9px")
    button = region(page).get_by_role("button").first
    assert styles(button, "background-color", "border-radius", "font-family") == [
        ["rgb(1, 2, 3)", "3px", "Georgia"]
    ]
    assert styles(region(page), "background-color") == [["rgb(240, 241, 242)"]]


@pytest.mark.parametrize(
    ("theme", "system", "page_scheme", "is_dark"),
    [
        ("auto", "light", "light dark", False),
        ("auto", "dark", "light", True),
        ("light", "dark", "light dark", False),
        ("dark", "light", "light dark", True),
        ("page", "dark", "light dark", True),
        ("page", "dark", "light", False),
        ("page", "light", "dark", True),
    ],
)
def test_the_theme_says_when_it_is_dark(
    visit: Callable[..., Page], theme: str, system: str, page_scheme: str, is_dark: bool
) -> None:
    body = f"<style>:root {{ color-scheme: {page_scheme}; }}</style>"
    for look, light, dark in (
        ({}, "#ffffff", "#121212"),
        ({**COLOURS, "dark": DARK}, COLOURS["background"], DARK["background"]),
    ):
        page = visit(scheme=system, body=body, theme=theme, **look)
        [[ground, words]] = styles(region(page), "background-color", "color")
        assert colour(ground) == (dark if is_dark else light)
        assert contrast.ratio(colour(words), colour(ground)) >= contrast.TEXT


@pytest.mark.engines("chromium", "firefox")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_system_s_colours_are_those_that_contrast_is_computed_with(
    visit: Callable[..., Page], browser: Browser, scheme: str
) -> None:
    page = visit(theme=scheme)
    number = ["chromium", "firefox"].index(browser.browser_type.name)
    [[ground, words]] = styles(region(page), "background-color", "color")
    for key, value in (("background", ground), ("text", words)):
        expected = contrast.shown({}, key, scheme)
        assert expected
        assert colour(value) == expected[number]


def test_a_browser_without_light_dark_shows_the_system_s_colours(
    visit: Callable[..., Page],
) -> None:
    page = visit(
        change=lambda script: script.replace("light-dark(", "unknown("), **COLOURS, dark=DARK
    )
    names = ("background-color", "color", "border-top-style")
    assert styles(region(page), *names) == [["rgb(255, 255, 255)", "rgb(0, 0, 0)", "solid"]]
    for each in styles(open_choices(page).get_by_role("button"), *names):
        assert each == ["rgba(0, 0, 0, 0)", "rgb(0, 0, 0)", "solid"]
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "double"


def test_without_a_style_sheet_it_works_and_axe_finds_nothing(visit: Callable[..., Page]) -> None:
    page = visit(headless=True)
    assert page.evaluate("document.adoptedStyleSheets.length") == 0
    assert broken_rules(page) == []
    frame = open_choices(page)
    assert broken_rules(page) == []
    frame.get_by_role("button", name="Reject all").click()
    expect(region(page)).to_have_count(0)
    assert page.evaluate("consent.granted('stats')") is False
