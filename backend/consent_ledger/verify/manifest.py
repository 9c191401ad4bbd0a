# SPDX-License-Identifier: MIT
"""The manifest: what a bundle says it holds. Nothing in it is believed without being checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from consent_ledger.tlog.encoding import parse_hash
from consent_ledger.tlog.errors import FormatError
from consent_ledger.tlog.json_document import (
    parse_document,
    read_integer,
    read_list,
    read_table,
    read_text,
    shown_value,
)
from consent_ledger.tlog.note import VerifierKey
from consent_ledger.verify.clock import bounds
from consent_ledger.verify.members import MAX_DOCUMENT_BYTES

SCHEMA = "consent-ledger/bundle/v1"
PARTS = ("subject", "evidence")

_HEX64 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z", re.ASCII)
_HOUR = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}Z", re.ASCII)
_FIELDS = frozenset(
    (
        *("schema", "site", "name", "generator", "exported_at", "parts", "withheld", "range"),
        *("logs", "files"),
    )
)
_LOG_FIELDS = frozenset(("generation", "origin", "size", "root", "first", "end", "keys"))
_FILE_FIELDS = frozenset(("path", "bytes", "sha256", "packed"))


@dataclass(frozen=True, slots=True)
class KeyRange:
    """A key, and the indexes that its checkpoints cover; *last* is None while it signs."""

    key: VerifierKey
    first: int
    last: int | None

    def covers(self, index: int) -> bool:
        return self.first <= index and (self.last is None or index <= self.last)


@dataclass(frozen=True, slots=True)
class LogPart:
    """Entries *first* up to *end* of a generation whose tree has *size* and *root*."""

    generation: int
    origin: str
    size: int
    root: bytes
    first: int
    end: int
    keys: tuple[KeyRange, ...]


@dataclass(frozen=True, slots=True)
class File:
    """A member as the manifest names it; *packed_sha256* is of its bytes as they stand packed."""

    path: str
    size_bytes: int
    sha256: str
    packed_sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    site: str
    name: str
    exported_at: str
    parts: frozenset[str]  # handed over: "evidence", or both
    start: str | None  # first moment of the range
    stop: str | None  # first moment after it
    logs: tuple[LogPart, ...]
    files: tuple[File, ...]


def parse_manifest(data: bytes) -> Manifest:
    """What the manifest says, well formed and in agreement with itself. Raises: FormatError."""
    document = read_table("manifest", parse_document("manifest", data, MAX_DOCUMENT_BYTES), _FIELDS)
    if document["schema"] != SCHEMA:
        raise FormatError("schema", shown_value(document["schema"]), SCHEMA)
    site = read_text("site", document["site"])
    name = read_text("name", document["name"])
    read_text("generator", document["generator"])
    exported_at = _matching("exported_at", document["exported_at"], _MOMENT, "a time")
    parts = document["parts"]
    if parts not in (["evidence"], ["evidence", "subject"]):
        raise FormatError("parts", shown_value(parts), 'evidence, or evidence and "subject"')
    withheld = [
        _text_at(f"withheld[{at}]", read_table(f"withheld[{at}]", each), "part")
        for at, each in enumerate(read_list("withheld", document["withheld"]))
    ]
    if sorted([*parts, *withheld]) != sorted(PARTS):
        raise FormatError("withheld", shown_value(withheld), "the part that is not handed over")
    logs = [
        _log(f"logs[{at}]", each) for at, each in enumerate(read_list("logs", document["logs"]))
    ]
    _check_logs(logs, site)
    start, stop = _range(document["range"])
    if document["range"] is not None:
        _check_ends(logs, start, stop)
    return Manifest(
        site,
        name,
        exported_at,
        frozenset(parts),
        start,
        stop,
        tuple(logs),
        tuple(
            _file(f"files[{at}]", each)
            for at, each in enumerate(read_list("files", document["files"]))
        ),
    )


def _range(value: object) -> tuple[str | None, str | None]:
    """The moments between which everything is."""
    if value is None:
        return None, None
    times = read_table("range", value, frozenset(("from", "to")))
    start, stop = (
        None
        if times[side] is None
        else bounds(_matching(f"range.{side}", times[side], _HOUR, "an hour"))[0]
        for side in ("from", "to")
    )
    return start, stop


def _check_ends(logs: list[LogPart], start: str | None, stop: str | None) -> None:
    """A range open at its start leaves nothing out there; one that ends shows what is next."""
    for at, log in enumerate(logs):
        if start is None and log.first:
            raise FormatError(f"logs[{at}].first", str(log.first), "0, as the range has no start")
    if stop is not None and logs and logs[-1].end == logs[-1].size:
        at = len(logs) - 1
        raise FormatError(f"logs[{at}].end", f"{logs[-1].end}, its size", "less: the range ends")


def _log(field: str, value: object) -> LogPart:
    table = read_table(field, value, _LOG_FIELDS)
    origin = _text_at(field, table, "origin")
    size, first, end = (
        read_integer(f"{field}.{key}", table[key]) for key in ("size", "first", "end")
    )
    if not first <= end <= size:
        raise FormatError(f"{field}.end", f"{first} to {end} of {size}", "first <= end <= size")
    keys = tuple(
        _key(f"{field}.keys[{at}]", each, origin)
        for at, each in enumerate(read_list(f"{field}.keys", table["keys"]))
    )
    if not keys:
        raise FormatError(f"{field}.keys", "none", "the key that signs the log")
    return LogPart(
        read_integer(f"{field}.generation", table["generation"]),
        origin,
        size,
        parse_hash(_text_at(field, table, "root"), f"{field}.root"),
        first,
        end,
        keys,
    )


def _key(field: str, value: object, origin: str) -> KeyRange:
    table = read_table(field, value, frozenset(("key", "first", "last")))
    key = VerifierKey.parse(_text_at(field, table, "key"))
    if key.name != origin:
        raise FormatError(f"{field}.key", f"one of {key.name}", f"one of {origin}")
    last = table["last"]
    return KeyRange(
        key,
        read_integer(f"{field}.first", table["first"]),
        None if last is None else read_integer(f"{field}.last", last),
    )


def _check_logs(logs: list[LogPart], site: str) -> None:
    """Raises: FormatError unless generations grow and each origin is one of *site*'s."""
    if not logs:
        raise FormatError("logs", "none", "at least one")
    last = 0
    for at, log in enumerate(logs):
        if log.generation <= last:
            raise FormatError(
                f"logs[{at}].generation", str(log.generation), f"more than {last}, the one before"
            )
        last = log.generation
        if not log.origin.endswith(f"/{site}/{log.generation}"):
            raise FormatError(
                f"logs[{at}].origin", log.origin, f"a name ending in /{site}/{log.generation}"
            )


def _file(field: str, value: object) -> File:
    table = read_table(field, value, _FILE_FIELDS)
    hashes = (
        _matching(f"{field}.{key}", table[key], _HEX64, "64 hexadecimal digits")
        for key in ("sha256", "packed")
    )
    return File(
        _text_at(field, table, "path"),
        read_integer(f"{field}.bytes", table["bytes"]),
        *hashes,
    )


def _text_at(field: str, table: dict[str, Any], key: str) -> str:
    return read_text(f"{field}.{key}", table.get(key))


def _matching(field: str, value: object, pattern: re.Pattern[str], expected: str) -> str:
    text = read_text(field, value)
    if not pattern.fullmatch(text):
        raise FormatError(field, shown_value(text), expected)
    return text
