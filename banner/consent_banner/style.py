# SPDX-License-Identifier: MIT
"""The style sheets of one site: the minified rules, with the owner's looks in them.

The rules name a colour as `var(--consent-accent,CanvasText)` wherever they use it. So a page
changes it with a rule of its own, and what the owner sets takes the default's place.
"""

import re
from collections.abc import Iterable

from consent_banner.bundle import Parts
from consent_banner.config import Look
from consent_banner.contrast import long

_PROPERTY = re.compile(r"var\(--consent-([a-z-]+)(?:,([^()]*))?\)")
_NONE = {"accent": "transparent", "accent_text": "currentcolor"}
"""What a property without a default comes to: buttons look like the text around them."""
_SCHEME = "color-scheme:light dark"
_SCHEMES = {"auto": "light dark", "light": "light", "dark": "dark", "page": "inherit"}
"""`look.theme` -> the value of color-scheme."""
_POSITIONS = {
    "bar": (),
    "box": ("position-box.css",),
    "corner": ("position-box.css", "position-corner.css"),
    "inline": ("position-box.css", "position-inline.css"),
}
"""`look.position` -> what changes the bar of base.css."""


def files(look: Look, features: Iterable[str] = ()) -> tuple[str, ...]:
    """Style sheets in the order in which they count; *features*: those of what is switched on."""
    if look.headless:
        return ()
    found = ["base.css", *_POSITIONS[look.position], *features]
    if _has_both(look):
        found.append("without-light-dark.css")
    return tuple(found)


def sheet(made: Parts, look: Look, features: Iterable[str] = ()) -> str:
    """The whole sheet of consent.js, empty when it is headless."""
    rules = "".join(map(made.style, files(look, features)))
    assert look.headless or _SCHEME in rules, "base.css says which schemes it is made for"
    rules = rules.replace(_SCHEME, f"color-scheme:{_SCHEMES[look.theme]}")
    return _PROPERTY.sub(lambda found: _property(look, found[1], found[2]), rules)


def choices_sheet(made: Parts, look: Look) -> str:
    """The whole sheet of choices.js; its dialog looks as the banner's does."""
    return sheet(made, look, () if look.headless else ("choices.css",))


def _has_both(look: Look) -> bool:
    """Whether a colour differs between light and dark."""
    return bool(look.dark) and look.theme in ("auto", "page")


def _property(look: Look, name: str, default: str | None) -> str:
    """One use of the property `--consent-<name>`, with what stands where no page sets it."""
    key = name.replace("-", "_")
    value = _short(look.light[key]) if key in look.light else default
    if key in look.dark and look.theme != "light":
        dark = _short(look.dark[key])
        is_one = look.theme == "dark" or dark == value
        value = dark if is_one else f"light-dark({value or _NONE[key]},{dark})"
    return f"var(--consent-{name}{',' + value if value else ''})"


def _short(value: str) -> str:
    """`#ffffff` as `#fff`, in small letters, as the minifier writes colours."""
    if not value.startswith("#"):
        return value
    short = re.fullmatch(r"#(.)\1(.)\2(.)\3", long(value))
    return "#" + "".join(short.groups()) if short else long(value)
