# SPDX-License-Identifier: MIT
"""Tiles: the tree cut into pieces of 256 hashes that never change. C2SP tlog-tiles.

Tile n of level l holds, for i from 0 to its width - 1,
MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l]).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from consent_ledger.tlog.encoding import HASH_BYTES, MAX_INTEGER
from consent_ledger.tlog.errors import FormatError, RangeError, shown

HEIGHT = 8
WIDTH = 1 << HEIGHT
TILE_BYTES = WIDTH * HASH_BYTES
ENTRIES = -1  # stands for a level in the coordinates of an entry bundle
MAX_PATH_LEVEL = 63

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)"
    r"/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """The coordinates of a tile, or with level ENTRIES of an entry bundle."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def is_full(self) -> bool:
        return self.width == WIDTH

    @property
    def path(self) -> str:
        """Where it is served below the log's prefix, such as tile/0/x001/x234/067.p/8."""
        rest, last = divmod(self.index, 1000)
        groups = [f"{last:03d}"]
        while rest:
            rest, group = divmod(rest, 1000)
            groups.insert(0, f"x{group:03d}")
        level = "entries" if self.level == ENTRIES else str(self.level)
        suffix = "" if self.is_full else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(groups)}{suffix}"


def parse_path(path: str) -> Tile:
    """The tile or entry bundle that is served at *path*, which starts with "tile/".

    Raises: FormatError for every spelling but the canonical one.
    """
    match = _PATH.fullmatch(path)
    if match:
        level = ENTRIES if match["level"] == "entries" else int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        tile = Tile(level, index, int(match["width"] or WIDTH))
        if (
            level <= MAX_PATH_LEVEL
            and index <= MAX_INTEGER
            and tile.width <= WIDTH
            and tile.path == path
        ):
            return tile
    raise FormatError("tile path", shown(path), "tile/<level or entries>/<index>[.p/<width>]")


# --- which tiles a tree has --------------------------------------------------------------------


def tile_width(level: int, index: int, tree_size: int) -> int:
    """How many hashes, or entries, of that tile exist in a tree of *tree_size*: 0 to 256."""
    hashes = tree_size >> (HEIGHT * max(level, 0))
    return min(max(hashes - index * WIDTH, 0), WIDTH)


def check_in_tree(tile: Tile, tree_size: int) -> None:
    """Raises: RangeError unless a tree of *tree_size* has that tile in that width, or wider."""
    width = tile_width(tile.level, tile.index, tree_size)
    if tile.width > width:
        raise RangeError(
            tile.path, f"width {tile.width}", f"at most {width} in a tree of size {tree_size}"
        )


def edge_tiles(tree_size: int) -> list[Tile]:
    """The partial tiles on the right edge, lowest level first: what a growth continues."""
    tiles = []
    level = 0
    while hashes := tree_size >> (HEIGHT * level):
        if hashes % WIDTH:
            tiles.append(Tile(level, hashes // WIDTH, hashes % WIDTH))
        level += 1
    return tiles


def grown_tiles(old_size: int, new_size: int) -> Iterator[Tile]:
    """The tiles that change or appear from *old_size* to *new_size*, in their new widths.

    By level, then by index. From 0 on these are all the tiles of the tree.
    Raises: RangeError for a tree that shrinks.
    """
    if not 0 <= old_size <= new_size:
        raise RangeError("old size", str(old_size), f"0 <= old size <= new size {new_size}")
    level = 0
    while hashes := new_size >> (HEIGHT * level):
        start = (old_size >> (HEIGHT * level)) // WIDTH
        for index in range(start, -(-hashes // WIDTH)):
            width = min(hashes - index * WIDTH, WIDTH)
            if tile_width(level, index, old_size) < width:
                yield Tile(level, index, width)
        level += 1


# --- what is in them ---------------------------------------------------------------------------


def cut_tile(tile: Tile, stored: bytes) -> bytes:
    """The bytes of *tile* out of what is stored for its level and index, in this width or wider.

    Raises: FormatError for bytes that are too few, too many, or no whole number of hashes.
    """
    size = len(stored)
    if size > TILE_BYTES or size % HASH_BYTES or size < tile.width * HASH_BYTES:
        raise FormatError(
            tile.path,
            f"{size} bytes",
            f"hashes of {HASH_BYTES} bytes, from {tile.width} to {WIDTH} of them",
        )
    return stored[: tile.width * HASH_BYTES]


def subtree_levels(data: bytes) -> tuple[bytes, ...]:
    """Every hash of the complete subtrees in a tile: itself, then height 1 (pairs), to height 8.

    Each height is a string of 32-byte hashes; of a full tile the last is its parent's one hash.
    """
    heights = [data]
    for _ in range(HEIGHT):
        data = b"".join(
            [
                sha256(b"\x01" + data[at : at + 2 * HASH_BYTES]).digest()
                for at in range(0, len(data) - HASH_BYTES, 2 * HASH_BYTES)
            ]
        )
        heights.append(data)
    return tuple(heights)


def grow(
    old_size: int, leaf_hashes: Sequence[bytes], read_tile: Callable[[Tile], bytes]
) -> dict[Tile, bytes]:
    """The contents of the `grown_tiles` after appending *leaf_hashes* to a tree of *old_size*.

    *read_tile* is asked for the `edge_tiles` that are continued, and may answer with a wider one.
    Raises: FormatError for an edge of another width; what *read_tile* raises.
    """
    grown: dict[Tile, bytes] = {}
    level, size, new = 0, old_size, b"".join(leaf_hashes)
    while new:
        index, width = divmod(size, WIDTH)
        if width:
            edge = Tile(level, index, width)
            new = cut_tile(edge, read_tile(edge)) + new
        parents = []
        for at in range(0, len(new), TILE_BYTES):
            data = new[at : at + TILE_BYTES]
            grown[Tile(level, index, len(data) // HASH_BYTES)] = data
            if len(data) == TILE_BYTES:
                parents.append(subtree_levels(data)[HEIGHT])
            index += 1
        level, size, new = level + 1, size >> HEIGHT, b"".join(parents)
    return grown
