# SPDX-License-Identifier: MIT
"""Receipts verified with the pure part alone: accepted when whole, refused by field when not."""

import base64
import copy
import hashlib
import json

import pytest
from consent_ledger.tlog import entry
from consent_ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from consent_ledger.tlog.errors import FormatError, ProofError
from consent_ledger.tlog.merkle import CompactRange, inclusion_proof, leaf_hash
from consent_ledger.tlog.note import Signer
from consent_ledger.tlog.receipts import MAX_RECEIPT_BYTES, verify_receipt

ORIGIN = "ledger.test/meridian/1"
SIGNER = Signer(ORIGIN, bytes(32))
VKEY = SIGNER.key.vkey
SUBJECT = {"id": "ab" * 16, "seq": 1, "previous": None}
EVIDENCE = {"action": "reject_all", "gpc": False, "notice": "né 🍪\n"}
SALTS = bytes(range(32)), bytes(range(32, 64))
INDEX, SIZE = 5, 11


def dumps(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def b64(data):
    return base64.b64encode(data).decode()


def commitment(name, salt, part):
    return hashlib.sha256(f"consent-ledger/{name}/v1\n".encode() + salt + dumps(part)).digest()


def made(kind=entry.Kind.DECISION, signer=SIGNER, origin=ORIGIN):
    """A receipt as a document, and its checkpoint's root."""
    data = entry.private_entry(
        kind,
        commitment("subject", SALTS[0], SUBJECT),
        commitment("evidence", SALTS[1], EVIDENCE),
    )
    leaves = [leaf_hash(b"%d" % number) for number in range(SIZE)]
    leaves[INDEX] = leaf_hash(data)
    tree = CompactRange()
    known = tree.extend(leaves)
    note = sign_checkpoint(Checkpoint(origin, SIZE, tree.root()), signer)
    return {
        "schema": "consent-ledger/receipt/v1",
        "origin": ORIGIN,
        "index": INDEX,
        "entry": b64(data),
        "subject": {"part": SUBJECT, "salt": b64(SALTS[0])},
        "evidence": {"part": EVIDENCE, "salt": b64(SALTS[1])},
        "proof": {
            "tree_size": SIZE,
            "hashes": [b64(each) for each in inclusion_proof(INDEX, SIZE, known)],
            "checkpoint": note.decode(),
        },
    }


def refused(receipt, *vkeys):
    data = receipt if isinstance(receipt, bytes) else dumps(receipt)
    with pytest.raises(ProofError) as error:
        verify_receipt(data, vkeys or (VKEY,))
    return error.value


def changed(path, value):
    document = copy.deepcopy(made())
    *parents, last = path
    place = document
    for key in parents:
        place = place[key]
    place[last] = value(place[last]) if callable(value) else value
    return document


def test_a_whole_receipt_is_accepted_and_tells_what_it_proves():
    verified = verify_receipt(dumps(made()), [VKEY])
    assert (verified.origin, verified.index) == (ORIGIN, INDEX)
    assert (verified.subject, verified.evidence) == (SUBJECT, EVIDENCE)
    assert verified.opened.checkpoint.size == SIZE
    assert [each.name for each in verified.opened.log_signatures] == [ORIGIN]
    other = Signer("somebody", bytes(32)).key.vkey
    assert verify_receipt(dumps(made()), [other, VKEY]) == verified


def paths(node, *path):
    """Where each field stands, the hashes of the proof included."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from paths(value, *path, key)
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from paths(value, *path, at)
    else:
        yield path


def another(value):
    """The same kind of value, as near as can be."""
    if value is None or isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    first = "B" if value[:1] != "B" else "C"
    return first + value[1:]


@pytest.mark.parametrize("path", list(paths(made())), ids=lambda path: ".".join(map(str, path)))
def test_a_changed_field_is_found_out(path):
    refused(changed(path, another))


@pytest.mark.parametrize("path", list(paths(made())), ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("value", [None, 1, True, "", "x", [], {}, -1, 2**63], ids=repr)
def test_a_value_of_another_kind_is_refused_and_never_a_surprise(path, value):
    document = changed(path, value)
    if document != made():
        refused(document)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (("schema",), "schema"),
        (("origin",), "origin"),
        (("index",), "index"),
        (("entry",), "entry"),
        (("subject",), "subject"),
        (("subject", "salt"), "subject.salt"),
        (("subject", "part"), "subject.part"),
        (("evidence", "salt"), "evidence.salt"),
        (("proof",), "proof"),
        (("proof", "tree_size"), "proof.tree_size"),
        (("proof", "hashes"), "proof.hashes"),
        (("proof", "hashes", 1), "proof.hashes[1]"),
        (("proof", "checkpoint"), "proof.checkpoint"),
    ],
)
def test_the_field_is_named(path, field):
    assert refused(changed(path, None)).field == field
    document = changed(path, None)
    *parents, last = path
    place = document
    for key in parents:
        place = place[key]
    if isinstance(place, dict):
        del place[last]
        assert f"no {last}" in str(refused(document))
        place["more"] = 1
        assert "more" in str(refused(document))


@pytest.mark.parametrize(
    ("path", "value", "code", "words"),
    [
        (("subject", "part", "seq"), 2, "mismatch", "subject commitment"),
        (("evidence", "part", "gpc"), True, "mismatch", "evidence commitment"),
        (("evidence", "salt"), b64(bytes(31)), "format", "evidence.salt: found 31 bytes"),
        (("index",), 4, "mismatch", "root hash"),
        (("index",), SIZE, "range", "index"),
        (("proof", "tree_size"), SIZE + 1, "mismatch", "proof.tree_size"),
        (("proof", "hashes"), lambda hashes: hashes[1:], "format", "inclusion proof"),
        (("proof", "hashes"), lambda hashes: hashes[::-1], "mismatch", "root hash"),
        (("origin",), "ledger.test/other/1", "mismatch", "origin"),
        (("proof", "checkpoint"), lambda note: note + "\n", "format", "note"),
        (
            ("proof", "checkpoint"),
            lambda note: note.replace("\n11\n", "\n12\n"),
            "signature",
            "signature",
        ),
    ],
)
def test_each_kind_of_damage_has_its_code(path, value, code, words):
    error = refused(changed(path, value))
    assert error.code == code
    assert words in str(error)


def test_parts_that_were_swapped_do_not_open():
    document = made()
    document["subject"], document["evidence"] = document["evidence"], document["subject"]
    assert refused(document).code == "mismatch"


def test_another_signer_is_unknown_and_a_checkpoint_of_another_log_is_not_this_ones():
    assert refused(made(signer=Signer(ORIGIN, bytes(31) + b"1"))).code == "unknown_signer"
    assert refused(made(), Signer("x", bytes(32)).key.vkey).code == "unknown_signer"
    assert refused(made(origin="ledger.test/meridian/2")).field == "origin"
    assert refused(made(), "nonsense").code == "format"
    with pytest.raises(ProofError):
        verify_receipt(dumps(made()), [])


def test_only_a_decision_has_a_receipt():
    assert "expected 1" in str(refused(made(kind=entry.Kind.ERASURE)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"index":1.5}',
        b'{"index":NaN}',
        b'{"index":1e3}',
        b'{"index":' + b"9" * 5000 + b"}",
        b'{"schema":"\\ud800"}',
        b" " + dumps(made()),
        dumps(made()) + b"\n",
        dumps(made()).replace(b'{"entry"', b'{"entry":"x","entry"', 1),
        json.dumps(made(), sort_keys=True, separators=(",", ":")).encode(),
        dumps(made())[:-1],
    ],
    ids=lambda data: repr(data[:24]),
)
def test_bytes_that_are_no_canonical_receipt_are_refused(data):
    assert refused(data).code == "format"


def test_a_receipt_without_proof_says_so():
    assert "proof: found 'null'" in str(refused(made() | {"proof": None}))


def test_too_many_bytes_are_refused_before_they_are_read():
    with pytest.raises(FormatError, match="at most"):
        verify_receipt(b" " * (MAX_RECEIPT_BYTES + 1), [VKEY])
