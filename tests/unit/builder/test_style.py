# SPDX-License-Identifier: MIT
import re

import pytest
from consent_banner import bundle, style
from consent_banner.config import Look


def blocks(look):
    """The custom properties of the light and of the dark block."""
    found = re.findall(r":where\(\.consent-gate\)\{([^{}]*)\}", style.sheet(bundle.parts(), look))
    return [dict(line.split(":", 1) for line in block.split(";")) for block in found]


def test_the_sheet_is_the_base_and_its_position():
    made = bundle.parts()
    sheet = style.sheet(made, Look("box", {}, {}))
    files = ("colours.css", "base.css", "position-box.css")
    assert sheet == "".join(map(made.style, files))


def test_the_owners_values_take_the_place_of_the_defaults_each_in_its_block():
    plain_light, plain_dark = blocks(Look("bar", {}, {}))
    own = {"accent": "#112233", "accent_text": "#FFFFFF", "radius": "8px", "font": "Georgia, serif"}
    light, dark = blocks(Look("bar", own, {"text": "#eeeeef"}))
    assert light == plain_light | {
        "--consent-accent": "#123",
        "--consent-accent-text": "#fff",
        "--consent-radius": "8px",
        "--consent-font": "Georgia, serif",
    }
    assert dark == plain_dark | {"--consent-text": "#eeeeef"}


def test_the_dialog_of_the_second_script_has_the_colours_of_the_banner():
    made = bundle.parts()
    look = Look("bar", {"accent": "#112233"}, {"text": "#eeeeef"})
    sheet = style.choices_sheet(made, look)
    assert sheet.endswith(made.style("choices.css"))
    assert "consent-gate" not in sheet
    found = re.findall(r":where\(\.consent-forget\)\{([^{}]*)\}", sheet)
    assert [dict(line.split(":", 1) for line in block.split(";")) for block in found] == blocks(
        look
    )


@pytest.mark.parametrize("key", ["accent", "accent_text", "background", "text", "border"])
def test_every_colour_of_the_settings_has_a_default_in_both_blocks(key):
    for block in blocks(Look("bar", {}, {})):
        assert f"--consent-{key.replace('_', '-')}" in block
