# SPDX-License-Identifier: MIT
"""Entry bytes against vectors that an independent script made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from consent_banner import canonical
from consent_ledger.tlog import entry

VECTORS = Path(__file__).parents[2] / "vectors" / "entry"


def vectors(*, broken: bool) -> list[Any]:
    found = [
        pytest.param(document, id=path.stem)
        for path in sorted(VECTORS.glob("*.json"))
        if ("want_error" in (document := json.loads(path.read_text()))) == broken
    ]
    assert len(found) >= 6, "the vectors are missing"
    return found


@pytest.mark.parametrize("vector", vectors(broken=False))
def test_entries_are_the_vectors_byte_for_byte(vector: dict[str, Any]) -> None:
    kind = entry.Kind(vector["kind"])
    if kind.is_private:
        subject, evidence = (
            (bytes.fromhex(vector[part]["salt"]), canonical.dumps(vector[part]["part"]))
            for part in ("subject", "evidence")
        )
        commitments = entry.subject_commitment(*subject), entry.evidence_commitment(*evidence)
        assert commitments[0].hex() == vector["subject"]["commitment"]
        assert commitments[1].hex() == vector["evidence"]["commitment"]
        made = entry.private_entry(kind, *commitments)
        assert len(made) == 89
        assert entry.parse_entry(made) == entry.PrivateEntry(kind, *commitments)
    else:
        body = canonical.dumps(vector["document"])
        made = entry.public_entry(kind, body)
        assert entry.parse_entry(made) == entry.PublicEntry(kind, body)
    assert made.hex() == vector["entry"]


@pytest.mark.parametrize("vector", vectors(broken=True))
def test_broken_entries_are_refused_with_what_was_found(vector: dict[str, Any]) -> None:
    with pytest.raises(entry.EntryError, match=vector["want_error"]):
        entry.parse_entry(bytes.fromhex(vector["entry"]))


def test_there_is_a_vector_for_every_kind() -> None:
    assert {vector.values[0]["kind"] for vector in vectors(broken=False)} == set(entry.Kind)


def test_the_vectors_are_what_their_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-I", VECTORS / "make_vectors.py", tmp_path], check=True)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {path.name for path in VECTORS.glob("*.json")}
    for name in names:
        assert (tmp_path / name).read_bytes() == (VECTORS / name).read_bytes()


def test_a_salt_of_another_length_is_refused() -> None:
    for length in (0, 31, 33):
        with pytest.raises(entry.EntryError, match=f"salt: found {length} bytes"):
            entry.subject_commitment(bytes(length), b"{}")


def test_kinds_and_bodies_must_fit() -> None:
    with pytest.raises(entry.EntryError, match="public"):
        entry.private_entry(entry.Kind.NOTICE, bytes(32), bytes(32))
    with pytest.raises(entry.EntryError, match="private"):
        entry.public_entry(entry.Kind.DECISION, b"{}")
    with pytest.raises(entry.EntryError, match="31 and 32"):
        entry.private_entry(entry.Kind.DECISION, bytes(31), bytes(32))


def test_a_public_entry_holds_at_most_65535_bytes_in_all() -> None:
    room = 65_535 - 25
    assert len(entry.public_entry(entry.Kind.NOTICE, b"x" * room)) == 65_535
    with pytest.raises(entry.EntryError, match="65536 bytes"):
        entry.public_entry(entry.Kind.NOTICE, b"x" * (room + 1))
    with pytest.raises(entry.EntryError, match="65536 bytes"):
        entry.parse_entry(entry.LABEL + b"\x10" + b"x" * (room + 1))


def test_the_pure_part_imports_no_web_framework_and_no_database() -> None:
    code = (
        "import sys; import consent_ledger.tlog.entry; "
        "print([name for name in ('flask', 'peewee', 'sqlite3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
