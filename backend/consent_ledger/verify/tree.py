# SPDX-License-Identifier: MIT
"""The tree of a bundle, from the signed root down. RFC 6962 section 2.1, C2SP tlog-tiles.

The root vouches for the tiles on the right edge, and each tile for the full tiles below it. Where
a hash does not fit, what lies below is hashed again: if that leads to what is vouched for, the tile
is wrong and the item is named; otherwise what lies below is.
"""

from __future__ import annotations

from collections.abc import Iterator

from consent_ledger.tlog import merkle
from consent_ledger.tlog.encoding import HASH_BYTES
from consent_ledger.tlog.entry_bundle import decode_bundle
from consent_ledger.tlog.errors import FormatError, MissingHashError, ProofError
from consent_ledger.tlog.merkle import leaf_hashes
from consent_ledger.tlog.tile import (
    ENTRIES,
    HEIGHT,
    WIDTH,
    Tile,
    edge_tiles,
    subtree_levels,
    tile_width,
)
from consent_ledger.tlog.tile_reader import TileReader
from consent_ledger.verify.archive import Archive
from consent_ledger.verify.faults import Faults
from consent_ledger.verify.manifest import LogPart
from consent_ledger.verify.members import log_path, tile_of


class Tree:
    """The tiles of one log. Those above level 0 are kept: 1 byte for each 8 entries of the log."""

    def __init__(self, archive: Archive, log: LogPart, root: bytes, faults: Faults) -> None:
        """*root* is that of the checkpoint."""
        self._archive, self._log, self._root, self._faults = archive, log, root, faults
        self._upper: dict[tuple[int, int], bytes] = {}
        self._sure: set[tuple[int, int]] = set()  # upper and edge tiles that the root vouches for
        self._damaged: set[tuple[int, int]] = set()  # upper tiles that could not be read
        self._edge: bytes | None = None  # the partial tile of level 0, as it should be
        self._present = self._find()

    def _find(self) -> set[tuple[int, int]]:
        """Which tiles are there, in the width that the tree gives them."""
        present = set()
        size = self._log.size
        for name in self._archive.members:
            found = tile_of(name)
            if found is None or found[0] != self._log.generation:
                continue
            tile = found[1]
            width = tile_width(tile.level, tile.index, size)
            if tile.width != width:
                self._fault(
                    name, "width", tile.width, f"{width}, in a tree of {size}" if width else "none"
                )
            else:
                present.add((tile.level, tile.index))
        return present

    def entry_bundles(self) -> list[int]:
        """The numbers of the entry bundles that are there, in order."""
        return sorted(index for level, index in self._present if level == ENTRIES)

    def path(self, level: int, index: int) -> str:
        """The member that holds a tile."""
        width = tile_width(level, index, self._log.size)
        return log_path(self._log.generation, Tile(level, index, width).path)

    # --- reading -------------------------------------------------------------------------------

    def read(self, level: int, index: int) -> bytes:
        """A tile or an entry bundle. Raises: MissingHashError; FormatError for damage."""
        if (level, index) in self._upper:
            return self._upper[level, index]
        path = self.path(level, index)
        if (level, index) not in self._present:
            raise MissingHashError(path, "no such member", "a tile of the tree")
        return self._archive.read(path)

    def read_entries(self, index: int) -> list[bytes]:
        """The entries of a bundle. Raises: MissingHashError; FormatError for damage."""
        width = tile_width(ENTRIES, index, self._log.size)
        return decode_bundle(self.read(ENTRIES, index), width)

    def root_at(self, size: int) -> bytes:
        """The root hash of the first *size* entries, out of the tiles.

        Raises: MissingHashError when these tiles are not in the bundle; FormatError for damage.
        """
        reader = TileReader(self._log.size, self._read_or_rebuild)
        return merkle.root(size, reader)

    def _read_or_rebuild(self, tile: Tile) -> bytes:
        if tile.level == 0 and not tile.is_full and self._edge is not None:
            return self._edge
        try:
            return self.read(tile.level, tile.index)
        except ProofError:
            below = self._from_below(tile.level, tile.index)
            if below is None:
                raise
            return below

    # --- from the root down to level 1 ---------------------------------------------------------

    def check(self) -> None:
        """Checks every tile above level 0 and the right edge; faults are added."""
        size = self._log.size
        needed = self._load_upper()
        self._check_edge(size)
        for level, index in sorted(needed, key=lambda place: (-place[0], place[1])):
            if tile_width(level, index, size) == WIDTH:
                self._check_full(level, index)

    def _load_upper(self) -> set[tuple[int, int]]:
        """Reads the tiles above level 0; which of them the others hang from, there or not."""
        needed = set()
        for level, index in sorted(self._present):
            if level > 0:
                needed.add((level, index))
                path = self.path(level, index)
                try:
                    self._upper[level, index] = self._archive.read(path)
                except FormatError as error:
                    self._error(error, path)
                    self._damaged.add((level, index))
            while level >= 0 and tile_width(level, index, self._log.size) == WIDTH:
                level, index = level + 1, index // WIDTH
                needed.add((level, index))
        return needed

    def _check_edge(self, size: int) -> None:
        edge: dict[int, bytes] = {}
        for tile in edge_tiles(size):
            try:
                edge[tile.level] = self.read(tile.level, tile.index)
            except ProofError as error:
                self._error(error, self.path(tile.level, tile.index))
        rebuilt: dict[int, bytes] = {}
        if not self._leads_to_root(size, edge):
            rebuilt = self._rebuilt_edge(size, edge)
            if not self._leads_to_root(size, rebuilt):
                self._fault(
                    None,
                    f"root hash of the tiles at {size}",
                    self._edge_root(size, edge),
                    f"{self._root.hex()}, as the checkpoint says",
                )
                self._edge = edge.get(0)
                return
        for tile in edge_tiles(size):
            place = tile.level, tile.index
            good = rebuilt.get(tile.level, edge.get(tile.level))
            assert good is not None, "a whole edge leads to the root"
            if tile.level in edge:
                self._name_items(tile.level, tile.index, edge[tile.level], good)
            self._sure.add(place)
            if tile.level:
                self._upper[place] = good
            else:
                self._edge = good

    def _leads_to_root(self, size: int, edge: dict[int, bytes]) -> bool:
        return self._edge_root(size, edge) == self._root.hex()

    def _edge_root(self, size: int, edge: dict[int, bytes]) -> str:
        """The root that these edge tiles lead to, in hexadecimal, or why there is none."""
        if size == 0:
            return merkle.EMPTY_ROOT.hex()
        if any(tile.level not in edge for tile in edge_tiles(size)):
            return "none, as tiles are missing"
        reader = TileReader(size, lambda tile: edge[tile.level])
        try:
            return merkle.root(size, reader).hex()
        except FormatError as error:
            return str(error)

    def _rebuilt_edge(self, size: int, edge: dict[int, bytes]) -> dict[int, bytes]:
        """The edge with what is wrong in it made again from below, if that leads to the root."""
        for is_deep in (False, True):
            made = dict(edge)
            for tile in edge_tiles(size):
                below = self._from_below(tile.level, tile.index, is_deep)
                if below is not None:
                    made[tile.level] = below
                    one = {**edge, tile.level: below}
                    if self._leads_to_root(size, one):
                        return one
            if self._leads_to_root(size, made):
                break
        return made

    def _check_full(self, level: int, index: int) -> None:
        """Checks a full tile above level 0; one that is wrong or missing is made again."""
        tile = self._upper.get((level, index))
        expected, is_sure = self.expected(level, index)
        if tile is not None and subtree_levels(tile)[HEIGHT] == expected:
            if is_sure:
                self._sure.add((level, index))
            return
        path = self.path(level, index)
        if tile is None and (level, index) not in self._damaged:
            self._fault(path, "file", "no such member", "the tile that others hang from")
        if expected is None:
            return  # for want of the tile above, which was reported
        for is_deep in (False, True):
            below = self._from_below(level, index, is_deep)
            if below is not None and subtree_levels(below)[HEIGHT] == expected:
                if tile is not None:
                    self._name_items(level, index, tile, below)
                self._upper[level, index] = below
                self._sure.add((level, index))
                return
        if tile is not None:
            found = subtree_levels(tile)[HEIGHT].hex()
            self._fault(path, "hash of the tile", found, f"{expected.hex()}, as the tile above")

    def expected(self, level: int, index: int) -> tuple[bytes | None, bool]:
        """What a full tile has to hash to, and whether the signed root vouches for that."""
        above, item = divmod(index, WIDTH)
        tile = self._upper.get((level + 1, above))
        if tile is None:
            return None, False
        at = item * HASH_BYTES
        return tile[at : at + HASH_BYTES] or None, (level + 1, above) in self._sure

    def _from_below(self, level: int, index: int, is_deep: bool = False) -> bytes | None:
        """A tile made again from the tiles below it; *is_deep*, from the entries themselves.

        None where these are not whole.
        """
        width = tile_width(level, index, self._log.size)
        try:
            if level == 0:
                return b"".join(leaf_hashes(self.read_entries(index)))
            made = []
            for child in range(index * WIDTH, index * WIDTH + width):
                tile = (
                    self._from_below(level - 1, child, is_deep)
                    if is_deep
                    else self.read(level - 1, child)
                )
                if tile is None:
                    return None
                made.append(subtree_levels(tile)[HEIGHT])
            return b"".join(made)
        except ProofError:
            return None

    # --- level 0 and the entries ---------------------------------------------------------------

    def check_leaves(self, index: int, entries: list[bytes]) -> None:
        """Checks the entries of a bundle and the tile of their hashes; faults are added."""
        leaves = leaf_hashes(entries)
        joined = b"".join(leaves)
        try:
            tile = self.read(0, index)
        except ProofError as error:
            self._error(error, self.path(0, index))
            tile = None
        if len(leaves) < WIDTH:
            self._check_partial(index, joined, tile)
            return
        expected, is_sure = self.expected(0, index)
        if tile == joined and expected == subtree_levels(tile)[HEIGHT]:
            return
        path = self.path(0, index)
        if expected is None:
            return  # for want of the tile above, which was reported
        if subtree_levels(joined)[HEIGHT] == expected:
            if tile is not None:
                self._name_items(0, index, tile, joined)
        elif tile is not None and subtree_levels(tile)[HEIGHT] == expected:
            self._name_entries(index, joined, tile, "the tile's, which leads to the root")
        elif tile is None or tile == joined:
            self._fault(
                path,
                "hash of the entries",
                subtree_levels(joined)[HEIGHT].hex(),
                f"{expected.hex()}, as the tile above says{'' if is_sure else ', itself in doubt'}",
            )
        else:
            self._name_entries(index, joined, tile, "the tile's; neither leads to the root")

    def check_other_leaves(self) -> None:
        """Checks the tiles of level 0 whose entries are not in the bundle; faults are added."""
        for level, index in sorted(self._present):
            if level == 0 and (ENTRIES, index) not in self._present:
                self._check_alone(index)

    def _check_alone(self, index: int) -> None:
        if tile_width(0, index, self._log.size) < WIDTH:
            return  # the right edge, checked with the root
        path = self.path(0, index)
        try:
            found = subtree_levels(self.read(0, index))[HEIGHT]
        except ProofError as error:
            self._error(error, path)
            return
        expected, _ = self.expected(0, index)
        if expected is not None and found != expected:
            says = f"{expected.hex()}, as the tile above"
            self._fault(path, "hash of the tile", found.hex(), says)

    def _check_partial(self, index: int, joined: bytes, tile: bytes | None) -> None:
        good = self._edge if self._edge is not None else tile
        if good is not None and good != joined:
            sure = (0, index) in self._sure
            self._name_entries(
                index,
                joined,
                good,
                "the tile's, which leads to the root" if sure else "the tile's",
            )

    def _name_entries(self, index: int, joined: bytes, tile: bytes, why: str) -> None:
        for number, found, expected in _differences(joined, tile):
            self._faults.add(
                "leaf hash",
                found.hex(),
                f"{expected.hex()}, {why}",
                log=self._log.origin,
                index=index * WIDTH + number,
                path=self.path(ENTRIES, index),
            )

    def _name_items(self, level: int, index: int, tile: bytes, good: bytes) -> None:
        for number, found, expected in _differences(tile, good):
            first = (index * WIDTH + number) << (HEIGHT * level)
            self._faults.add(
                f"hash {number} of the tile",
                found.hex(),
                f"{expected.hex()}, which leads to the root",
                log=self._log.origin,
                index=first,
                path=self.path(level, index),
            )

    def _error(self, error: ProofError, path: str) -> None:
        self._faults.add_error(error, log=self._log.origin, path=path)

    def _fault(self, path: str | None, field: str, found: object, expected: object) -> None:
        self._faults.add(field, found, expected, log=self._log.origin, path=path)


def _differences(found: bytes, expected: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The number of each hash that differs, and the two hashes."""
    for at in range(0, max(len(found), len(expected)), HASH_BYTES):
        pair = found[at : at + HASH_BYTES], expected[at : at + HASH_BYTES]
        if pair[0] != pair[1]:
            yield at // HASH_BYTES, *pair
