# SPDX-License-Identifier: MIT
"""What a bundle may hold: the names of its members, their order and how large they may be."""

import re
from collections.abc import Iterable

from consent_ledger.tlog.encoding import HASH_BYTES
from consent_ledger.tlog.entry_bundle import LENGTH_BYTES, MAX_ENTRY_BYTES
from consent_ledger.tlog.errors import FormatError, shown
from consent_ledger.tlog.note import MAX_NOTE_BYTES
from consent_ledger.tlog.tile import ENTRIES, Tile, parse_path

README, MANIFEST = "README.txt", "manifest.json"
OPENINGS, CSV, JSONLD, CONTEXT = (
    "openings.ndjson",
    "records.csv",
    "records.jsonld",
    "context.ndjson",
)
CHECKPOINT = "checkpoint"

MEGABYTE = 1 << 20
MAX_DOCUMENT_BYTES = 64 * MEGABYTE  # as large as a ledger may be set to take a notice
MAX_STREAM_BYTES = 1 << 50

# Each kind of member, in the order in which they stand; <g> is a generation.
_KINDS = [
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"README\.txt",
        r"logs/(?P<generation>[1-9][0-9]{0,8})/(?P<rest>openings\.ndjson|records\.csv"
        r"|records\.jsonld|context\.ndjson|checkpoint"
        r"|rotations/(?:0|[1-9][0-9]{0,18})\.checkpoint|tile/.*)",
        r"notices/[0-9a-f]{64}\.json",
        r"screenshots/[0-9a-f]{64}\.png",
        r"manifest\.json",
    )
]
_LOG_ORDER = [OPENINGS, CSV, JSONLD, CONTEXT, CHECKPOINT, "rotations", "tile"]


def log_path(generation: int, name: str) -> str:
    """Where a part of a log stands in the bundle."""
    return f"logs/{generation}/{name}"


def rank(name: str) -> tuple[int, int, int]:
    """Where a member stands among the others: they follow each other with ranks that grow.

    Raises: FormatError for a name that no member of a bundle has.
    """
    for number, pattern in enumerate(_KINDS):
        match = pattern.fullmatch(name)
        if match is None:
            continue
        if number != 1:
            return number, 0, 0
        part = match["rest"].partition("/")[0]
        if part == "tile":
            parse_path(match["rest"])
        return number, int(match["generation"]), _LOG_ORDER.index(part)
    raise FormatError("name", shown(name), "that of a part of a bundle")


def check_name(name: str) -> None:
    """Raises: FormatError for a name that no member of a bundle has."""
    rank(name)


def check_order(names: Iterable[str]) -> None:
    """Raises: FormatError naming the first member that stands before one it should follow."""
    last: tuple[int, int, int] = (0, 0, 0)
    for name in names:
        own = rank(name)
        if own < last:
            raise FormatError("order of the members", f"{name} too late", "the bundle's order")
        last = own


def tile_of(name: str) -> tuple[int, Tile] | None:
    """The generation and the coordinates of a tile or an entry bundle; None for other members."""
    start, _, path = name.partition("/tile/")
    if not path:
        return None
    return int(start.removeprefix("logs/")), parse_path(f"tile/{path}")


def is_tile(name: str) -> bool:
    return "/tile/" in name


def size_limits(name: str) -> tuple[int, int]:
    """The least and the most bytes that a member of that name can have, unpacked."""
    found = tile_of(name)
    least, most = 0, MAX_DOCUMENT_BYTES
    if found is not None:
        _, tile = found
        if tile.level == ENTRIES:
            least, most = tile.width * LENGTH_BYTES, tile.width * (LENGTH_BYTES + MAX_ENTRY_BYTES)
        else:
            least = most = tile.width * HASH_BYTES
    elif name.endswith((".ndjson", ".csv", ".jsonld")):
        most = MAX_STREAM_BYTES
    elif name.endswith(CHECKPOINT):
        most = MAX_NOTE_BYTES
    elif name == README:
        most = MEGABYTE
    return least, most
