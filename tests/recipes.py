# SPDX-License-Identifier: MIT
"""The recipes of banner/RECIPES.md, read out of the document, so that it is what is tested."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "banner" / "RECIPES.md"
BLOCK = re.compile(r"^```(toml|html) (\S[^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@cache
def blocks() -> dict[tuple[str, ...], str]:
    """Every named block, by language and the words of its name."""
    found: dict[tuple[str, ...], str] = {}
    for language, name, content in BLOCK.findall(DOCUMENT.read_text(encoding="utf-8")):
        key = (language, *name.split())
        assert key not in found, f"two blocks are called {' '.join(key)}"
        found[key] = content
    return found


@dataclass(frozen=True)
class Recipe:
    """One service: its table, and its tag as the vendor gives it and as it is to be pasted."""

    id: str
    category: str
    toml: str

    def tag(self, when: str, where: str) -> str:
        """HTML for *where* ("head" or "body"), *when* "before" or "after" the change; or none."""
        return blocks().get(("html", self.id, when, where), "")

    @property
    def gate(self) -> str:
        """The id of the service or category that the changed tag waits for."""
        html = self.tag("after", "head") + self.tag("after", "body")
        (gate,) = set(re.findall(r'data-consent="([^"]+)"', html))
        return gate


def recipes() -> list[Recipe]:
    """Every service that has a table, in the order of the document."""
    return [
        Recipe(key[2], key[1], content)
        for key, content in blocks().items()
        if key[0] == "toml" and len(key) == 3 and key[1] != "category"
    ]


def with_tags() -> list[Recipe]:
    """The recipes that change a tag."""
    gated = {key[1] for key in blocks() if key[0] == "html" and "after" in key}
    return [recipe for recipe in recipes() if recipe.id in gated]


def settings(chosen: Iterable[Recipe]) -> str:
    """A whole `banner.toml` with these services."""
    chosen = list(chosen)
    parts = [blocks()["toml", "site"]]
    for category in dict.fromkeys(recipe.category for recipe in chosen):
        parts.append(blocks()["toml", "category", category])
        parts += [recipe.toml for recipe in chosen if recipe.category == category]
    return "\n".join(parts)
