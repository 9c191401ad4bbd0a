# SPDX-License-Identifier: MIT
"""Notes, checkpoints, paths and proof files: both ways, and nothing but ProofError on nonsense."""

import pytest
from consent_ledger.tlog import entry_bundle, tile
from consent_ledger.tlog.checkpoint import (
    Checkpoint,
    format_checkpoint,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from consent_ledger.tlog.cosignature import Cosigner, CosignerKey, cosigned_at_s
from consent_ledger.tlog.encoding import format_base64, parse_base64, parse_decimal
from consent_ledger.tlog.errors import FormatError, ProofError
from consent_ledger.tlog.note import (
    Signature,
    Signer,
    VerifierKey,
    format_note,
    format_signature,
    parse_note,
    parse_signature,
    sign_note,
    verify_note,
)
from consent_ledger.tlog.proof_file import (
    ProofFile,
    format_proof_file,
    parse_proof_file,
    verify_proof_file,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.tlog.vectors import go, raw

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

numbers = st.integers(0, 2**63 - 1)
hashes = st.binary(min_size=32, max_size=32)
characters = st.characters(min_codepoint=0x20, exclude_categories=["Cs"])
lines = st.text(characters, min_size=1)
names = st.text(
    characters.filter(lambda each: not each.isspace() and each != "+"), min_size=1, max_size=30
)
texts = st.lists(st.text(characters), min_size=1).map(lambda each: "\n".join(each) + "\n")
signatures = st.builds(
    Signature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80)
)
checkpoints = st.builds(Checkpoint, lines, numbers, hashes, st.lists(lines, max_size=3).map(tuple))

SIGNER = Signer("log.example/meridian/1", bytes(32))
WITNESS = Cosigner("witness.example", b"\1" * 32)


@unhurried
@given(numbers)
def test_decimal_reads_back_equal(number):
    assert parse_decimal(str(number), "number") == number


@unhurried
@given(st.text() | st.text("0123456789+-_ \n\u0660\u00b2"))
def test_text_is_a_decimal_only_as_python_would_write_it(text):
    canonical = text.isascii() and text.isdigit() and str(int(text)) == text
    if canonical and int(text) < 2**63:
        assert parse_decimal(text, "number") == int(text)
    else:
        with pytest.raises(FormatError, match="number: found "):
            parse_decimal(text, "number")


@unhurried
@given(st.binary(max_size=70))
def test_base64_reads_back_equal(data):
    assert parse_base64(format_base64(data), "data") == data


@unhurried
@given(st.text() | st.text("ABab01+/=-_\n "))
def test_text_is_base64_only_in_its_one_spelling(text):
    only_proof_errors(lambda each: parse_base64(each, "data"), format_base64, text)


@unhurried
@given(texts, st.lists(signatures, min_size=1, max_size=5))
def test_note_reads_back_equal(text, signed):
    note = parse_note(format_note(text, signed))
    assert note.text == text
    assert note.signatures == tuple(signed)
    assert format_note(note.text, note.signatures) == format_note(text, signed)


@unhurried
@given(signatures)
def test_signature_line_reads_back_equal(signature):
    assert parse_signature(format_signature(signature)[:-1]) == signature


@unhurried
@given(names, st.binary(min_size=32, max_size=32), st.sampled_from([VerifierKey, CosignerKey]))
def test_verifier_key_reads_back_equal(name, public_key, kind):
    key = kind(name, public_key)
    assert kind.parse(key.vkey) == key


@unhurried
@given(checkpoints)
def test_checkpoint_reads_back_equal(checkpoint):
    assert parse_checkpoint(format_checkpoint(checkpoint)) == checkpoint
    signed = sign_checkpoint(checkpoint, SIGNER)
    assert open_checkpoint(signed, checkpoint.origin, [SIGNER.key]).checkpoint == checkpoint


@unhurried
@given(checkpoints, numbers)
def test_cosignature_verifies_with_its_time_and_with_no_other(checkpoint, time_s):
    text = format_checkpoint(checkpoint)
    cosignature = WITNESS.cosign(text, time_s)
    assert cosigned_at_s(cosignature) == time_s
    assert WITNESS.key.is_signed(text, cosignature.signature)
    other = (time_s ^ 1).to_bytes(8, "big") + cosignature.signature[8:]
    assert not WITNESS.key.is_signed(text, other)


@unhurried
@given(st.integers(-1, 63), numbers, st.integers(1, 256))
def test_tile_path_reads_back_equal(level, index, width):
    coordinates = tile.Tile(level, index, width)
    assert tile.parse_path(coordinates.path) == coordinates


@unhurried
@given(numbers, st.lists(hashes, max_size=63).map(tuple), st.binary(), st.binary())
def test_proof_file_reads_back_equal(index, proof, checkpoint, extra):
    file = ProofFile(index, proof, checkpoint, extra)
    assert parse_proof_file(format_proof_file(file)) == file


# --- nonsense ----------------------------------------------------------------------------------


def only_proof_errors(parse, format_again, data):
    """What is accepted has one spelling; what is not raises ProofError and nothing else."""
    try:
        parsed = parse(data)
    except ProofError:
        return
    assert format_again(parsed) == data


@st.composite
def damaged(draw, whole):
    """*whole* with a few bytes changed, dropped, doubled or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(0, 3))
        put = draw(st.binary(max_size=3) | st.sampled_from([b"\n", b"\n\n", b" ", b"=", b"0"]))
        data[at : at + length] = put
    return bytes(data)


NOTE = go("checkpoint")["note"].encode()
FILE = go("proof_file")["file"].encode()
LOG_KEY = VerifierKey.parse(go("checkpoint")["vkey"])
COSIGNER_KEY = CosignerKey.parse(go("checkpoint")["cosigner_vkey"])


@unhurried
@given(st.binary() | texts.map(str.encode) | damaged(NOTE))
def test_any_bytes_are_a_note_in_one_spelling_or_refused(data):
    only_proof_errors(parse_note, lambda note: format_note(note.text, note.signatures), data)


@unhurried
@given(st.text() | damaged(NOTE).map(lambda each: each.decode(errors="replace")))
def test_any_text_is_a_checkpoint_in_one_spelling_or_refused(text):
    only_proof_errors(parse_checkpoint, format_checkpoint, text)


@unhurried
@given(st.binary() | damaged(FILE))
def test_any_bytes_are_a_proof_file_in_one_spelling_or_refused(data):
    only_proof_errors(parse_proof_file, format_proof_file, data)


@unhurried
@given(st.text() | damaged(LOG_KEY.vkey.encode()).map(lambda each: each.decode(errors="replace")))
def test_any_text_is_a_verifier_key_in_one_spelling_or_refused(text):
    only_proof_errors(VerifierKey.parse, lambda key: key.vkey, text)


@unhurried
@given(st.text() | st.text("tile/entris0123456789x.p", max_size=30).map("tile/0/".__add__))
def test_any_text_is_a_tile_path_in_one_spelling_or_refused(text):
    only_proof_errors(tile.parse_path, lambda coordinates: coordinates.path, text)


@unhurried
@given(st.binary(), st.integers(0, 300))
def test_any_bytes_are_an_entry_bundle_in_one_spelling_or_refused(data, width):
    only_proof_errors(
        lambda each: entry_bundle.decode_bundle(each, width), entry_bundle.encode_bundle, data
    )


@unhurried
@given(damaged(NOTE))
def test_damaged_checkpoint_is_refused_or_says_the_same(data):
    """Damage to a name or an ID makes a signature unknown; the text stays what was signed."""
    case = go("checkpoint")
    try:
        opened = open_checkpoint(data, case["origin"], [LOG_KEY], [COSIGNER_KEY])
    except ProofError:
        return
    assert opened.checkpoint == Checkpoint(case["origin"], case["size"], raw(case["root"]))


@unhurried
@given(damaged(FILE))
def test_damaged_proof_file_is_refused_or_proves_the_same(data):
    case = go("proof_file")
    original = parse_proof_file(FILE)
    try:
        file = parse_proof_file(data)
        verify_proof_file(file, raw(case["leaf"]), case["origin"], [LOG_KEY])
    except ProofError:
        return
    assert (file.index, file.proof) == (original.index, original.proof)


@unhurried
@given(texts, st.data())
def test_note_whose_text_was_changed_is_refused(text, data):
    signed = sign_note(text, SIGNER)
    other = data.draw(texts.filter(lambda each: each != text))
    changed = format_note(other, parse_note(signed).signatures)
    with pytest.raises(ProofError):
        verify_note(parse_note(changed), [SIGNER.key])
