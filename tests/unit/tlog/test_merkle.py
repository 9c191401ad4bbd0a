# SPDX-License-Identifier: MIT
import pytest
from consent_ledger.tlog import merkle
from consent_ledger.tlog.errors import FormatError, MissingHashError, RangeError
from consent_ledger.tlog.prover import Prover
from unit.tlog import rfc6962
from unit.tlog.tiled_log import entries, tiled_log

LARGEST = 40


class CountingReader:
    """Counts what it is asked for."""

    def __init__(self, tree):
        self.tree = tree
        self.reads = []

    def read_hashes(self, nodes):
        self.reads.append(len(nodes))
        return self.tree.read_hashes(nodes)


def test_empty_tree_and_empty_entry_have_the_hashes_of_the_rfc():
    assert merkle.EMPTY_ROOT.hex().startswith("e3b0c442")
    assert merkle.leaf_hash(b"").hex().startswith("6e340b9c")
    assert merkle.CompactRange().root() == merkle.EMPTY_ROOT
    assert merkle.root(0, merkle.KnownHashes()) == merkle.EMPTY_ROOT


def test_every_small_tree_and_proof_is_that_of_the_rfc():
    log = tiled_log(LARGEST)
    d = entries(LARGEST)
    for size in range(1, LARGEST + 1):
        reader = log.reader(size)
        root = rfc6962.mth(d[:size])
        assert merkle.root(size, reader) == root
        for index in range(size):
            proof = rfc6962.path(index, d[:size])
            assert merkle.inclusion_proof(index, size, reader) == proof
            merkle.verify_inclusion(index, size, merkle.leaf_hash(d[index]), proof, root)
        for old in range(1, size + 1):
            proof = rfc6962.proof(old, d[:size])
            assert merkle.consistency_proof(old, size, reader) == proof
            merkle.verify_consistency(old, size, proof, rfc6962.mth(d[:old]), root)


def test_batch_knows_every_hash_that_its_own_proofs_need():
    leaves = merkle.leaf_hashes(entries(LARGEST))
    for old in range(LARGEST):
        for new in range(old + 1, LARGEST + 1):
            grown = merkle.CompactRange()
            grown.extend(leaves[:old])
            known = grown.extend(leaves[old:new])
            assert grown.size == new
            for index in range(old, new):
                proof = merkle.inclusion_proof(index, new, known)
                merkle.verify_inclusion(index, new, leaves[index], proof, grown.root())
            if old:
                assert merkle.root(old, known) == rfc6962.mth(entries(old))
                proof = merkle.consistency_proof(old, new, known)
                assert proof == rfc6962.proof(old, entries(new))


def test_hash_that_a_batch_does_not_know_is_named():
    known = merkle.CompactRange().extend(merkle.leaf_hashes(entries(2)))
    with pytest.raises(MissingHashError, match=r"no hash for \(0, 2\)"):
        merkle.inclusion_proof(3, 4, known)


def test_compact_range_read_from_tiles_goes_on_as_if_it_had_never_stopped():
    log = tiled_log(700)
    resumed = merkle.CompactRange.read(700, log.reader())
    resumed.extend(merkle.leaf_hashes(entries(300, 700)))
    log.append(entries(300, 700))
    assert resumed.root() == merkle.root(1000, log.reader())


def test_compact_range_refuses_another_number_of_hashes():
    with pytest.raises(FormatError, match="found 1 hashes, expected 2 hashes"):
        merkle.CompactRange(3, [bytes(32)])
    with pytest.raises(FormatError, match="found 31 bytes, expected 32 bytes"):
        merkle.CompactRange(1, [bytes(31)])


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (6, 5), (0, 0), (0, -1)])
def test_no_inclusion_proof_is_made_outside_the_tree(index, size):
    with pytest.raises(RangeError, match=f"index: found {index}, expected 0 <= index < tree size"):
        merkle.inclusion_proof(index, size, tiled_log(10).reader())
    with pytest.raises(RangeError):
        Prover(size, tiled_log(10).reader()).inclusion_proof(index)


@pytest.mark.parametrize(("old", "new"), [(0, 5), (-1, 5), (6, 5), (1, 0)])
def test_no_consistency_proof_is_made_between_sizes_that_do_not_grow(old, new):
    with pytest.raises(RangeError, match=f"old size: found {old}"):
        merkle.consistency_proof(old, new, tiled_log(10).reader())


def test_verifying_consistency_does_not_guess_about_the_empty_tree():
    with pytest.raises(RangeError):
        merkle.verify_consistency(0, 5, [], merkle.EMPTY_ROOT, bytes(32))


def test_a_proof_is_one_read_of_few_hashes():
    size = 70_000 - 1
    reader = CountingReader(tiled_log(size).reader())
    for index in (0, 1, 255, 256, 32_767, 32_768, 65_535, 65_536, 69_997, 69_998):
        merkle.inclusion_proof(index, size, reader)
        merkle.consistency_proof(index + 1, size, reader)
    assert len(reader.reads) == 2 * 10 - 1  # from a tree to itself nothing is read
    assert max(reader.reads) <= 2 * size.bit_length()


def test_prover_gives_the_same_proofs_with_fewer_reads():
    size = 1_000
    log = tiled_log(size)
    counted = CountingReader(log.reader())
    prover = Prover(size, counted)
    for index in range(size):
        expected = merkle.inclusion_proof(index, size, log.reader())
        assert prover.inclusion_proof(index) == expected
    # One read for each entry, and one for each of the three tiles below a shared upper part.
    assert len(counted.reads) == size + 3
