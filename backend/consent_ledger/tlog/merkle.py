# SPDX-License-Identifier: MIT
"""Merkle trees: hashes, appending, inclusion and consistency proofs. RFC 6962 section 2.1.

A *node* is named (level, index): the root of the complete subtree over the 2**level entries from
index * 2**level on. D[a:b] are the entries from a up to and not including b, MTH their hash.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from consent_ledger.tlog.encoding import HASH_BYTES, check_hash
from consent_ledger.tlog.errors import FormatError, MismatchError, MissingHashError, RangeError

Node = tuple[int, int]

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """MTH({d}) = SHA-256(0x00 || d)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The leaf hash of each entry, in order."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n])), k the largest power of two < n."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash over complete subtrees that shrink from left to right; needs at least one."""
    result = hashes[-1]
    for left in hashes[-2::-1]:
        result = sha256(b"\x01" + left + result).digest()
    return result


class HashReader(Protocol):
    """Where proofs find the hashes they are made of: stored tiles, or a batch just appended."""

    def read_hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """The hash of each node, in order.

        Raises: MissingHashError for a node that is not stored.
        """


class KnownHashes(dict[Node, bytes]):
    """A HashReader over hashes held in memory."""

    def read_hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        try:
            return [self[node] for node in nodes]
        except KeyError as missing:
            raise MissingHashError(
                "node (level, index)", f"no hash for {missing.args[0]}", "a known hash"
            ) from None


class CompactRange:
    """The least that a tree can grow from: the roots of its complete subtrees, largest first.

    There is one for each 1 bit of the size. Appending costs two hashes an entry on average.
    """

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Requires one hash of 32 bytes for each 1 bit of *size*. Raises: FormatError."""
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != size.bit_count():
            raise FormatError(
                f"compact range of size {size}",
                f"{len(self.hashes)} hashes",
                f"{size.bit_count()} hashes",
            )
        for number, each in enumerate(self.hashes):
            check_hash(each, f"compact range hash {number}")

    @classmethod
    def read(cls, size: int, tree: HashReader) -> "CompactRange":
        """The compact range of the first *size* entries; one read, at most 63 hashes."""
        return cls(size, tree.read_hashes(complete_subtrees(0, size)))

    def extend(self, leaves: Iterable[bytes]) -> KnownHashes:
        """Appends leaf hashes, in order.

        Returns: every hash that a proof at the new size, of an entry appended here or from the
            old size, can need. It is a HashReader; whoever answers for the batch reads from it.
        """
        size, hashes = self.size, self.hashes
        known = KnownHashes(zip(complete_subtrees(0, size), hashes, strict=True))
        for leaf in leaves:
            level, index, current = 0, size, leaf
            known[0, index] = current
            while index & 1:
                current = sha256(b"\x01" + hashes.pop() + current).digest()
                level, index = level + 1, index >> 1
                known[level, index] = current
            hashes.append(current)
            size += 1
        self.size = size
        return known

    def root(self) -> bytes:
        """MTH(D[0:size])."""
        return fold(self.hashes) if self.hashes else EMPTY_ROOT


