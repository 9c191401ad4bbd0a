# SPDX-License-Identifier: MIT
from consent_banner import bundle, style
from consent_banner.config import Look


def test_the_sheet_is_the_base_and_its_position():
    made = bundle.parts()
    sheet = style.sheet(made, Look("box", {}, {}))
    assert sheet == made.style("base.css") + made.style("position-box.css")


def test_what_the_owner_set_comes_last_and_weighs_nothing():
    look = Look("bar", {"accent": "#112233", "accent_text": "#ffffff", "radius": "8px"}, {})
    assert style.sheet(bundle.parts(), look).endswith(
        ":where(.consent-gate){--consent-accent:#112233;--consent-accent-text:#ffffff;"
        "--consent-radius:8px}"
    )


def test_dark_colours_stand_in_their_own_block():
    look = Look("bar", {}, {"text": "#eeeeee"})
    assert style.sheet(bundle.parts(), look).endswith(
        "@media(prefers-color-scheme:dark){:where(.consent-gate){--consent-text:#eeeeee}}"
    )
