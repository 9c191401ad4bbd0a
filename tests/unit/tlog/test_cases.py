# SPDX-License-Identifier: MIT
"""The named cases in tests/vectors/tlog: good input is accepted, each broken one refused."""

import runpy
from contextlib import contextmanager

import pytest
from consent_ledger.tlog import entry_bundle, merkle, tile
from consent_ledger.tlog.checkpoint import open_checkpoint
from consent_ledger.tlog.cosignature import CosignerKey
from consent_ledger.tlog.errors import ProofError
from consent_ledger.tlog.note import VerifierKey, parse_note, verify_note
from consent_ledger.tlog.proof_file import parse_proof_file, verify_proof_file
from unit.tlog.vectors import DIRECTORY, cases, raw


def every(kind):
    named = cases(kind)
    return pytest.mark.parametrize(
        "case", [case for _, case in named], ids=[name for name, _ in named]
    )


@contextmanager
def outcome(case):
    """Fails unless what happens within is what the case wants, and the message tells all of it."""
    refused = None
    try:
        yield
    except ProofError as error:
        refused = error
    if refused is None:
        assert case["want_error"] is None, f"accepted: {case['desc']}"
    else:
        message = str(refused)
        assert refused.code == case["want_error"], message
        assert message == f"{refused.field}: found {refused.found}, expected {refused.expected}"
        assert "" not in (refused.field, refused.found, refused.expected)
        assert len(message) < 400
        assert message.isprintable()


@every("inclusion")
def test_inclusion_proof(case):
    proof = [raw(each) for each in case["proof"]]
    with outcome(case):
        merkle.verify_inclusion(
            case["index"], case["size"], raw(case["leaf"]), proof, raw(case["root"])
        )


@every("consistency")
def test_consistency_proof(case):
    proof = [raw(each) for each in case["proof"]]
    with outcome(case):
        merkle.verify_growth(
            case["old_size"],
            case["new_size"],
            proof,
            raw(case["old_root"]),
            raw(case["new_root"]),
        )


@every("note")
def test_note(case):
    data = raw(case["note_b64"]) if "note_b64" in case else case["note"].encode()
    keys = [VerifierKey.parse(each) for each in case["vkeys"]]
    with outcome(case):
        assert len(verify_note(parse_note(data), keys)) == case["verified"]


@every("vkey")
def test_verifier_key(case):
    with outcome(case):
        key = VerifierKey.parse(case["vkey"])
        assert (key.name, key.public_key) == (case["name"], raw(case["public_key"]))


@every("checkpoint")
def test_checkpoint(case):
    with outcome(case):
        opened = open_checkpoint(
            case["note"].encode(),
            case["origin"],
            [VerifierKey.parse(case["vkey"])],
            [CosignerKey.parse(each) for each in case["cosigners"]],
        )
        assert opened.checkpoint.origin == case["origin"]


@every("proof-file")
def test_proof_file(case):
    with outcome(case):
        verify_proof_file(
            parse_proof_file(case["file"].encode()),
            raw(case["leaf"]),
            case["origin"],
            [VerifierKey.parse(case["vkey"])],
        )


@every("tile-path")
def test_tile_path(case):
    with outcome(case):
        assert tile.parse_path(case["path"]).path == case["path"]


@every("bundle")
def test_entry_bundle(case):
    with outcome(case):
        entries = entry_bundle.decode_bundle(raw(case["bundle"]), case["width"])
        assert entries == [raw(each) for each in case["entries"]]


def test_case_files_are_those_that_their_generator_makes():
    made = runpy.run_path(str(DIRECTORY / "make_cases.py"))["files"]()
    found = {
        path.relative_to(DIRECTORY).as_posix(): path.read_text(encoding="utf-8")
        for path in DIRECTORY.glob("*/*.json")
        if path.parent.name != "go"
    }
    assert found == made
