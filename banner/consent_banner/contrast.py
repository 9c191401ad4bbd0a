# SPDX-License-Identifier: MIT
"""Whether a look is legible, computed as WCAG 2.2 does before anything is built.

What is measured, and what is not: text (success criterion 1.4.3) needs 4.5:1. Links and the focus
ring have the colour of the text, so that they have more than the 3:1 that 1.4.11 asks for. A button
is known by the words in it, whose colour its edge has, and a box that is ticked by the tick, whose
colour the browser picks; the border of the panel only decorates. These need no ratio of their own.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from consent_banner.schema import Problem

TEXT = 4.5
"""The least ratio of text of ordinary size: WCAG 2.2, 1.4.3."""

PAIRS = (("text", "background"), ("accent_text", "accent"))
"""What is written, on what; keys of `[look]`."""

SCHEMES = {
    "auto": ("light", "dark"),
    "light": ("light",),
    "dark": ("dark",),
    "page": ("light", "dark"),
}
"""`look.theme` -> the schemes that a visitor may meet."""

_SYSTEM = {"text": "CanvasText", "background": "Canvas"}
_LIKE = {"accent_text": "text", "accent": "background"}
# What css/base.css shows where the owner sets nothing: a system colour, or that of another key.

# Each browser has its own: Chromium, Firefox, WebKit. A look has to be legible in all of them.
_SHOWN = {
    ("Canvas", "light"): ("#ffffff", "#ffffff", "#ffffff"),
    ("CanvasText", "light"): ("#000000", "#000000", "#000000"),
    ("Canvas", "dark"): ("#121212", "#1c1b22", "#1e1e1e"),
    ("CanvasText", "dark"): ("#ffffff", "#fbfbfe", "#ffffff"),
}
_COLOUR = re.compile("#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


class Contrast(NamedTuple):
    """Two colours and their ratio."""

    ratio: float
    one: str
    other: str

    @property
    def colours(self) -> tuple[str, str]:
        return self.one, self.other


def is_colour(value: object) -> bool:
    """Whether *value* is a colour whose contrast can be computed: `#rgb` or `#rrggbb`."""
    return isinstance(value, str) and _COLOUR.fullmatch(value) is not None


def long(colour: str) -> str:
    """*colour* as `#rrggbb` in small letters."""
    digits = colour[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def ratio(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21, whichever comes first."""
    light, dark = sorted((_luminance(long(one)), _luminance(long(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1."""

    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def written(value: float) -> str:
    """A ratio for people, never rounded up to what it does not reach."""
    return f"{int(value * 100) / 100:g}:1"


def place_of(look: Mapping[str, Any], key: str, scheme: str) -> tuple[str, ...] | None:
    """Where the colour of *key* is set, as a place below `[look]`; None: nowhere.

    The owner's light colour stands in the dark too, unless the dark has its own.
    """
    dark = look.get("dark")
    if scheme == "dark" and isinstance(dark, Mapping) and key in dark:
        return "dark", key
    if key in look:
        return (key,)
    return place_of(look, _LIKE[key], scheme) if key in _LIKE else None


def shown(look: Mapping[str, Any], key: str, scheme: str) -> tuple[str, ...] | None:
    """The colour of *key* in each browser; None when what is set is no colour."""
    place = place_of(look, key, scheme)
    if place is None:
        return _SHOWN[_SYSTEM[_LIKE.get(key, key)], scheme]
    value = look["dark"][place[1]] if place[0] == "dark" else look[place[0]]
    return (value,) * 3 if is_colour(value) else None


def least(look: Mapping[str, Any], pair: tuple[str, str], scheme: str) -> Contrast | None:
    """The contrast of *pair* in the browser where it is lowest; None when one is no colour."""
    one, other = (shown(look, key, scheme) for key in pair)
    if one is None or other is None:
        return None
    return min(Contrast(ratio(*both), *both) for both in zip(one, other, strict=True))


def problems(look: Mapping[str, Any]) -> list[Problem]:
    """The pairs of the table `[look]` that people could not read; what is no colour is skipped."""
    theme = look.get("theme", "auto")
    if look.get("headless") is True or theme not in SCHEMES:
        return []
    found = (_problem(look, pair, scheme) for scheme in SCHEMES[theme] for pair in PAIRS)
    return list(dict.fromkeys(filter(None, found)))


def _problem(look: Mapping[str, Any], pair: tuple[str, str], scheme: str) -> Problem | None:
    places = [place_of(look, key, scheme) for key in pair]
    contrast = least(look, pair, scheme) if any(places) else None
    if contrast is None or contrast.ratio >= TEXT:
        return None
    # The error stands at a key that the owner wrote; of two, at what is written on the other.
    own, other, word = (0, 1, "on") if places[0] else (1, 0, "under")
    beside = places[other]
    default = _LIKE.get(pair[other], pair[other])
    name = f"look.{'.'.join(beside)}" if beside else f"the {scheme} default of {default}"
    colours = contrast.colours
    return (
        ("look", *(places[own] or ())),
        f"found {colours[own]} {word} {name} {colours[other]}: contrast {written(contrast.ratio)}, "
        f"expected at least {written(TEXT)}",
    )
