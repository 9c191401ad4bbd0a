# SPDX-License-Identifier: MIT
"""One classic script out of the minified modules and the values of one site.

Nothing is minified here: a user's build joins bytes that came with the package, so it gives the
same bytes on every platform.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consent_banner import modules
from consent_banner.modules import CONFIG, VARIANTS

PACKAGE = Path(__file__).parent

PLACEHOLDER = re.compile(r"\$\$?[A-Za-z]\w*")
"""Stands in a minified module for what a build has a value for: see `minify.mangle`."""

_SPLIT = re.compile(f"({PLACEHOLDER.pattern})")
_ROWS = ("configuration", "texts", "style")

Pieces = Sequence[tuple[str, str]]
"""Code in order, each piece with the row of the size report that it belongs to."""

# No "use strict": the modules are checked as strict code, and it costs bytes on every page.
_HEAD, _TAIL = "(()=>{", "})();\n"


@dataclass(frozen=True)
class Value:
    """What a placeholder stands for: code, and its row of the size report."""

    row: str
    code: str

    @property
    def is_worth_a_name(self) -> bool:
        """False for what is as short as a name, or is one: `B.a`."""
        return len(self.code) > 5


@dataclass(frozen=True)
class Parts:
    """The minified modules and style sheets of a package, and their manifest."""

    package: Path
    manifest: Mapping[str, Any]

    @property
    def names(self) -> Mapping[str, str]:
        """Short name of every private name."""
        names: Mapping[str, str] = self.manifest["names"]
        return names

    def module(self, file: str) -> str:
        return (self.package / "js" / "min" / file).read_bytes().decode()

    def style(self, file: str) -> str:
        return (self.package / "css" / "min" / file).read_bytes().decode()


def parts(package: Path = PACKAGE) -> Parts:
    """What `python -m consent_banner.minify` made."""
    return Parts(package, json.loads((package / "js" / "min" / "manifest.json").read_bytes()))


def variants(names: Iterable[str]) -> dict[str, str]:
    """Files that stand in for others: by import name."""
    return {name: VARIANTS[name] for name in names}


def order(made: Parts, chosen: Mapping[str, str], entry: str = modules.ENTRY) -> list[str]:
    """Files of the script that begins with *entry*, each after what it imports."""
    links = {file: module["imports"] for file, module in made.manifest["modules"].items()}
    return modules.order(links, chosen, entry)


def hashes(made: Parts, files: Sequence[str], styles: Sequence[str]) -> dict[str, str]:
    """SHA-256 (hex) of the minified bytes of each module and style sheet."""
    found = {file: made.module(file) for file in files if file != CONFIG}
    found |= {file: made.style(file) for file in styles}
    return {file: hashlib.sha256(text.encode()).hexdigest() for file, text in found.items()}


def join(
    made: Parts,
    files: Sequence[str],
    values: Callable[[Collection[str], Mapping[str, str]], Mapping[str, Value]],
) -> list[tuple[str, str]]:
    """The script in pieces; joined they are the whole of it.

    *values* is called with the placeholders in use and the table of short names, and gives what
    each of them stands for. A value that is used once is written there, others get a name first.
    """
    codes = {file: made.module(file) for file in files if file != CONFIG}
    count = Counter(each for code in codes.values() for each in PLACEHOLDER.findall(code))
    found = values(count.keys(), made.names)
    named = {
        placeholder: made.names["_" + placeholder.lstrip("$")]
        for placeholder in sorted(count, key=lambda each: (_ROWS.index(found[each].row), each))
        if count[placeholder] > 1 and found[placeholder].is_worth_a_name
    }
    body = _Body()
    for placeholder, name in named.items():
        value = found[placeholder]
        body.add([(value.row, f"const {name}={value.code}")], is_constants=True)
    for file, code in codes.items():
        pieces = []
        # Text and placeholder take turns.
        for place, part in enumerate(_SPLIT.split(code)):
            if place % 2 and part not in named:
                pieces.append((found[part].row, found[part].code))
            else:
                pieces.append((file, named.get(part, part)))
        body.add(pieces, is_constants=made.manifest["modules"][file]["is_constants"])
    return [("wrapper", _HEAD), *body.pieces, ("wrapper", _TAIL)]


class _Body:
    """Code that grows: each part ends its last statement, and joins the constants before it."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, str]] = []
        self._ends_in_constants = False

    def add(self, pieces: Pieces, *, is_constants: bool) -> None:
        more = [piece for piece in pieces if piece[1]]
        if not more:
            return
        if is_constants and self._ends_in_constants:
            last, first = self.pieces[-1], more[0]
            self.pieces[-1] = (last[0], last[1].removesuffix(";") + ",")
            more[0] = (first[0], first[1].removeprefix("const").lstrip())
        row, code = more[-1]
        more[-1] = (row, code if code.endswith(";") else code + ";")
        self.pieces += more
        self._ends_in_constants = is_constants
