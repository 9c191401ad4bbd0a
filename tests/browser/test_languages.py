# SPDX-License-Identifier: MIT
"""The banner speaks the language of the page, and lets nobody down in any of them."""

from __future__ import annotations

from typing import Any

import pytest
from browser.spoken import LANGUAGES, built, button, visiting
from consent_banner.tables import POSITIONS
from playwright.sync_api import Browser, Locator, expect

WIDTHS = {320: 568, 360: 740, 1440: 900}
PLACES = [
    position for position in POSITIONS if position != "inline"
]  # is as wide as the page has it
THEMES: tuple[Any, ...] = ("light", "dark")

# What may differ between two buttons that look the same: where they stand, and a fraction of a pixel.
MEASURE = """button => {
  const style = getComputedStyle(button), box = button.getBoundingClientRect();
  const look = Object.fromEntries([...style].map(name => [name, style[name]]));
  for (const name of ["width", "height", "inline-size", "block-size", "perspective-origin", "transform-origin",
    "left", "right", "top", "bottom", "inset-inline-start", "inset-inline-end", "inset-block-start", "inset-block-end"])
    delete look[name];
  const pixel = (...colours) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const grounds = [];
  for (let each = button; each; each = each.parentElement) grounds.unshift(getComputedStyle(each).backgroundColor);
  const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const words = document.createRange();
  words.selectNodeContents(button);
  const text = words.getBoundingClientRect();
  return {
    look, x: box.x, y: box.y, width: box.width, height: box.height,
    text: pixel("white", ...grounds, style.color), ground: pixel("white", ...grounds),
    inSight: seen == button && box.x >= 0 && box.y >= 0 && box.right <= innerWidth && box.bottom <= innerHeight,
    isWhole: button.scrollWidth <= button.clientWidth && button.scrollHeight <= button.clientHeight
      && text.left >= box.left && text.right <= box.right && text.top >= box.top && text.bottom <= box.bottom,
  };
}"""
# Elements of a layer whose content is wider than they are, and whether the page scrolls sideways.
CUT_OFF = """layer => [...layer.querySelectorAll("*"), layer, document.documentElement]
  .filter(each => each.clientWidth && each.scrollWidth > each.clientWidth)
  .map(each => each.tagName)"""


def contrast(one: list[int], other: list[int]) -> float:
    """WCAG 2.2, 1.4.3, of two colours in sRGB."""

    def luminance(colour: list[int]) -> float:
        parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def check_equal(layer: Locator, words: dict[str, str], where: str) -> None:
    """Accept and Reject of a layer are the same but for their words and place."""
    accept = button(layer, words["accept"]).evaluate(MEASURE)
    reject = button(layer, words["reject"]).evaluate(MEASURE)
    assert accept["look"] == reject["look"], where
    assert abs(accept["width"] - reject["width"]) <= 1, where
    assert abs(accept["height"] - reject["height"]) <= 1, where
    for each in (accept, reject):
        assert each["inSight"], where
        assert each["isWhole"], where
        assert contrast(each["text"], each["ground"]) >= 4.5, where
    assert layer.evaluate(CUT_OFF) == [], where


@pytest.mark.parametrize("position", PLACES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_accept_and_reject_are_equal_in_both_layers(
    browser: Browser, language: str, position: str
) -> None:
    with visiting(browser, built((language,), position=position)) as visit:
        words = visit.words(language)
        for width, height in WIDTHS.items():
            visit.page.set_viewport_size({"width": width, "height": height})
            visit.open(f'lang="{language}"')
            gate, choices = visit.gate(language), visit.choices()
            for theme in THEMES:
                visit.page.emulate_media(color_scheme=theme)
                where = f"{language}, {position}, {theme}, {width} px"
                gate.wait_for()
                check_equal(gate, words, f"first layer, {where}")
                button(gate, words["customise"]).click()
                check_equal(choices, words, f"second layer, {where}")
                button(choices, words["close"]).click()
                expect(choices).to_be_hidden()


@pytest.mark.engines("chromium", "firefox")
def test_from_right_to_left_everything_stands_mirrored(browser: Browser) -> None:
    orders = {}
    for language in ("en", "ar"):
        with visiting(
            browser, built((language,)), viewport={"width": 1440, "height": 900}
        ) as visit:
            words = visit.words(language)
            # Of the page the banner needs nothing: its direction is that of its own words.
            visit.open('lang="en" dir="ltr"')
            gate = visit.gate(language)
            gate.wait_for()
            names = ("accept", "reject", "customise")
            places = {each: button(gate, words[each]).bounding_box()["x"] for each in names}
            button(gate, words["customise"]).click()
            choices = visit.choices()
            box = choices.get_by_role("checkbox").first
            title = box.evaluate(
                """box => {
                  const range = document.createRange();
                  range.selectNodeContents(box.closest("label"));
                  return [...range.getClientRects()].at(-1).x;
                }"""
            )
            orders[language] = (
                sorted(places, key=places.__getitem__),
                box.bounding_box()["x"] < title,
            )
            for layer in (gate, choices):
                expect(layer).to_have_attribute("lang", language)
                expect(layer).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
    assert orders == {
        "en": (["accept", "reject", "customise"], True),
        "ar": (["customise", "reject", "accept"], False),
    }


@pytest.mark.engines("chromium", "firefox", sample=3)
@pytest.mark.parametrize(
    ("html", "speaks", "shown"),
    [
        ('lang="fr"', ["de"], "fr"),
        ('lang="fr-CA"', ["de-AT"], "fr"),
        ('lang="FR"', ["de"], "fr"),
        ('lang="ar-EG" dir="rtl"', ["en"], "ar"),
        ("", ["de-AT", "fr"], "de"),
        ('lang=""', ["it"], "it"),
        ('lang="pt"', ["ja", "es-MX", "it"], "es"),
        ('lang="pt"', ["ja", "frr"], "en"),
        ('lang="deu"', [], "en"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else None,
)
def test_the_pages_language_is_chosen_then_the_browsers_then_the_default(
    browser: Browser, html: str, speaks: list[str], shown: str
) -> None:
    with visiting(browser, built()) as visit:
        visit.page.add_init_script(
            f"Object.defineProperty(navigator, 'languages', {{ value: {speaks!r} }})"
        )
        visit.open(html)
        gate = visit.gate(shown)
        expect(gate).to_have_attribute("lang", shown)
        expect(gate).to_contain_text(visit.words(shown)["intro"])
        button(gate, visit.words(shown)["customise"]).click()
        expect(visit.choices()).to_have_attribute("lang", shown)
        button(visit.choices(), visit.words(shown)["reject"]).click()
        record = visit.record()
        assert (record["language"], record["action"]) == (shown, "reject_all")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_script_for_each_language_speaks_that_language(browser: Browser, language: str) -> None:
    made = built(scripts="each")
    with visiting(browser, made, locale="de-DE") as visit:
        script, _ = made.spoken(language)
        # Even where page and browser speak another: the tag was chosen for this page.
        visit.open('lang="de"', script.name)
        gate = visit.gate(language)
        expect(gate).to_have_attribute("lang", language)
        button(gate, visit.words(language)["accept"]).click()
        record = visit.record()
        assert (record["language"], record["action"]) == (language, "accept_all")
        assert made.build_hash.startswith(record["build"])