@lru_cache(1024)  # the same few for every proof at one size
def complete_subtrees(start: int, end: int) -> tuple[Node, ...]:
    """The fewest nodes that cover D[start:end], left to right.

    Requires start <= end, and start a multiple of the largest power of two <= end - start.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return tuple(nodes)


# --- making proofs -----------------------------------------------------------------------------


def root(size: int, tree: HashReader) -> bytes:
    """MTH(D[0:size]) out of stored hashes; one read, at most 63 of them."""
    return CompactRange.read(size, tree).root()


def inclusion_proof(index: int, size: int, tree: HashReader) -> list[bytes]:
    """Hashes that link entry *index* to the root of the first *size* entries.

    Requires 0 <= index < size.

    Returns: sibling hashes from leaf to root, 32 bytes each, at most ceil(log2(size)).
    Raises: RangeError; what the reader raises.
    Cost: one read of at most 2 * log2(size) stored hashes.
    Source: RFC 6962 section 2.1.1.
    """
    check_index(index, size)
    return read_path(0, index, size, tree)


def consistency_proof(old_size: int, new_size: int, tree: HashReader) -> list[bytes]:
    """Hashes that show the first *old_size* entries to be the start of the first *new_size*.

    Requires 0 < old_size <= new_size. The proof from an empty tree is empty, and not made here.

    Returns: PROOF(old_size, D[new_size]), 32 bytes each, at most ceil(log2(new_size)) + 1.
    Raises: RangeError; what the reader raises.
    Cost: one read of at most 2 * log2(new_size) stored hashes.
    Source: RFC 6962 section 2.1.2.
    """
    _check_sizes(old_size, new_size)
    if old_size == new_size:
        return []
    # The last complete subtree of the old tree is in both trees: prove it in the new one. The
    # verifier has it already when it is the whole old tree.
    level = (old_size & -old_size).bit_length() - 1
    index = (old_size >> level) - 1
    return read_path(level, index, new_size, tree, with_node=index > 0)


def read_path(
    level: int, index: int, size: int, tree: HashReader, *, with_node: bool = False
) -> list[bytes]:
    """The siblings from node (level, index), complete in a tree of *size*, up to the root.

    *with_node* puts the hash of the node itself before them.
    """
    nodes = [(level, index)] if with_node else []
    inner = (index ^ ((size - 1) >> level)).bit_length()  # levels until it meets the last entry
    nodes += [(level + up, index >> up ^ 1) for up in range(inner - 1)]
    start = end = len(nodes)
    if inner:  # the topmost of these siblings ends where the tree ends: fold it from complete ones
        nodes += complete_subtrees(((index >> (inner - 1)) + 1) << (level + inner - 1), size)
        end = len(nodes)
    border = index >> inner
    level += inner
    while border:  # on the right border only left siblings exist
        if border & 1:
            nodes.append((level, border - 1))
        border >>= 1
        level += 1
    hashes = tree.read_hashes(nodes)
    if end - start > 1:
        hashes[start:end] = [fold(hashes[start:end])]
    return hashes


# --- verifying them ----------------------------------------------------------------------------


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root_hash: bytes
) -> None:
    """Accepts exactly when *proof* links *leaf*, the hash of entry *index*, to *root_hash*.

    Raises: RangeError, FormatError for a proof of another length, MismatchError.
    Source: RFC 6962 section 2.1.1.
    """
    check_hash(root_hash, "root hash")
    found = root_from_inclusion(index, size, leaf, proof)
    _check_root(found, root_hash, f"root hash from entry {index} of {size}")


def root_from_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root hash of the tree of *size* in which *proof* is that of entry *index*.

    Raises: RangeError; FormatError for a hash or a proof of another length.
    """
    check_index(index, size)
    check_hash(leaf, "leaf hash")
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    _check_proof(proof, inner + border, f"inclusion proof of entry {index} of {size}")
    result = leaf
    for level, sibling in enumerate(proof):
        is_left = level < inner and not index >> level & 1
        pair = result + sibling if is_left else sibling + result
        result = sha256(b"\x01" + pair).digest()
    return result


def verify_consistency(
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Accepts exactly when the tree of *old_root* is the start of the tree of *new_root*.

    Requires 0 < old_size <= new_size; `verify_growth` also knows the empty tree.

    Raises: RangeError, FormatError for a proof of another length, MismatchError.
    Source: RFC 6962 section 2.1.2.
    """
    _check_sizes(old_size, new_size)
    check_hash(old_root, "old root hash")
    check_hash(new_root, "new root hash")
    what = f"consistency proof from {old_size} to {new_size}"
    if old_size == new_size:
        _check_proof(proof, 0, what)
        _check_root(new_root, old_root, f"root hash of {new_size}")
        return
    level = (old_size & -old_size).bit_length() - 1
    index = (old_size >> level) - 1  # the last complete subtree of the old tree, as when made
    inner = (index ^ ((new_size - 1) >> level)).bit_length()
    border = (index >> inner).bit_count()
    seeded = 1 if index else 0
    _check_proof(proof, seeded + inner + border, what)
    old = new = proof[0] if seeded else old_root
    for up, sibling in enumerate(proof[seeded:]):
        if up < inner and not index >> up & 1:
            new = node_hash(new, sibling)
        else:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
    _check_root(old, old_root, f"root hash of {old_size} from the {what}")
    _check_root(new, new_root, f"root hash of {new_size} from the {what}")


def verify_growth(
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """`verify_consistency`, and every tree grows from the empty one by an empty proof.

    Raises: as `verify_consistency`; MismatchError too for an empty tree with another root.
    """
    if old_size != 0:
        verify_consistency(old_size, new_size, proof, old_root, new_root)
        return
    if new_size < 0:
        raise RangeError("new size", str(new_size), "at least 0")
    check_hash(new_root, "new root hash")
    _check_proof(proof, 0, f"consistency proof from 0 to {new_size}")
    _check_root(old_root, EMPTY_ROOT, "root hash of 0")
    if new_size == 0:
        _check_root(new_root, EMPTY_ROOT, "root hash of 0")


def check_index(index: int, size: int) -> None:
    """Raises: RangeError unless 0 <= index < size."""
    if not 0 <= index < size:
        raise RangeError("index", str(index), f"0 <= index < tree size {size}")


def _check_sizes(old_size: int, new_size: int) -> None:
    if not 0 < old_size <= new_size:
        raise RangeError("old size", str(old_size), f"0 < old size <= new size {new_size}")


def _check_proof(proof: Sequence[bytes], length: int, what: str) -> None:
    if len(proof) != length:
        raise FormatError(what, f"{len(proof)} hashes", f"{length} hashes")
    if any(len(each) != HASH_BYTES for each in proof):
        for number, each in enumerate(proof):
            check_hash(each, f"{what}, hash {number}")


def _check_root(found: bytes, expected: bytes, what: str) -> None:
    if found != expected:
        raise MismatchError(what, found.hex(), expected.hex())
