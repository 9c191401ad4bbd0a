# SPDX-License-Identifier: MIT
"""The page that the banners stand on, its third parties, and the floor's script."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WORDS = ("ledger", "notice", "record", "proof", "choice", "visitor", "service", "owner", "page")
GATE = {"ours": "data-consent", "floor": "data-c"}
"""The attribute that gates, by script."""
RELEASED = ("one.js", "two.js", "three.js")
"""The third parties' scripts on the page."""


def floor_script() -> tuple[str, bool]:
    """The floor's script and whether it could be minified here."""
    source = (HERE / "floor" / "floor-tag.src.js").read_text()
    try:
        minifier: Any = importlib.import_module("minify")
    except ModuleNotFoundError:
        return source, False
    return minifier.string("application/javascript", source), True


def files(script: str, kind: str, vendors: str) -> Mapping[str, str]:
    """What an origin serves: the page with the script of this *kind*, and at /none without it."""
    page = _page(GATE[kind], vendors)
    tag = '<script async src="/consent.js"></script>\n'
    assert tag in page
    return {
        "/": page,
        "/none.html": page.replace(tag, ""),
        "/style.css": (HERE / "page" / "style.css").read_text(),
        "/consent.js": script,
    }


def vendor_files() -> Mapping[str, str]:
    """What the third parties serve: three scripts that say that they ran, and a frame."""
    return {"/frame.html": "<!doctype html><title>Film</title>"} | {
        f"/{file}": f"window.{file.removesuffix('.js')} = 1;" for file in RELEASED
    }


def _page(gate: str, vendors: str) -> str:
    page = (HERE / "page" / "index.html").read_text()
    marks = {"@SCRIPT@": "/consent.js", "@GATE@": gate, "@VENDORS@": vendors, "@TEXT@": _text()}
    for mark, value in marks.items():
        page = page.replace(mark, value)
    return page


def _text() -> str:
    """About 10 kB of paragraphs, the same each time."""
    parts = []
    for section in range(12):
        sentences = [
            " ".join(
                WORDS[(section * 7 + line * 5 + word * (line + 1)) % len(WORDS)]
                for word in range(11)
            )
            for line in range(9)
        ]
        text = ". ".join(sentence.capitalize() for sentence in sentences)
        parts.append(f"<section><h2>Part {section + 1}</h2>\n<p>{text}.</p></section>")
    return "\n".join(parts)
