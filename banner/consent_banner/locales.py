# SPDX-License-Identifier: MIT
"""The banner's texts: locales/<language>.json, overrides by the site owner, placeholders.

`en.json` is the reference: its keys are the keys there are.
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
}
"""Placeholders by key that stay in the text, because each use fills them with its own value."""

_PLACEHOLDER = re.compile(r"\{([A-Za-z]+)\}")


@cache
def builtin(language: str) -> Mapping[str, str]:
    """The texts that come with the product; none for a language it does not speak."""
    file = PACKAGE / "locales" / f"{language}.json"
    if not file.is_file():
        return {}
    texts = json.loads(file.read_bytes())
    assert isinstance(texts, dict)
    return texts


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
