# SPDX-License-Identifier: MIT
"""A database of schema 1, from before tiles and checkpoints, is brought to today's schema."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from consent_ledger import sites
from consent_ledger.db import check_unsigned, initialise, open_database, read_meta
from consent_ledger.errors import SetupError
from consent_ledger.lock import sole_user
from consent_ledger.proofs import SignedHead, StoredProver
from consent_ledger.signing import SigningKeys, make_seed
from consent_ledger.tlog import merkle
from consent_ledger.tlog.checkpoint import open_checkpoint
from consent_ledger.tlog.entry import Kind, private_entry
from harness import SITE, commit

from .conftest import NOW_MS, decide

SCHEMA_1 = Path(__file__).parents[2] / "vectors" / "schema-1.sql"
SIZE = 4_500  # more than one page, and all three kinds of tiles
LOG = f"ledger.test/{SITE}/1"


def entry_at(index: int) -> bytes:
    return private_entry(Kind.DECISION, index.to_bytes(32, "big"), bytes(32))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A data directory as the old version left it: a log with entries, an empty one, no seed."""
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.executescript(SCHEMA_1.read_text())
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)", [("schema", "1"), ("log_name", "ledger.test")]
        )
        for site, size in ((SITE, SIZE), ("empty", 0)):
            origin = f"ledger.test/{site}/1"
            connection.execute("INSERT INTO site VALUES (?, ?, '[]', 1)", (site, site))
            connection.execute("INSERT INTO log VALUES (?, 1, ?, ?, 5)", (site, origin, size))
        connection.executemany(
            "INSERT INTO entry VALUES (?, 1, ?, ?)",
            ((SITE, index, entry_at(index)) for index in range(SIZE)),
        )
    connection.close()
    return tmp_path


def test_tiles_roots_and_checkpoints_are_built_from_the_entries(old: Path) -> None:
    make_seed(old)
    database = open_database(old)
    with database.connection_context():
        assert read_meta(database, "schema") == "3"
        row = database.execute_sql("SELECT * FROM log WHERE site = ?", (SITE,)).fetchone()
        _, _, _, size, last_ms, root, checkpoint, *_ = row
        assert (size, last_ms) == (SIZE, 5)
        leaves = merkle.leaf_hashes(entry_at(index) for index in range(SIZE))
        whole = merkle.CompactRange()
        whole.extend(leaves)
        assert root == whole.root()
        key = SigningKeys.read(old).signer(LOG).key
        opened = open_checkpoint(checkpoint, LOG, [key]).checkpoint
        assert (opened.size, opened.root) == (SIZE, root)
        prover = StoredProver(database, SignedHead(SITE, 1, LOG, SIZE, root, checkpoint))
        assert all(prover.prove(index, entry_at(index)) for index in (0, 255, 4_095, SIZE - 1))
        assert prover.prove(0, entry_at(1)) is None
        row = database.execute_sql("SELECT * FROM log WHERE site = 'empty'").fetchone()
        assert (row[5], row[6]) == (merkle.EMPTY_ROOT, None)
        assert sites.get_site(database, SITE).log_access == "public"
    database.close_all()


def test_the_tables_are_those_of_a_new_ledger(old: Path, tmp_path: Path) -> None:
    make_seed(old)
    open_database(old).close_all()
    initialise(tmp_path / "new", "ledger.test")

    def columns(path: Path) -> dict[str, list[tuple[object, ...]]]:
        with sqlite3.connect(path) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            found = {
                name: sorted(
                    row[1:4] + row[5:] for row in connection.execute(f"PRAGMA table_info({name})")
                )
                for (name,) in tables
            }
        connection.close()
        return found

    assert columns(old / "ledger.db") == columns(tmp_path / "new" / "ledger.db")


def test_a_migrated_log_goes_on(old: Path) -> None:
    make_seed(old)
    database = open_database(old)
    with database.connection_context():
        receipt = commit(database, [decide()], lambda: NOW_MS)[0].result.receipt
        assert (receipt.index, receipt.proof.tree_size) == (SIZE, SIZE + 1)
        assert commit(database, [decide()], lambda: NOW_MS)[0].result.receipt.index == SIZE + 1
    database.close_all()
    open_database(old).close_all()  # a second time there is nothing to do


def test_without_a_seed_nothing_changes_and_the_sentence_says_how_to_make_one(old: Path) -> None:
    with pytest.raises(SetupError, match="consent-ledger signing-key create"):
        open_database(old)
    assert schema(old) == "1"
    check_unsigned(old)  # what the command asks before it makes one
    make_seed(old)
    open_database(old).close_all()
    assert schema(old) == "3"
    with pytest.raises(SetupError, match=f"the log {LOG} was signed"):
        check_unsigned(old)


def test_a_missing_entry_is_named_and_nothing_changes(old: Path) -> None:
    make_seed(old)
    with sqlite3.connect(old / "ledger.db") as connection:
        connection.execute("DELETE FROM entry WHERE entry_index = 4200")
    connection.close()
    with pytest.raises(SetupError, match=f"entry 4200 of the log {LOG} is missing"):
        open_database(old)
    assert schema(old) == "1"


def test_a_ledger_that_is_served_is_not_migrated(old: Path) -> None:
    make_seed(old)
    with sole_user(old), pytest.raises(SetupError, match="another server"):
        open_database(old)
    assert schema(old) == "1"


def schema(directory: Path) -> str:
    with sqlite3.connect(directory / "ledger.db") as connection:
        (found,) = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert ("tile" in tables) == (found == "3")
    return str(found)
