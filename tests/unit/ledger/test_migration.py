# SPDX-License-Identifier: MIT
"""Databases of schema 1, from before tiles and checkpoints, and of schema 2, from before keys,
hours and the journal, are brought to today's schema."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from consent_ledger import sites
from consent_ledger.db import Database, check_unsigned, initialise, open_database, read_meta
from consent_ledger.errors import SetupError
from consent_ledger.journal import Journal
from consent_ledger.lock import sole_user
from consent_ledger.log_keys import list_keys
from consent_ledger.proofs import SignedHead, StoredProver
from consent_ledger.signing import SigningKeys, make_seed
from consent_ledger.succession import open_for_writing
from consent_ledger.timestamps import HOUR_MS
from consent_ledger.tlog import merkle
from consent_ledger.tlog.checkpoint import open_checkpoint
from consent_ledger.tlog.entry import Kind, private_entry
from harness import ORIGIN, SITE, commit

from .conftest import NOW_MS, decide

VECTORS = Path(__file__).parents[2] / "vectors"
SCHEMA_1 = VECTORS / "schema-1.sql"
SCHEMA_2 = VECTORS / "schema-2.sql"
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


@pytest.fixture
def second(database: Database, tmp_path: Path) -> Path:
    """A data directory as schema 2 left it: rows of a ledger of today, as far as it had them."""
    sites.add_site(database, "empty", "Empty", [ORIGIN])
    for hours in (0, 0, 1, 5):
        commit(database, [decide(), decide()], lambda ms=NOW_MS + hours * HOUR_MS: ms)
    directory = tmp_path / "second"
    directory.mkdir(mode=0o700)
    shutil.copy(Path(database.database).parent / "signing.seed", directory)
    with sqlite3.connect(directory / "ledger.db") as connection:
        connection.executescript(SCHEMA_2.read_text())
        connection.execute("ATTACH ? AS today", (database.database,))
        tables = [
            row[0]
            for row in connection.execute(
                "SELECT name FROM main.sqlite_master WHERE type = 'table'"
            )
        ]
        for table in tables:
            columns = ", ".join(
                row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")
            )
            connection.execute(
                f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM today.{table}"
            )
        connection.execute("UPDATE main.meta SET value = '2' WHERE key = 'schema'")
    connection.close()
    return directory


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


@pytest.mark.parametrize("from_schema", ["old", "second"])
def test_the_tables_are_those_of_a_new_ledger(
    from_schema: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    old: Path = request.getfixturevalue(from_schema)
    if from_schema == "old":
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


def test_schema_2_gets_keys_hours_and_a_journal(second: Path, database: Database) -> None:
    migrated = open_database(second)
    with migrated.connection_context():
        assert read_meta(migrated, "schema") == "3"
        for table in ("entry", "tile", "record", "publication", "hour", "log", "log_key"):
            query = f"SELECT * FROM {table} ORDER BY 1, 2, 3"
            found = migrated.execute_sql(query).fetchall()
            assert found == database.execute_sql(query).fetchall(), table
        assert len(migrated.execute_sql("SELECT * FROM hour").fetchall()) == 3
        (key,) = list_keys(migrated, SITE)
        assert (key.vkey, key.first, key.last) == (
            SigningKeys.read(second).signer(LOG).key.vkey,
            0,
            None,
        )
    migrated.close_all()


def test_the_journal_of_an_older_ledger_is_made_from_its_database(second: Path) -> None:
    opened, writer = open_for_writing(second)
    with opened.connection_context():
        size, root = opened.execute_sql(
            "SELECT size, root FROM log WHERE site = ?", (SITE,)
        ).fetchone()
        assert writer.journal.head(SITE, 1) == (LOG, size, root)
        assert writer.journal.generations("empty") == [1]  # with nothing signed
        receipt = commit(opened, [decide()], lambda: NOW_MS)[0].result.receipt
        assert (receipt.origin, receipt.index) == (LOG, size)
    opened.close_all()


def test_a_migration_that_is_interrupted_can_be_repeated(
    second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Journal.keep_head

    def stop(*arguments: Any) -> None:
        keep(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "keep_head", stop)
    with pytest.raises(KeyboardInterrupt):
        open_database(second)
    monkeypatch.undo()
    open_for_writing(second)[0].close_all()


def test_a_backup_from_before_the_journal_does_not_make_the_journal_older(second: Path) -> None:
    backup = (second / "ledger.db").read_bytes()
    opened, _ = open_for_writing(second)
    with opened.connection_context():
        commit(opened, [decide()], lambda: NOW_MS)
    opened.close_all()
    (second / "ledger.db").write_bytes(backup)
    opened, _ = open_for_writing(second)
    with opened.connection_context():
        assert sites.get_site(opened, SITE).log_origin == f"ledger.test/{SITE}/2"
    opened.close_all()


def test_a_seed_of_another_ledger_is_refused_and_nothing_changes(second: Path) -> None:
    (second / "signing.seed").write_bytes(bytes(32))
    with pytest.raises(SetupError, match=f"not the secret that the log {LOG} was signed with"):
        open_database(second)
    with sqlite3.connect(second / "ledger.db") as connection:
        found = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    connection.close()
    assert found == ("2",)
    assert not (second / "journal").exists()


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
