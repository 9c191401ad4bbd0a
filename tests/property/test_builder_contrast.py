# SPDX-License-Identifier: MIT
"""Contrast of any two colours, and of any look."""

from consent_banner import contrast
from hypothesis import given, settings
from hypothesis import strategies as st

# A busy machine is no failure.
unhurried = settings(deadline=None)

colours = st.from_regex(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", fullmatch=True)
keys = ("text", "background", "accent", "accent_text", "border")
tables = st.dictionaries(st.sampled_from(keys), colours)


@unhurried
@given(colours, colours)
def test_the_ratio_is_the_same_both_ways_and_from_1_to_21(one, other):
    found = contrast.ratio(one, other)
    assert 1 <= found <= 21
    assert found == contrast.ratio(other, one)
    assert contrast.ratio(one, one) == 1


@unhurried
@given(colours)
def test_black_or_white_is_legible_on_every_colour(ground):
    """Whatever accent an owner has, there is a colour for its words."""
    assert max(contrast.ratio(ground, "#000"), contrast.ratio(ground, "#fff")) >= contrast.TEXT


@unhurried
@given(tables, tables, st.sampled_from(sorted(contrast.SCHEMES)))
def test_a_look_is_refused_exactly_when_a_pair_that_is_shown_is_too_faint(light, dark, theme):
    look = {**light, "dark": dark, "theme": theme}
    found = contrast.problems(look)
    too_faint = set()
    for scheme in contrast.SCHEMES[theme]:
        used = light | (dark if scheme == "dark" else {})
        # Buttons are in the colours of the words around them, unless they have their own.
        used = {"accent": used.get("background"), "accent_text": used.get("text")} | used
        for pair in contrast.PAIRS:
            grounds = [
                [used[key]] if used.get(key) else contrast.shown({}, key, scheme) for key in pair
            ]
            ratios = [contrast.ratio(a, b) for a in grounds[0] for b in grounds[1]]
            if min(ratios) < contrast.TEXT:
                too_faint.add(scheme)
    assert bool(found) == bool(too_faint)
    assert all(place[-1] in (*light, *dark) for place, _ in found)
