# SPDX-License-Identifier: MIT
"""Signing keys: one secret file, a key for each log, and sentences when the file is not right."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
from consent_ledger.db import initialise, open_database
from consent_ledger.errors import SetupError
from consent_ledger.signing import SigningKeys, derive, make_seed
from consent_ledger.tlog.note import VerifierKey

ORIGIN = "ledger.test/meridian/1"


def test_a_log_key_is_hkdf_of_the_seed_and_the_origin() -> None:
    """RFC 5869 with the standard library only: extract with an empty salt, expand one block."""
    seed = bytes(range(32))
    extracted = hmac.digest(bytes(32), seed, "sha256")
    info = b"consent-ledger/log-key/v1\n" + ORIGIN.encode() + b"\x01"
    assert derive(seed, ORIGIN) == hmac.new(extracted, info, hashlib.sha256).digest()


def test_later_keys_of_a_log_have_their_number_behind_the_origin() -> None:
    seed = bytes(range(32))
    extracted = hmac.digest(bytes(32), seed, "sha256")
    info = b"consent-ledger/log-key/v1\n" + ORIGIN.encode() + b"\n12\x01"
    assert derive(seed, ORIGIN, 12) == hmac.new(extracted, info, hashlib.sha256).digest()
    assert derive(seed, ORIGIN, 1) == derive(seed, ORIGIN)
    keys = SigningKeys(seed)
    assert len({keys.signer(ORIGIN, version).key.vkey for version in range(1, 20)}) == 19
    assert keys.signer(ORIGIN, 2).key.name == ORIGIN


def test_every_log_has_its_own_key_named_by_its_origin() -> None:
    keys = SigningKeys(bytes(32))
    one, two = keys.signer(ORIGIN), keys.signer("ledger.test/meridian/2")
    assert one.key.name == ORIGIN
    assert one.key.public_key != two.key.public_key
    assert SigningKeys(bytes(32)).signer(ORIGIN).key == one.key
    assert VerifierKey.parse(one.key.vkey) == one.key


def test_a_new_ledger_has_a_private_seed_outside_its_database(tmp_path: Path) -> None:
    path = initialise(tmp_path / "data", "ledger.test")
    seed = tmp_path / "data" / "signing.seed"
    assert seed.stat().st_mode & 0o777 == 0o600
    assert len(seed.read_bytes()) == 32
    assert seed.read_bytes() not in path.read_bytes()
    initialise(tmp_path / "other", "ledger.test")
    assert (tmp_path / "other" / "signing.seed").read_bytes() != seed.read_bytes()


def test_a_seed_is_never_replaced(data: Path) -> None:
    kept = (data / "signing.seed").read_bytes()
    with pytest.raises(SetupError, match="never replaced"):
        make_seed(data)
    assert (data / "signing.seed").read_bytes() == kept


def test_a_new_ledger_beside_an_old_seed_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    make_seed(tmp_path)
    with pytest.raises(SetupError, match="never replaced"):
        initialise(tmp_path, "ledger.test")
    assert [path.name for path in tmp_path.iterdir()] == ["signing.seed"]


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0o600, "is missing"),
        (bytes(31), 0o600, "has 31 bytes, expected 32"),
        (b"", 0o600, "has 0 bytes"),
        (bytes(33), 0o600, "has 33 bytes"),
        (bytes(32), 0o644, "mode 0644, expected 0600"),
        (bytes(32), 0o640, "may be read by others"),
    ],
)
def test_a_seed_that_is_not_right_is_told_in_one_sentence(
    tmp_path: Path, content: bytes | None, mode: int, words: str
) -> None:
    path = tmp_path / "signing.seed"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(SetupError, match=words) as refused:
        SigningKeys.read(tmp_path)
    assert str(path) in refused.value.detail
    assert "\n" not in refused.value.detail


def test_opening_the_database_needs_no_seed(data: Path) -> None:
    (data / "signing.seed").unlink()
    open_database(data).close_all()  # whoever only reads
