# SPDX-License-Identifier: MIT
"""The style sheets of one site: the minified rules, and the colours the owner set.

The owner's values take the place of the defaults in colours.css, light and dark each in its own
block: a rule added at the end would set the light colours in the dark as well.
"""

import re
from collections.abc import Mapping

from consent_banner.bundle import PACKAGE, Parts
from consent_banner.config import Look
from consent_banner.tables import COLOURS

_BANNER = ":where(.consent-gate)"
_DIALOG = ":where(.consent-forget)"
_DEFAULTS = re.compile(rf"(?<={re.escape(_BANNER)}\{{)[^{{}}]*(?=\}})")


def defaults() -> tuple[dict[str, str], dict[str, str]]:
    """The colours of colours.css, light and dark, by their keys in `[look]`, each as `#rrggbb`."""
    sheet = (PACKAGE / "css" / "min" / "colours.css").read_text(encoding="utf-8")
    light, dark = (
        {
            key: _long(colour)
            for key in COLOURS
            for colour in re.findall(rf"{_property(key)}:(#[0-9a-f]+)", block)
        }
        for block in _DEFAULTS.findall(sheet)
    )
    return light, dark


def files(look: Look) -> tuple[str, ...]:
    """Style sheets in the order in which they count."""
    return ("colours.css", "base.css", f"position-{look.position}.css")


def sheet(made: Parts, look: Look) -> str:
    """The whole sheet of consent.js."""
    _, *rest = files(look)
    return _colours(made, look) + "".join(map(made.style, rest))


def choices_sheet(made: Parts, look: Look) -> str:
    """The whole sheet of choices.js; its dialog has the banner's colours."""
    return _colours(made, look).replace(_BANNER, _DIALOG) + made.style("choices.css")


def _colours(made: Parts, look: Look) -> str:
    blocks = iter((look.light, look.dark))
    sheet = _DEFAULTS.sub(lambda block: _with(block[0], next(blocks)), made.style("colours.css"))
    assert next(blocks, None) is None, "one block of defaults, then one for the dark"
    return sheet


def _with(block: str, settings: Mapping[str, str]) -> str:
    """The declarations of *block* with *settings* in the place of those they replace."""
    values = dict(declaration.split(":", 1) for declaration in block.split(";"))
    for key, value in settings.items():
        values[_property(key)] = _short(value)
    return ";".join(f"{name}:{value}" for name, value in values.items())


def _property(key: str) -> str:
    return f"--consent-{key.replace('_', '-')}"


def _long(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


def _short(value: str) -> str:
    """`#ffffff` as `#fff`, in small letters, as the minifier writes colours."""
    if not value.startswith("#"):
        return value
    short = re.fullmatch(r"#(.)\1(.)\2(.)\3", value.lower())
    return "#" + "".join(short.groups()) if short else value.lower()
