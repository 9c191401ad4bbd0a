# SPDX-License-Identifier: MIT
import re

import pytest
from consent_banner import build, bundle, style
from consent_banner.config import Look
from unit.builder.banner_document import banner_config

PROPERTIES = ("accent", "accent-text", "background", "border", "font", "radius", "text")
PARTS = bundle.parts()


def uses(look):
    """What stands for each custom property wherever the sheet of consent.js uses it."""
    sheet = style.sheet(PARTS, look)
    found = re.findall(r"var\(--consent-([a-z-]+)(?:,((?:[^()]|\([^()]*\))*))?\)", sheet)
    values = {name: {value for other, value in found if other == name} for name, _ in found}
    assert all(len(each) == 1 for each in values.values()), "a property has one default"
    return {name: value for name, (value,) in values.items()}


@pytest.mark.parametrize(
    ("position", "changes"),
    [
        ("bar", []),
        ("box", ["position-box.css"]),
        ("corner", ["position-box.css", "position-corner.css"]),
        ("inline", ["position-box.css", "position-inline.css"]),
    ],
)
def test_the_sheet_is_the_base_and_its_position(position, changes):
    sheet = style.sheet(PARTS, Look(position, {}, {}))
    assert sheet == "".join(map(PARTS.style, ["base.css", *changes]))


def test_the_defaults_are_the_colours_of_the_system():
    assert uses(Look("bar", {}, {})) == {
        "accent": "",
        "accent-text": "",
        "background": "Canvas",
        "border": "#8888",
        "font": "",
        "radius": ".5em",
        "text": "CanvasText",
    }


@pytest.mark.parametrize("position", ["bar", "box", "corner", "inline"])
def test_a_page_can_set_every_property(position):
    assert tuple(sorted(uses(Look(position, {}, {})))) == PROPERTIES


def test_the_owners_values_take_the_place_of_the_defaults():
    own = {"accent": "#112233", "accent_text": "#FFFFFF", "radius": "8px", "font": "Georgia, serif"}
    assert uses(Look("box", own, {})) == uses(Look("box", {}, {})) | {
        "accent": "#123",
        "accent-text": "#fff",
        "radius": "8px",
        "font": "Georgia, serif",
    }


def test_dark_colours_stand_beside_the_light_ones_or_the_defaults():
    light = {"accent": "#112233", "border": "#abcdef"}
    dark = {"accent": "#ccddee", "text": "#eeeeef", "border": "#abcdef"}
    shown = uses(Look("bar", light, dark))
    assert shown["accent"] == "light-dark(#123,#cde)"
    assert shown["text"] == "light-dark(CanvasText,#eeeeef)"
    assert shown["border"] == "#abcdef"
    assert shown["background"] == "Canvas"
    shown = uses(Look("bar", {}, {"accent": "#ccddee", "accent_text": "#000000"}))
    assert shown["accent"] == "light-dark(transparent,#cde)"
    assert shown["accent-text"] == "light-dark(currentcolor,#000)"


def test_one_theme_has_one_colour_each():
    light, dark = {"accent": "#112233", "text": "#000000"}, {"accent": "#ccddee"}
    shown = uses(Look("bar", light, dark, theme="light"))
    assert (shown["accent"], shown["text"]) == ("#123", "#000")
    shown = uses(Look("bar", light, dark, theme="dark"))
    assert (shown["accent"], shown["text"]) == ("#cde", "#000")


@pytest.mark.parametrize(
    ("theme", "scheme"),
    [("auto", "light dark"), ("light", "light"), ("dark", "dark"), ("page", "inherit")],
)
def test_the_theme_is_the_colour_scheme(theme, scheme):
    sheet = style.sheet(PARTS, Look("bar", {}, {}, theme=theme))
    assert re.findall("color-scheme:([^;}]*)", sheet) == [scheme]


def test_only_colours_for_light_and_dark_need_the_rule_for_older_browsers():
    dark = {"text": "#eeeeef"}
    for theme, needed in (("auto", True), ("page", True), ("light", False), ("dark", False)):
        look = Look("bar", {}, dark, theme=theme)
        assert ("light-dark" in style.sheet(PARTS, look)) == needed
        assert ("without-light-dark.css" in style.files(look)) == needed
    assert "without-light-dark.css" not in style.files(Look("bar", {"text": "#000000"}, {}))


def test_what_is_switched_on_brings_its_own_sheet():
    look = Look("bar", {"border": "#112233"}, {})
    sheet = style.sheet(PARTS, look, ["placeholder.css"])
    own = PARTS.style("placeholder.css").replace("var(--consent-border,#8888)", "@")
    assert sheet == style.sheet(PARTS, look) + own.replace("@", "var(--consent-border,#123)")


def test_the_dialog_of_the_second_script_looks_as_the_banner_does():
    look = Look("corner", {"accent": "#112233"}, {"text": "#eeeeef"})
    sheet = style.choices_sheet(PARTS, look)
    own = PARTS.style("choices.css")
    assert own in sheet
    assert sheet.replace(own, "") == style.sheet(PARTS, look)


def test_a_headless_build_has_no_style_in_either_script():
    plain = build.make(banner_config())
    headless = build.make(banner_config(look={"headless": True, "accent": "#123456"}))
    for before, after in ((plain.consent, headless.consent), (plain.choices, headless.choices)):
        assert b"CSSStyleSheet" in before.content
        for word in (b"CSSStyleSheet", b"{color:", b"--consent-", b"123456"):
            assert word not in after.content
        assert b"consent-gate" in after.content
    assert headless.build_hash != plain.build_hash
