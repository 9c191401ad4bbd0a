# SPDX-License-Identifier: MIT
"""Proofs made from tiles against a literal transcription of RFC 6962; broken ones are refused."""

from contextlib import suppress
from functools import cache

import pytest
from consent_ledger.tlog import entry_bundle, merkle, tile
from consent_ledger.tlog.errors import ProofError
from consent_ledger.tlog.prover import Prover
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.tlog import rfc6962
from unit.tlog.tiled_log import TiledLog, entries, tiled_log

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
few = settings(unhurried, max_examples=40)

LARGEST = 1_100  # three levels of nothing but tiles would need 65,536: Go's vectors go there
sizes = st.integers(1, LARGEST) | st.sampled_from([255, 256, 257, 511, 512, 513, 1024])
hashes = st.binary(min_size=32, max_size=32)


@cache
def log():
    return tiled_log(LARGEST)


@cache
def oracle_root(size):
    return rfc6962.mth(entries(size))


@few
@given(sizes, st.data())
def test_inclusion_proof_is_that_of_the_oracle(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, log().reader(size))
    assert proof == rfc6962.path(index, entries(size))
    assert Prover(size, log().reader(size)).inclusion_proof(index) == proof
    leaf = merkle.leaf_hash(entries(1, index)[0])
    merkle.verify_inclusion(index, size, leaf, proof, oracle_root(size))


@few
@given(sizes, st.data())
def test_consistency_proof_is_that_of_the_oracle(size, data):
    old = data.draw(st.integers(1, size))
    proof = merkle.consistency_proof(old, size, log().reader(size))
    assert proof == rfc6962.proof(old, entries(size))
    merkle.verify_consistency(old, size, proof, oracle_root(old), oracle_root(size))


@few
@given(st.lists(st.integers(0, 300), max_size=5))
def test_log_grown_in_any_batches_has_the_tiles_and_root_of_one_grown_at_once(batches):
    grown = TiledLog()
    compact = merkle.CompactRange()
    for count in batches:
        named = list(tile.grown_tiles(grown.size, grown.size + count))
        assert tile.edge_tiles(grown.size) == [
            each for each in tile.grown_tiles(0, grown.size) if not each.is_full
        ]
        new = entries(count, grown.size)
        assert sorted(grown.append(new)) == named
        compact.extend(merkle.leaf_hashes(new))
    assert grown.stored == tiled_log(grown.size).stored
    assert compact.root() == merkle.root(grown.size, grown.reader()) == oracle_root(grown.size)


@unhurried
@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_nodes_of_a_range_cover_it_exactly_from_left_to_right(one, other):
    size = max(one, other)
    covered = 0
    for level, index in merkle.complete_subtrees(0, size):
        assert index << level == covered
        covered += 1 << level
    assert covered == size
    assert len(merkle.complete_subtrees(0, size)) == size.bit_count()


class ShapeReader:
    """Answers with a hash that names the node, to look at proofs in trees too large to build."""

    def read_hashes(self, nodes):
        return [level.to_bytes(16, "big") + index.to_bytes(16, "big") for level, index in nodes]


@unhurried
@given(st.integers(1, 2**63 - 1), st.data())
def test_proofs_of_huge_trees_have_the_length_that_the_verifier_expects(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, ShapeReader())
    assert len(proof) <= 63
    merkle.verify_inclusion(
        index, size, bytes(32), proof, merkle.root_from_inclusion(index, size, bytes(32), proof)
    )
    assert Prover(size, ShapeReader()).inclusion_proof(index) == proof
    longer = merkle.consistency_proof(index + 1, size, ShapeReader())
    assert len(longer) <= 64
    with pytest.raises(ProofError) as refused:  # made up, so the roots are wrong: nothing else is
        merkle.verify_consistency(index + 1, size, longer, bytes(32), b"\1" * 32)
    assert refused.value.code == "mismatch"


@st.composite
def broken(draw, proof):
    """A proof that is another one: a hash changed, dropped, added, doubled or moved."""
    kinds = ["add"] + (["change", "drop", "double", "cut"] if proof else [])
    kind = draw(st.sampled_from(kinds))
    at = draw(st.integers(0, len(proof) if kind == "add" else len(proof) - 1))
    if kind == "add":
        return [*proof[:at], draw(hashes), *proof[at:]]
    if kind == "drop":
        return [*proof[:at], *proof[at + 1 :]]
    if kind == "double":
        return [*proof[:at], proof[at], *proof[at:]]
    if kind == "cut":
        return [*proof[:at], proof[at][: draw(st.integers(0, 31))], *proof[at + 1 :]]
    bit = draw(st.integers(0, 255))
    changed = (int.from_bytes(proof[at], "big") ^ 1 << bit).to_bytes(32, "big")
    return [*proof[:at], changed, *proof[at + 1 :]]


@unhurried
@given(sizes, st.data())
def test_broken_inclusion_proof_is_refused(size, data):
    index = data.draw(st.integers(0, size - 1))
    leaf = merkle.leaf_hash(entries(1, index)[0])
    reader = log().reader(size)
    root = merkle.root(size, reader)
    proof = merkle.inclusion_proof(index, size, reader)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(index, size, leaf, data.draw(broken(proof)), root)
    other = data.draw(st.integers(0, size + 1).filter(lambda number: number != index))
    with pytest.raises(ProofError):
        merkle.verify_inclusion(other, size, leaf, proof, root)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(index, size, data.draw(hashes), proof, root)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(index, size, leaf, proof, data.draw(hashes))


@unhurried
@given(sizes, st.data())
def test_broken_consistency_proof_is_refused(size, data):
    old = data.draw(st.integers(1, size))
    reader = log().reader(size)
    old_root, root = merkle.root(old, reader), merkle.root(size, reader)
    proof = merkle.consistency_proof(old, size, reader)
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, size, data.draw(broken(proof)), old_root, root)
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, size, proof, data.draw(hashes), root)
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, size, proof, old_root, data.draw(hashes))


@unhurried
@given(
    st.integers(-(2**64), 2**64),
    st.integers(-(2**64), 2**64),
    st.lists(st.binary(max_size=33), max_size=70),
    st.binary(max_size=33),
    st.binary(max_size=33),
)
def test_nothing_but_a_proof_error_comes_out_of_made_up_proofs(one, other, proof, first, second):
    for verify in (
        lambda: merkle.verify_inclusion(one, other, first, proof, second),
        lambda: merkle.verify_consistency(one, other, proof, first, second),
        lambda: merkle.verify_growth(one, other, proof, first, second),
    ):
        with suppress(ProofError):
            verify()


@unhurried
@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundle_reads_back_equal_and_any_cut_is_refused(contents):
    bundle = entry_bundle.encode_bundle(contents)
    assert entry_bundle.decode_bundle(bundle, len(contents)) == contents
    for width in range(len(contents)):
        part = entry_bundle.cut_bundle(bundle, width)
        assert part == entry_bundle.encode_bundle(contents[:width])
        with pytest.raises(ProofError):
            entry_bundle.decode_bundle(part, len(contents))
        with pytest.raises(ProofError):
            entry_bundle.decode_bundle(bundle, width)
