# SPDX-License-Identifier: MIT
"""Making and opening the database of a data directory."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest
from consent_ledger import db, statements
from consent_ledger.db import (
    MAX_ROWS,
    SCHEMA,
    Database,
    initialise,
    open_database,
    pieces,
    read_meta,
)
from consent_ledger.errors import SetupError
from consent_ledger.models import TABLES, ApiKey, Entry, Meta, Record


def test_a_new_ledger_is_private_and_knows_its_schema_and_log_name(tmp_path: Path) -> None:
    path = initialise(tmp_path / "a" / "data", "ledger.test")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    database = open_database(path.parent)
    with database.connection_context():
        assert read_meta(database, "schema") == str(SCHEMA)
        assert read_meta(database, "log_name") == "ledger.test"
        assert read_meta(database, "nothing") is None
    database.close_all()


def test_a_second_initialisation_is_refused(data: Path) -> None:
    with pytest.raises(SetupError, match="exists already"):
        initialise(data, "ledger.test")


def test_a_directory_without_a_ledger_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=f"run `consent-ledger --data {tmp_path} init` first"):
        open_database(tmp_path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be written"):
        initialise(tmp_path / "file" / "data", "ledger.test")


def test_a_directory_that_cannot_be_written_is_named(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Asked of the system, because root may write everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.F_OK)
    with pytest.raises(SetupError, match="cannot be written by this user"):
        open_database(data)


def test_a_newer_database_is_refused_in_one_sentence(data: Path) -> None:
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    connection.close()
    with pytest.raises(SetupError, match=r"newer version \(schema 99, this one knows 3\)"):
        open_database(data)


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""])
@pytest.mark.parametrize(
    "use", [open_database, lambda data: initialise(data, "ledger.test")], ids=["open", "init"]
)
def test_a_file_that_is_no_ledger_says_what_to_do(
    tmp_path: Path, content: bytes, use: Callable[[Path], object]
) -> None:
    (tmp_path / "ledger.db").write_bytes(content)
    with pytest.raises(
        SetupError,
        match=rf"move it away and run `consent-ledger --data {tmp_path} init`, or name another",
    ):
        use(tmp_path)


def test_an_initialisation_that_was_interrupted_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(db, "moment", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            initialise(tmp_path, "ledger.first")
    assert list(tmp_path.iterdir())  # it had begun
    with pytest.raises(SetupError, match="holds no ledger yet"):
        open_database(tmp_path)
    initialise(tmp_path, "ledger.test")
    assert {path.name for path in tmp_path.iterdir()} == {"ledger.db", "signing.seed", "journal"}
    database = open_database(tmp_path)
    with database.connection_context():
        assert read_meta(database, "log_name") == "ledger.test"
    database.close_all()


def test_of_two_initialisations_at_once_one_makes_the_ledger(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        attempts = [pool.submit(initialise, tmp_path, "ledger.test") for _ in range(4)]
    said = [str(attempt.exception() or "made") for attempt in attempts]
    assert said.count("made") == 1
    assert sum("exists already: this ledger is initialised" in words for words in said) == 3


def test_a_ledger_without_a_schema_version_is_refused(data: Path) -> None:
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("DELETE FROM meta")
    connection.close()
    with pytest.raises(SetupError, match="names no schema version"):
        open_database(data)


def test_every_connection_is_durable_and_overwrites_what_it_deletes(database: Database) -> None:
    def pragma(name: str) -> object:
        return database.execute_sql(f"PRAGMA {name}").fetchone()[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2  # FULL
    assert pragma("secure_delete") == 1
    assert pragma("busy_timeout") == 5000
    if sys.platform == "darwin":
        assert (pragma("fullfsync"), pragma("checkpoint_fullfsync")) == (1, 1)


def test_the_site_leads_every_primary_key() -> None:
    for table in TABLES:
        if table is Meta:
            continue  # about the database, not about a site
        key = table._meta.primary_key
        names = getattr(key, "field_names", None) or (key.name,)
        assert names[0] == "site", table


def test_what_names_a_person_can_be_emptied() -> None:
    for name in ("record_id", "subject", "subject_part", "subject_salt"):
        assert Record._meta.fields[name].null
    assert not Entry._meta.fields["entry"].null


def test_the_schema_has_no_field_for_an_address_or_a_browser() -> None:
    columns = {name for table in TABLES for name in table._meta.fields}
    assert not columns & {"ip", "address", "user_agent", "agent", "path", "query", "referrer"}
    assert "secret" not in ApiKey._meta.fields


def test_own_history_is_read_from_an_index(database: Database) -> None:
    plan = database.execute_sql(
        "EXPLAIN QUERY PLAN SELECT * FROM record WHERE site = 'a' AND subject = x'00' "
        "ORDER BY generation DESC, entry_index DESC LIMIT 21"
    ).fetchall()
    text = " ".join(str(row[-1]) for row in plan)
    assert "record_site_subject_generation_entry_index" in text
    assert "TEMP B-TREE" not in text


@pytest.mark.parametrize("length", [0, 1, 2, 3, 63, 64, 65, 200])
def test_pieces_cover_each_row_once_in_counts_that_come_again(length: int) -> None:
    cut = list(pieces(length))
    assert [place for start, count in cut for place in range(start, start + count)] == list(
        range(length)
    )
    assert {count for _, count in cut} <= {1, 2, 4, 8, 16, 32, 64}


def test_the_longest_statement_fits_every_sqlite() -> None:
    widest = max(len(table._meta.sorted_fields) for table in statements.INSERT)
    assert widest * MAX_ROWS <= 999
