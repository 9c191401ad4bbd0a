# SPDX-License-Identifier: MIT
"""The banner's texts: locales/<language>.json, overrides by the site owner, placeholders.

`en.json` is the reference: its keys are the keys there are. A language of a region, as `fr-CA`, has
the texts of its language.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
REFERENCE = "en"

FILLED_AT_BUILD = frozenset({"controller", "site", "categories", "days"})
LATER = {
    "declarationDays": frozenset({"days"}),
    "choicesGranted": frozenset({"services"}),
    "choicesPlace": frozenset({"index", "log"}),
    "choicesGone": frozenset({"count"}),
    "choicesGoing": frozenset({"count"}),
    "choicesGoneWaiting": frozenset({"count"}),
    "placeholder": frozenset({"service", "provider"}),
    "loadAlways": frozenset({"service"}),
}
"""Placeholders by key that stay in the text, because each use fills them with its own value."""

_PLACEHOLDER = re.compile(r"\{([A-Za-z]+)\}")


# Written from right to left: languages, and scripts that a tag may name instead (BCP 47).
_RIGHT_TO_LEFT = re.compile("ar|arc|ckb|dv|fa|he|ks|nqo|ps|sd|syr|ug|ur|yi")
_RIGHT_TO_LEFT_SCRIPT = re.compile("adlm|arab|hebr|mand|nkoo|rohg|syrc|thaa")
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"


def shipped() -> tuple[str, ...]:
    """The languages that come with the product, the reference first."""
    found = sorted(file.stem for file in (PACKAGE / "locales").glob("*.json"))
    return (REFERENCE, *(language for language in found if language != REFERENCE))


def source(language: str) -> str | None:
    """The shipped language whose texts *language* has; None when there is none."""
    tags = (language, language.split("-")[0])
    return next((tag for tag in tags if tag in shipped()), None)


@cache
def builtin(language: str) -> Mapping[str, str]:
    """The texts that come with the product; none for a language it does not speak."""
    found = source(language)
    if found is None:
        return {}
    texts = json.loads((PACKAGE / "locales" / f"{found}.json").read_bytes())
    assert isinstance(texts, dict)
    return texts


def direction(language: str) -> str:
    """How *language* is written: "ltr" or "rtl", as the attribute `dir` has it."""
    primary, *subtags = language.lower().split("-")
    script = next((tag for tag in subtags[:1] if len(tag) == 4 and tag.isalpha()), None)
    is_rtl = (
        _RIGHT_TO_LEFT_SCRIPT.fullmatch(script) if script else _RIGHT_TO_LEFT.fullmatch(primary)
    )
    return "rtl" if is_rtl else "ltr"


def marks(language: str) -> str:
    """The attributes of a piece of HTML in *language*."""
    return f'lang="{language}" dir="{direction(language)}"'


def isolated(name: str, language: str) -> str:
    """*name* for use among words of *language*, where it keeps its own direction.

    From right to left, "Shop Ltd." would lose its full stop to the other side. Source: UAX #9, FSI
    and PDI.
    """
    return f"{_ISOLATE}{name}{_END_OF_ISOLATE}" if direction(language) == "rtl" else name


def with_isolated_values(text: str, language: str) -> str:
    """*text* of *language*, whose values will keep their own direction when they are filled in."""
    return _PLACEHOLDER.sub(lambda found: isolated(found[0], language), text)


def text_keys() -> frozenset[str]:
    """Every text key."""
    return frozenset(builtin(REFERENCE))


def allowed_placeholders(key: str) -> frozenset[str]:
    """Placeholders that the text of *key* may contain."""
    return LATER.get(key, FILLED_AT_BUILD)


def unknown_placeholders(key: str, text: str) -> list[str]:
    """Words in braces that no value will ever replace."""
    allowed = allowed_placeholders(key)
    return [word for word in _PLACEHOLDER.findall(text) if word not in allowed]


def fill(text: str, values: Mapping[str, str]) -> str:
    """*text* with each `{word}` that has a value replaced, once: values are never looked into."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def join_words(words: Iterable[str], conjunction: str) -> str:
    """A list as people read it: `a`, `a and b`, `a, b and c`."""
    *first, last = list(words) or [""]
    return f"{', '.join(first)} {conjunction} {last}" if first else last
