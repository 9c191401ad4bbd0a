# SPDX-License-Identifier: MIT
"""Small packages of JavaScript modules, made in a test's own directory."""

from collections.abc import Mapping
from pathlib import Path

SPDX = "// SPDX-License-Identifier: MIT\n"

# config.js as the real one is: a stub whose values the builder writes.
CONFIG = """export const _notice = "";
export const _build = "";
export const _lifetimeH = 0;
export const _domain = "";
export const _ledgerUrl = "";
export const _css = "";
export const _asked = [];
export const _locales = [];
"""

# What the names table must know besides, as the real modules use it.
TEXTS = """import { _locales } from "./config.js";
export const [_language, _text] = _locales[0];
"""

# What the owner's looks go into, and nothing else.
STYLES = {
    "base.css": ".base { color-scheme: light dark; color: var(--consent-accent, red); }\n",
    "choices.css": ".choices { color: red; }\n",
    "position-box.css": ".box { color: red; }\n",
}


def tiny_package(folder: Path, sources: Mapping[str, str]) -> Path:
    """A package with these modules by file name, and the style sheets the builder needs."""
    (folder / "js").mkdir(parents=True)
    (folder / "css").mkdir()
    for name, source in sources.items():
        (folder / "js" / name).write_text(SPDX + source, newline="\n")
    for name, style in STYLES.items():
        (folder / "css" / name).write_text(style, newline="\n")
    return folder
