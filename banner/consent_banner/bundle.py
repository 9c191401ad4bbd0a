# SPDX-License-Identifier: MIT
"""One classic script out of the minified modules and the values of one site.

Nothing is minified here: a user's build joins bytes that came with the package, so it gives the
same bytes on every platform.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consent_banner import modules
from consent_banner.modules import CONFIG, VARIANTS

PACKAGE = Path(__file__).parent

Pieces = Sequence[tuple[str, str]]
"""Code in order, each piece with the row of the size report that it belongs to."""

_HEAD, _TAIL = '(()=>{"use strict";', "})();\n"


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


def uses(made: Parts, files: Sequence[str]) -> frozenset[str]:
    """Private names that *files* use."""
    listed = made.manifest["modules"]
    return frozenset(name for file in files if file != CONFIG for name in listed[file]["uses"])


def hashes(made: Parts, files: Sequence[str], styles: Sequence[str]) -> dict[str, str]:
    """SHA-256 (hex) of the minified bytes of each module and style sheet."""
    found = {file: made.module(file) for file in files if file != CONFIG}
    found |= {file: made.style(file) for file in styles}
    return {file: hashlib.sha256(text.encode()).hexdigest() for file, text in found.items()}


def join(
    made: Parts,
    files: Sequence[str],
    values: Callable[[Collection[str], Mapping[str, str]], Pieces],
) -> list[tuple[str, str]]:
    """The script in pieces; joined they are the whole of it.

    *values* is called with the names in use and the table of short names, and gives the code that
    stands in the place of config.js.
    """
    body: list[tuple[str, str]] = []
    for file in files:
        if file == CONFIG:
            pieces = list(values(uses(made, files), made.names))
        else:
            pieces = [(file, made.module(file))]
        pieces = [piece for piece in pieces if piece[1]]
        if pieces:
            row, last = pieces[-1]
            # Each module ends its last statement, whatever the next one begins with.
            body += [*pieces[:-1], (row, last if last.endswith(";") else last + ";")]
    return [("wrapper", _HEAD), *body, ("wrapper", _TAIL)]
