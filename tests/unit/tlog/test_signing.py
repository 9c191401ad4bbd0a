# SPDX-License-Identifier: MIT
"""Notes, checkpoints, cosignatures and proof files as they are made; reading is in test_cases."""

import pytest
from consent_ledger.tlog import merkle
from consent_ledger.tlog.checkpoint import (
    Checkpoint,
    format_checkpoint,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from consent_ledger.tlog.cosignature import Cosigner, CosignerKey, cosigned_at_s
from consent_ledger.tlog.errors import (
    FormatError,
    RangeError,
    SignatureError,
    UnknownSignerError,
)
from consent_ledger.tlog.note import (
    MAX_NOTE_BYTES,
    Signature,
    Signer,
    VerifierKey,
    format_note,
    parse_note,
    sign_note,
    verified_signatures,
    verify_note,
)
from consent_ledger.tlog.proof_file import ProofFile, format_proof_file, parse_proof_file

ORIGIN = "log.example/meridian/1"
ROOT = bytes(range(32))


@pytest.fixture
def log_key():
    return Signer(ORIGIN, bytes(32))


@pytest.fixture
def next_log_key():
    return Signer(ORIGIN, b"\x01" * 32)


@pytest.fixture
def witness():
    return Cosigner("witness.example/w1", b"\x02" * 32)


def with_cosignature(signed, *cosignatures):
    note = parse_note(signed)
    return format_note(note.text, (*note.signatures, *cosignatures))


def test_while_keys_rotate_either_key_opens_the_checkpoint(log_key, next_log_key):
    signed = sign_checkpoint(Checkpoint(ORIGIN, 7, ROOT), log_key, next_log_key)
    for known in ([log_key.key], [next_log_key.key], [log_key.key, next_log_key.key]):
        opened = open_checkpoint(signed, ORIGIN, known)
        assert opened.checkpoint == Checkpoint(ORIGIN, 7, ROOT)
        assert len(opened.log_signatures) == len(known)


def test_cosignature_tells_its_time_and_who_made_it(log_key, witness):
    signed = sign_checkpoint(Checkpoint(ORIGIN, 7, ROOT), log_key)
    cosignature = witness.cosign(parse_note(signed).text, 1_795_300_000)
    cosigned = with_cosignature(signed, cosignature)
    opened = open_checkpoint(cosigned, ORIGIN, [log_key.key], [witness.key])
    assert opened.cosignatures == [cosignature]
    assert cosigned_at_s(cosignature) == 1_795_300_000
    assert open_checkpoint(cosigned, ORIGIN, [log_key.key]).cosignatures == []


def test_two_cosignatures_of_one_witness_are_both_told(log_key, witness):
    signed = sign_checkpoint(Checkpoint(ORIGIN, 7, ROOT), log_key)
    text = parse_note(signed).text
    both = [witness.cosign(text, 1), witness.cosign(text, 2)]
    opened = open_checkpoint(with_cosignature(signed, *both), ORIGIN, [log_key.key], [witness.key])
    assert opened.cosignatures == both


def test_witness_key_is_no_log_key_though_both_have_the_same_bytes(log_key):
    text = format_checkpoint(Checkpoint(ORIGIN, 7, ROOT))
    same_seed = Cosigner(ORIGIN, bytes(32))
    assert same_seed.key.key_id != log_key.key.key_id
    cosigned = format_note(text, [same_seed.cosign(text, 1)])
    with pytest.raises(UnknownSignerError):
        open_checkpoint(cosigned, ORIGIN, [log_key.key])
    with pytest.raises(FormatError, match="algorithm: found 04, expected 01"):
        VerifierKey.parse(same_seed.key.vkey)
    with pytest.raises(FormatError, match="algorithm: found 01, expected 04"):
        CosignerKey.parse(log_key.key.vkey)


def test_cosigned_size_cannot_be_moved_to_another_checkpoint(log_key, witness):
    small = sign_checkpoint(Checkpoint(ORIGIN, 7, ROOT), log_key)
    large = sign_checkpoint(Checkpoint(ORIGIN, 8, ROOT), log_key)
    moved = with_cosignature(large, witness.cosign(parse_note(small).text, 1))
    with pytest.raises(SignatureError, match=r"witness\.example/w1"):
        open_checkpoint(moved, ORIGIN, [log_key.key], [witness.key])


@pytest.mark.parametrize("time_s", [-1, 2**63])
def test_time_that_no_cosignature_can_hold_is_refused(witness, time_s):
    with pytest.raises(RangeError, match="cosignature time"):
        witness.cosign("text\n", time_s)


def test_time_of_something_that_is_no_cosignature_is_refused(log_key):
    with pytest.raises(FormatError, match="found 64 bytes, expected 72 bytes"):
        cosigned_at_s(log_key.sign("text\n"))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2028b", "a\x00b", "a\nb", "\ud800"])
def test_key_name_that_a_note_cannot_hold_is_refused(name):
    with pytest.raises(FormatError, match="key name"):
        Signer(name, bytes(32))


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "\ud800\n", "carriage return\r\n"])
def test_text_that_a_note_cannot_hold_is_refused(log_key, witness, text):
    for make in (
        lambda: format_note(text, [Signature("name", bytes(4), b"x")]),
        lambda: sign_note(text, log_key),
        lambda: witness.cosign(text, 1),
    ):
        with pytest.raises(FormatError, match="note text"):
            make()


