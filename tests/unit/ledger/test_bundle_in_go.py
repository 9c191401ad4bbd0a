# SPDX-License-Identifier: MIT
"""The commands of the documentation that check a bundle with Go's golang.org/x/mod, as written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from consent_ledger.db import Database
from consent_ledger.export_range import Range
from consent_ledger.timestamps import HOUR_MS
from consent_ledger.tlog import merkle
from harness import SITE

from .conftest import NOW_MS
from .exports import Journalist

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "tests" / "go" / "verify_bundle.go"
DOCUMENTS = [ROOT / "backend" / name for name in ("README.md", "BUNDLE.md")]


def commands(document: Path) -> str:
    """The block that unzips the bundle and needs no network."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)
    (found,) = (block for block in blocks if "GOPATH=" in block)
    return found


def test_the_documents_give_the_same_commands() -> None:
    assert len({commands(document) for document in DOCUMENTS}) == 1
    assert [line.split()[0] for line in commands(DOCUMENTS[0]).splitlines()] == [
        "unzip",
        "GO111MODULE=off",
    ]


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """An empty directory with the program in it, where Go and its code for logs are installed."""
    gopath = re.search(r"GOPATH=(\S+)", commands(DOCUMENTS[0]))
    assert gopath is not None
    missing = [tool for tool in ("go", "unzip") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")
    if not (Path(gopath[1]) / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip(f"golang.org/x/mod is not in {gopath[1]} (golang-golang-x-mod-dev)")
    (tmp_path / "audit").mkdir()
    shutil.copy(PROGRAM, tmp_path / "audit")
    return tmp_path / "audit"


def run(workplace: Path, command: str) -> subprocess.CompletedProcess[str]:
    caches = {"GOCACHE": str(workplace.parent / "cache"), "GOTMPDIR": str(workplace.parent)}
    return subprocess.run(
        ["sh", "-e", "-c", command],
        cwd=workplace,
        env=os.environ | caches,
        capture_output=True,
        text=True,
    )


def lay_out(workplace: Path, bundle: bytes, journalist: Journalist) -> None:
    (workplace / "meridian.zip").write_bytes(bundle)
    (workplace / "keys.txt").write_text(journalist.vkeys()[0] + "\n")


def test_the_commands_verify_a_real_bundle_and_find_a_changed_byte(
    workplace: Path, database: Database
) -> None:
    journalist = Journalist(database)
    first, *_ = journalist.decide(600)
    journalist.erase(first)
    lay_out(workplace, journalist.bundle(with_subjects=True), journalist)
    done = run(workplace, commands(DOCUMENTS[0]))
    assert done.returncode == 0, done.stderr
    assert "signed at size 602" in done.stdout
    assert "602 entries proven to be in it; 601 lines of openings match" in done.stdout

    again = commands(DOCUMENTS[0]).splitlines()[1]
    log = workplace / "bundle" / "logs" / "1"
    for name, at, complaint in (
        ("checkpoint", 30, "checkpoint"),
        ("tile/entries/001", 5000, "entry 310 has the hash"),
        ("tile/0/001", 5000, "entry 412 has the hash"),
        ("tile/1/000.p/2", 40, "inconsistent tile"),
        ("openings.ndjson", 1000, "entry 3 is another one"),
    ):
        path = log / name
        right = path.read_bytes()
        path.write_bytes(right[:at] + bytes((right[at] ^ 1,)) + right[at + 1 :])
        done = run(workplace, again)
        assert done.returncode == 1, name
        assert "FAILED" in done.stderr
        assert complaint in done.stderr
        path.write_bytes(right)
    other = journalist.vkeys()[0].replace(f"ledger.test/{SITE}/1+", "another.example+")
    (workplace / "keys.txt").write_text(other)
    assert run(workplace, again).returncode == 1


def test_an_entry_that_was_changed_together_with_its_tile_is_found(
    workplace: Path, database: Database
) -> None:
    """In a range too, where the root cannot be made from the entries alone."""
    journalist = Journalist(database)
    journalist.decide(300)
    journalist.wait(5)
    journalist.decide(10)
    journalist.wait(1)
    journalist.decide(300)
    start = NOW_MS // HOUR_MS + 5
    lay_out(workplace, journalist.bundle(wanted=Range(start, start + 1)), journalist)
    assert run(workplace, commands(DOCUMENTS[0])).returncode == 0
    log = workplace / "bundle" / "logs" / "1"
    bundle = bytearray((log / "tile/entries/001").read_bytes())
    bundle[-1] ^= 1  # of entry 511, which nobody opened
    (log / "tile/entries/001").write_bytes(bundle)
    tile = (log / "tile/0/001").read_bytes()
    leaf = merkle.leaf_hash(bytes(bundle[-89:]))
    (log / "tile/0/001").write_bytes(tile[:-32] + leaf)
    done = run(workplace, commands(DOCUMENTS[0]).splitlines()[1])
    assert done.returncode == 1
    assert "FAILED" in done.stderr


def test_the_commands_verify_a_range_of_hours(workplace: Path, database: Database) -> None:
    journalist = Journalist(database)
    journalist.decide(300)
    journalist.wait(5)
    journalist.decide(10)
    start = NOW_MS // HOUR_MS + 5
    journalist.wait(1)
    journalist.decide(300)
    lay_out(workplace, journalist.bundle(wanted=Range(start, start + 1)), journalist)
    done = run(workplace, commands(DOCUMENTS[0]))
    assert done.returncode == 0, done.stderr
    assert "12 lines of openings match" in done.stdout  # ten, and a neighbour on each side
