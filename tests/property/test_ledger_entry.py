# SPDX-License-Identifier: MIT
"""Entries and receipts, both ways, for generated parts."""

from __future__ import annotations

import base64
import hashlib
import json

import rfc8785
from consent_banner import canonical
from consent_ledger.opening import Opening, Receipt
from consent_ledger.proofs import Proof
from consent_ledger.strict_json import parse_json
from consent_ledger.tlog import entry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

words = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
keys = st.text(st.characters(codec="ascii"), max_size=10)
numbers = st.integers(-(2**53) + 1, 2**53 - 1)
values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
parts = st.dictionaries(keys, values, max_size=6)
salts = st.binary(min_size=32, max_size=32)
private = st.sampled_from([kind for kind in entry.Kind if kind.is_private])
public = st.sampled_from([kind for kind in entry.Kind if not kind.is_private])


@unhurried
@given(private, salts, parts, salts, parts)
def test_a_private_entry_is_parsed_back_to_its_commitments(
    kind: entry.Kind, salt_s: bytes, subject: dict[str, object], salt_e: bytes, evidence: object
) -> None:
    opening = Opening(canonical.dumps(subject), salt_s, canonical.dumps(evidence), salt_e)
    made = opening.entry(kind)
    assert len(made) == 89
    parsed = entry.parse_entry(made)
    assert isinstance(parsed, entry.PrivateEntry)
    assert parsed.kind == kind
    label = b"consent-ledger/subject/v1\n"
    expected = hashlib.sha256(label + salt_s + rfc8785.dumps(subject)).digest()
    assert parsed.subject_commitment == expected


@unhurried
@given(public, parts)
def test_a_public_entry_is_parsed_back_to_its_document(
    kind: entry.Kind, document: dict[str, object]
) -> None:
    parsed = entry.parse_entry(entry.public_entry(kind, canonical.dumps(document)))
    assert isinstance(parsed, entry.PublicEntry)
    assert (parsed.kind, parse_json(parsed.body)) == (kind, document)


@unhurried
@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: entry.LABEL + tail))
def test_any_bytes_are_an_entry_or_an_entry_error(data: bytes) -> None:
    try:
        parsed = entry.parse_entry(data)
    except entry.EntryError:
        return
    if isinstance(parsed, entry.PrivateEntry):
        commitments = parsed.subject_commitment, parsed.evidence_commitment
        assert entry.private_entry(parsed.kind, *commitments) == data
    else:
        assert entry.public_entry(parsed.kind, parsed.body) == data


@unhurried
@given(salts, parts, st.integers(0, 255), st.integers(0, 88))
def test_a_changed_byte_changes_the_parsed_entry(
    salt: bytes, part: dict[str, object], value: int, at: int
) -> None:
    raw = canonical.dumps(part)
    made = Opening(raw, salt, raw, salt).entry()
    changed = made[:at] + bytes([value]) + made[at + 1 :]
    try:
        same = entry.parse_entry(changed) == entry.parse_entry(made)
    except entry.EntryError:
        same = False
    assert same == (changed == made)


@unhurried
@given(
    salts,
    parts,
    parts,
    st.integers(0, 2**53 - 2),  # the size of its tree is one more
    st.text(st.characters(codec="ascii"), min_size=1, max_size=20),
)
def test_a_receipt_is_canonical_and_holds_what_it_was_made_of(
    salt: bytes, subject: dict[str, object], evidence: dict[str, object], index: int, origin: str
) -> None:
    opening = Opening(canonical.dumps(subject), salt, canonical.dumps(evidence), salt)
    proof = Proof(index + 1, [salt, salt], b"a\n\n\xe2\x80\x94 b c\n")
    made = Receipt(origin, index, opening.entry(), opening, proof).to_json()
    document = json.loads(made)
    assert canonical.dumps(document) == made
    assert document["subject"]["part"] == subject
    assert document["evidence"]["part"] == evidence
    assert (document["index"], document["origin"]) == (index, origin)
    assert document["proof"] == {
        "tree_size": index + 1,
        "hashes": [base64.b64encode(salt).decode()] * 2,
        "checkpoint": "a\n\n\N{EM DASH} b c\n",
    }
    assert base64.b64decode(document["entry"]) == opening.entry()


@unhurried
@given(values)
def test_what_is_canonical_is_read_back_as_it_was(document: object) -> None:
    assert parse_json(canonical.dumps(document)) == document