def test_seed_of_another_length_is_refused_and_never_shown():
    with pytest.raises(ValueError, match="seed has 31 bytes, expected 32") as caught:
        Signer(ORIGIN, b"secret-secret-secret-secret-sec")
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(Signer(ORIGIN, b"secret-secret-secret-secret-secr"))


def test_public_key_of_another_length_is_refused():
    with pytest.raises(FormatError, match="found 31 bytes, expected 32 bytes"):
        VerifierKey(ORIGIN, bytes(31))


def test_two_keys_with_one_name_and_id_are_refused(log_key):
    class Impostor(VerifierKey):
        key_id = log_key.key.key_id

    impostor = Impostor(ORIGIN, b"\x03" * 32)
    note = parse_note(sign_note("text\n", log_key))
    with pytest.raises(FormatError, match="two with the ID"):
        verified_signatures(note, [log_key.key, impostor])
    assert len(verified_signatures(note, [log_key.key, log_key.key])) == 1


def test_note_of_any_size_is_refused_before_it_is_read(log_key):
    longest = sign_note("x" * (MAX_NOTE_BYTES - 200) + "\n", log_key)
    assert verify_note(parse_note(longest), [log_key.key])
    with pytest.raises(FormatError, match=f"expected at most {MAX_NOTE_BYTES} bytes"):
        parse_note(b"x" * (MAX_NOTE_BYTES + 1))


@pytest.mark.parametrize(
    "broken",
    [
        Checkpoint("", 7, ROOT),
        Checkpoint("a\nb", 7, ROOT),
        Checkpoint(ORIGIN, -1, ROOT),
        Checkpoint(ORIGIN, 2**63, ROOT),
        Checkpoint(ORIGIN, 7, ROOT[:31]),
        Checkpoint(ORIGIN, 7, ROOT, ("",)),
        Checkpoint(ORIGIN, 7, ROOT, ("a\nb",)),
    ],
)
def test_checkpoint_that_could_not_be_read_back_is_not_made(broken):
    with pytest.raises(FormatError):
        format_checkpoint(broken)


def test_checkpoint_text_without_its_last_newline_is_refused():
    with pytest.raises(FormatError, match="no newline at the end"):
        parse_checkpoint(format_checkpoint(Checkpoint(ORIGIN, 7, ROOT))[:-1])


@pytest.mark.parametrize(
    "broken",
    [
        ProofFile(-1, (), b""),
        ProofFile(2**63, (), b""),
        ProofFile(0, (bytes(31),), b""),
        ProofFile(0, (bytes(32),) * 64, b""),
    ],
)
def test_proof_file_that_could_not_be_read_back_is_not_made(broken):
    with pytest.raises((FormatError, RangeError)):
        format_proof_file(broken)


def test_proof_file_of_any_size_is_refused_before_it_is_read():
    with pytest.raises(FormatError, match="proof file: found 3000000 bytes"):
        parse_proof_file(bytes(3_000_000))


def test_proof_of_the_deepest_tree_fits_its_file():
    file = ProofFile(2**63 - 1, (merkle.EMPTY_ROOT,) * 63, b"checkpoint")
    assert parse_proof_file(format_proof_file(file)) == file


def test_proof_file_with_more_hashes_than_any_tree_needs_is_refused_as_it_is_read():
    deepest = format_proof_file(ProofFile(0, (ROOT,) * 63, b"checkpoint"))
    with pytest.raises(FormatError, match="found 64 hashes, expected at most 63"):
        parse_proof_file(deepest.replace(b"index 0\n", b"index 0\n" + b"A" * 43 + b"=\n"))
