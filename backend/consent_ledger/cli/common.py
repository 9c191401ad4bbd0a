# SPDX-License-Identifier: MIT
"""What the commands share: settings, the opened ledger, and how things are printed."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from consent_ledger.config import Settings
from consent_ledger.errors import SetupError

if TYPE_CHECKING:
    from consent_ledger.db import Database
    from consent_ledger.log_writer import LogWriter


@dataclass
class Shell:
    """What stood before the verb."""

    data: str | None
    verbose: bool

    def settings(self, **flags: Any) -> Settings:
        return Settings.load(data=self.data, **flags)

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The ledger of the data directory, with a connection for this command."""
        from consent_ledger.db import open_database

        database = open_database(self.settings().data, max_connections=2)
        try:
            with database.connection_context():
                yield database
        finally:
            database.close_all()

    @contextmanager
    def writing(self) -> Iterator[tuple[Database, LogWriter]]:
        """The same to write logs with; a log that has lost signed entries goes on first."""
        from consent_ledger.succession import open_for_writing

        database, writer = open_for_writing(self.settings().data, max_connections=2)
        try:
            with database.connection_context():
                yield database, writer
        finally:
            database.close_all()


as_json = click.option("--json", "json_", is_flag=True, help="Print JSON, for programs.")


def print_table(rows: Sequence[dict[str, Any]], columns: Sequence[str], empty: str) -> None:
    """Columns of text for people; *empty* when there is no row."""
    if not rows:
        click.echo(empty, err=True)
        return
    cells = [
        [name.replace("_", " ") for name in columns],
        *([_cell(row[name]) for name in columns] for row in rows),
    ]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    for line in cells:
        padded = "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo(padded.rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "-" if value is None else str(value)


def print_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def read_key(shell: Shell, key_file: Path | None) -> str | None:
    """The API key from --key-file, else from the environment."""
    if key_file is None:
        return shell.settings().key
    try:
        text = key_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SetupError(f"--key-file {key_file} cannot be read: {reason}") from None
    return shell.settings(key=text).key


key_file = click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the API key; otherwise CONSENT_LEDGER_KEY holds it.",
)


@contextmanager
def output(path: Path | None) -> Iterator[IO[bytes]]:
    """Standard output, or *path*, which appears only when everything is written and on the disk."""
    if path is None:
        yield sys.stdout.buffer
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
