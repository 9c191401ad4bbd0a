# SPDX-License-Identifier: MIT
import pytest
from consent_banner import config, contrast
from consent_banner.config import ConfigError
from consent_banner.schema import path
from unit.builder.banner_document import banner_document


def refused(**look):
    """What is said of a look, each error as it is printed."""
    with pytest.raises(ConfigError) as error:
        config.from_document(banner_document(look=look))
    return [f"{path(place)}: {message}" for place, message in error.value.problems]


def accepted(**look):
    return config.from_document(banner_document(look=look)).look


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # The ends, and ratios that other implementations of WCAG's formula agree on.
        ("#ffffff", "#000000", 21),
        ("#abcdef", "#abcdef", 1),
        ("#777777", "#ffffff", 4.478),
        ("#767676", "#ffffff", 4.542),
        ("#ff0000", "#ffffff", 3.998),
        ("#00ff00", "#000000", 15.304),
        ("#0000ff", "#ffffff", 8.592),
        ("#fff", "#00F", 8.592),
    ],
)
def test_the_ratio_is_that_of_wcag(one, other, expected):
    assert contrast.ratio(one, other) == pytest.approx(expected, abs=0.001)


def test_a_ratio_is_never_written_as_one_that_it_does_not_reach():
    assert contrast.written(4.4999) == "4.49:1"
    assert contrast.written(4.5) == "4.5:1"
    assert contrast.written(21.0) == "21:1"


def test_two_colours_of_the_owner_are_named_with_their_ratio():
    assert refused(accent="#888888", accent_text="#777777") == [
        "look.accent_text: found #777777 on look.accent #888888: contrast 1.26:1, "
        "expected at least 4.5:1"
    ]


def test_each_pair_is_looked_at():
    found = refused(text="#777", background="#888", accent="#999", accent_text="#aaa")
    assert [line.split(":")[0] for line in found] == ["look.accent_text", "look.text"]


def test_just_enough_is_enough():
    assert accepted(theme="light", text="#767676").light == {"text": "#767676"}
    (line,) = refused(theme="light", text="#777777")
    assert "contrast 4.47:1" in line


def test_a_colour_alone_is_held_against_the_system_colour_in_each_scheme():
    assert refused(text="#111111") == [
        "look.text: found #111111 on the dark default of background #121212: "
        "contrast 1:1, expected at least 4.5:1"
    ]
    assert refused(background="#fafafa") == [
        "look.background: found #fafafa under the dark default of text #fbfbfe: "
        "contrast 1.01:1, expected at least 4.5:1"
    ]
    (line,) = refused(accent="#ffff00")
    assert line.startswith("look.accent: found #ffff00 under the dark default of text #fbfbfe: ")


def test_buttons_without_colours_have_those_of_the_words_around_them():
    accepted(text="#ffffff", background="#000080", border="#000080")
    assert refused(text="#ffffff", background="#000080", accent="#ffff00") == [
        "look.text: found #ffffff on look.accent #ffff00: contrast 1.07:1, expected at least 4.5:1"
    ]
    assert refused(text="#ffffff", background="#000080", accent_text="#0000aa") == [
        "look.accent_text: found #0000aa on look.background #000080: contrast 1.2:1, "
        "expected at least 4.5:1"
    ]


def test_the_least_legible_browser_counts():
    """#7a7a7a is legible on the dark of Chromium, and not on the lighter ones of the others."""
    (line,) = refused(theme="dark", text="#7f7f7f")
    assert "#7f7f7f on the dark default of background #1e1e1e: contrast 4.1" in line
    assert contrast.ratio("#7f7f7f", "#121212") > 4.5


@pytest.mark.parametrize(("theme", "errors"), [("auto", 1), ("page", 1), ("dark", 1), ("light", 0)])
def test_only_schemes_that_the_theme_shows_count(theme, errors):
    look = {"theme": theme, "text": "#111111"}
    if errors:
        assert len(refused(**look)) == errors
    else:
        assert accepted(**look).theme == theme


def test_dark_colours_are_looked_at_with_what_they_stand_beside():
    light = {"text": "#111111", "background": "#ffffff"}
    assert refused(**light, dark={"background": "#000000"}) == [
        "look.text: found #111111 on look.dark.background #000000: contrast 1.11:1, "
        "expected at least 4.5:1"
    ]
    assert refused(**light, dark={"text": "#eeeeee"}) == [
        "look.dark.text: found #eeeeee on look.background #ffffff: contrast 1.16:1, "
        "expected at least 4.5:1"
    ]
    dark = {"text": "#eeeeee", "background": "#000000"}
    assert accepted(**light, dark=dark).dark == dark


def test_what_is_wrong_in_both_schemes_is_told_once():
    assert len(refused(text="#777777", background="#888888")) == 1


def test_border_and_headless_looks_are_not_looked_at():
    assert accepted(border="#ffffff").light == {"border": "#ffffff"}
    assert accepted(headless=True, text="#777777", background="#888888").headless


def test_what_is_no_colour_is_told_as_that_alone():
    (line,) = refused(text="red", background="#ffffff")
    assert line == 'look.text: found "red", expected a colour as "#rrggbb" or "#rgb"'
