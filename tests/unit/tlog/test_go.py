# SPDX-License-Identifier: MIT
"""Agreement with Go's golang.org/x/mod, an independent implementation: see vectors/tlog/go."""

from hashlib import sha256

import pytest
from consent_ledger.tlog import entry_bundle, merkle, tile
from consent_ledger.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from consent_ledger.tlog.cosignature import Cosigner, CosignerKey, cosigned_at_s
from consent_ledger.tlog.note import Signer, VerifierKey, format_note, parse_note, verify_note
from consent_ledger.tlog.proof_file import (
    ProofFile,
    format_proof_file,
    parse_proof_file,
    verify_proof_file,
)
from consent_ledger.tlog.prover import Prover
from unit.tlog.tiled_log import entries, tiled_log
from unit.tlog.vectors import go, raw


@pytest.fixture(scope="module")
def log():
    return tiled_log(70_000)


def signers():
    return [Signer(each["name"], raw(each["seed"])) for each in go("keys")["log"]]


def witness():
    cosigner = go("keys")["cosigner"]
    return Cosigner(cosigner["name"], raw(cosigner["seed"]))


def test_root_hashes_are_those_of_go(log):
    for case in go("roots"):
        assert merkle.root(case["size"], log.reader(case["size"])) == raw(case["root"])


def test_inclusion_proofs_are_those_of_go(log):
    for case in go("inclusion"):
        index, size = case["index"], case["size"]
        proof = [raw(each) for each in case["proof"]]
        reader = log.reader(size)
        assert merkle.inclusion_proof(index, size, reader) == proof
        assert Prover(size, reader).inclusion_proof(index) == proof
        merkle.verify_inclusion(index, size, raw(case["leaf"]), proof, raw(case["root"]))


def test_consistency_proofs_are_those_of_go(log):
    for case in go("consistency"):
        old, new = case["old_size"], case["new_size"]
        proof = [raw(each) for each in case["proof"]]
        assert merkle.consistency_proof(old, new, log.reader(new)) == proof
        merkle.verify_consistency(old, new, proof, raw(case["old_root"]), raw(case["new_root"]))


def test_tiles_are_those_of_go(log):
    for case in go("tiles"):
        ours = {}
        for each in tile.grown_tiles(0, case["size"]):
            stored = log.read_tile(each)
            ours[each.path] = sha256(tile.cut_tile(each, stored)).hexdigest()
        assert ours == {each["path"]: each["sha256"] for each in case["tiles"]}


def test_grown_tiles_are_the_widest_of_those_that_go_lists():
    """x/mod also lists each width on the way, of which only the last is of the new size."""
    for case in go("growth"):
        new_size = case["new_size"]
        theirs = {tile.parse_path(path) for path in case["paths"]}
        grown = list(tile.grown_tiles(case["old_size"], new_size))
        widest = {
            each
            for each in theirs
            if each.width == tile.tile_width(each.level, each.index, new_size)
        }
        # x/mod repeats the tile on the edge when it did not grow.
        unchanged = {
            each
            for each in widest
            if each.width == tile.tile_width(each.level, each.index, case["old_size"])
        }
        assert set(grown) == widest - unchanged
        assert len(grown) == len(set(grown))


def test_tile_paths_are_those_of_go():
    for case in go("paths"):
        coordinates = tile.Tile(case["level"], case["index"], case["width"])
        assert coordinates.path == case["path"]
        assert tile.parse_path(case["path"]) == coordinates


def test_entry_bundle_is_that_of_go():
    case = go("bundle")
    contents = [raw(each) for each in case["entries"]]
    assert entry_bundle.encode_bundle(contents) == raw(case["bundle"])
    assert entry_bundle.decode_bundle(raw(case["bundle"]), 4) == contents


def test_keys_are_those_of_go():
    for signer, case in zip(signers(), go("keys")["log"], strict=True):
        assert signer.key.vkey == case["vkey"]
        assert VerifierKey.parse(case["vkey"]) == signer.key
    vkey = go("keys")["cosigner"]["vkey"]
    assert witness().key.vkey == vkey
    assert CosignerKey.parse(vkey) == witness().key


def test_notes_that_go_signed_verify_and_ours_are_the_same_bytes():
    by_id = {(each.key.name, each.key.key_id): each for each in signers()}
    for case in go("notes"):
        note = parse_note(case["note"].encode())
        assert note.text == case["text"]
        keys = [VerifierKey.parse(each) for each in case["vkeys"]]
        assert len(verify_note(note, keys)) == case["verified"]
        ours = [by_id[each.name, each.key_id].sign(note.text) for each in note.signatures]
        assert format_note(note.text, ours) == case["note"].encode()


def test_cosigned_checkpoint_of_go_opens_and_ours_is_the_same_bytes():
    case = go("checkpoint")
    opened = open_checkpoint(
        case["note"].encode(),
        case["origin"],
        [VerifierKey.parse(case["vkey"])],
        [CosignerKey.parse(case["cosigner_vkey"])],
    )
    expected = Checkpoint(case["origin"], case["size"], raw(case["root"]))
    assert opened.checkpoint == expected
    assert [cosigned_at_s(each) for each in opened.cosignatures] == [case["time_s"]]
    signed = parse_note(sign_checkpoint(expected, signers()[0]))
    cosigned = (*signed.signatures, witness().cosign(signed.text, case["time_s"]))
    assert format_note(signed.text, cosigned) == case["note"].encode()


def test_proof_file_built_from_gos_proof_verifies_and_ours_is_the_same_bytes(log):
    case = go("proof_file")
    data = case["file"].encode()
    file = parse_proof_file(data)
    leaf = merkle.leaf_hash(entries(1, case["index"])[0])
    assert leaf == raw(case["leaf"])
    verify_proof_file(file, leaf, case["origin"], [VerifierKey.parse(case["vkey"])])
    proof = merkle.inclusion_proof(case["index"], log.size, log.reader())
    checkpoint = go("checkpoint")["note"].encode()
    made = ProofFile(case["index"], proof, checkpoint, raw(case["extra"]))
    assert format_proof_file(made) == data
