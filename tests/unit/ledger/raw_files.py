# SPDX-License-Identifier: MIT
"""Searches the raw files of a data directory for many planted values at once."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

WINDOW = 16  # bytes by which a value is recognised; the shortest ones have as many


def spellings(value: bytes) -> dict[str, bytes]:
    """How *value*, random bytes, could lie in a file: the first bytes of each spelling."""
    hexadecimal = value.hex()
    found = {
        "raw": value,
        "reversed": value[::-1],
        "hexadecimal": hexadecimal.encode(),
        "upper case": hexadecimal.upper().encode(),
        "utf-16": hexadecimal.encode("utf-16-le"),
        "utf-16 big-endian": hexadecimal.encode("utf-16-be"),
        **{
            f"base64 at offset {offset}": base64.b64encode(b"x" * offset + value)[
                (0, 2, 3)[offset] :
            ]
            for offset in range(3)
        },
        **{
            f"base64 of hexadecimal at offset {offset}": base64.b64encode(
                b"x" * offset + hexadecimal.encode()
            )[(0, 2, 3)[offset] :]
            for offset in range(3)
        },
    }
    return {name: spelled[:WINDOW] for name, spelled in found.items()}


def search(contents: Mapping[str, bytes], values: Iterable[bytes]) -> dict[bytes, set[str]]:
    """Each of *values* that lies in one of the files, with where and how it is spelled.

    One pass over all offsets, so that thousands of values cost no more than one.
    """
    needles = {
        window: (value, spelling)
        for value in values
        for spelling, window in spellings(value).items()
    }
    found: dict[bytes, set[str]] = {}
    for name, content in contents.items():
        seen = {content[at : at + WINDOW] for at in range(len(content) - WINDOW + 1)}
        for window in seen & needles.keys():
            value, spelling = needles[window]
            found.setdefault(value, set()).add(f"{name}: {spelling}")
    return found


def read_files(directory: Path) -> dict[str, bytes]:
    """Every file below *directory* as it lies on the disk."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def planted(data: Path) -> dict[bytes, list[bytes]]:
    """What is stored of each subject: its hash, and of each record the id and both salts."""
    with closing(sqlite3.connect(data / "ledger.db")) as database:
        rows = database.execute(
            "SELECT subject, record_id, subject_salt, evidence_salt FROM record "
            "WHERE subject IS NOT NULL"
        ).fetchall()
        preferences = database.execute(
            "SELECT subject, state FROM preference WHERE length(state) > 0"
        ).fetchall()
    found: dict[bytes, list[bytes]] = {}
    for subject, *values in rows:
        found.setdefault(subject, [subject]).extend(values)
    for subject, state in preferences:
        assert bytes.fromhex(json.loads(state)["record"]) in found[subject]
    return found
