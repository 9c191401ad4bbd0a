# SPDX-License-Identifier: MIT
"""What may stand in the parts of private entries and in the bodies of public ones.

Only what the rest of the verification relies on: fields, their types, times that exist.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from consent_ledger.derived.forms import plain_subject
from consent_ledger.tlog.encoding import parse_hash
from consent_ledger.tlog.entry import Kind
from consent_ledger.tlog.errors import FormatError, shown
from consent_ledger.tlog.json_document import (
    parse_document,
    read_integer,
    read_list,
    read_table,
    read_text,
    shown_value,
)
from consent_ledger.tlog.note import VerifierKey

MAX_PART_BYTES = 4 << 20
REMEMBERED = 4096

EVIDENCE_SCHEMA = "consent-ledger/evidence/v1"
ERASURE_SCHEMA = "consent-ledger/erasure/v1"
ACCESS_SCHEMA = "consent-ledger/access/v1"
PUBLICATION_SCHEMA = "consent-ledger/publication/v1"
SIGNING_KEY_SCHEMA = "consent-ledger/signing-key/v1"
ANCHOR_SCHEMA = "consent-ledger/anchor/v1"

REASONS = ("visitor", "owner", "retention")

_MOMENT = r"(\d{4}-\d{2}-\d{2}T\d{2}):[0-5]\d:[0-5]\d\.\d{3}Z"
_RECORDED = rb'"recorded_at":"(' + _MOMENT.replace("(", "(?:").encode() + rb')"'
_HEX = re.compile(r"[0-9a-f]+", re.ASCII)
_HOUR = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}Z", re.ASCII)
_TIME = re.compile(_MOMENT, re.ASCII)
_SUBJECTS = {
    Kind.ERASURE: re.compile(rb"\{" + _RECORDED + rb"\}"),
    Kind.ACCESS: re.compile(rb'\{"key":"[0-9a-f]{12}",' + _RECORDED + rb"\}"),
}
_SUBJECT_FIELDS = {
    Kind.DECISION: "id, subject, seq, recorded_at, decided_at, previous",
    Kind.ERASURE: "recorded_at",
    Kind.ACCESS: "recorded_at, key",
}

_EVIDENCE_FIELDS = frozenset(
    (
        *("schema", "action", "categories", "services", "notice", "build", "language", "layer"),
        *("control", "gpc", "origin", "recorded_hour", "expires_hour"),
    )
)


class Evidence(NamedTuple):
    """The evidence part of any private entry; what is wrong with it, if anything is."""

    hour: str
    document: dict[str, Any]


class Erased(NamedTuple):
    """Indexes of the log *origin* whose *part* was destroyed, as (first, last), and why."""

    origin: str
    part: str
    reason: str
    ranges: list[list[int]]


# --- times -------------------------------------------------------------------------------------


@lru_cache(REMEMBERED)
def check_hour(field: str, value: object) -> str:
    """*value* as an hour that exists, such as 2026-11-21T22Z. Raises: FormatError."""
    text = read_text(field, value)
    if _HOUR.fullmatch(text):
        try:
            datetime.strptime(text, "%Y-%m-%dT%HZ")
            return text
        except ValueError:
            pass
    raise FormatError(field, shown(text), "an hour such as 2026-11-21T22Z")


def check_moment(field: str, value: object) -> str:
    """*value* as a time that exists, such as 2026-11-21T22:45:37.123Z. Raises: FormatError."""
    text = read_text(field, value)
    match = _TIME.fullmatch(text)
    if match is None:
        raise FormatError(field, shown(text), "a time such as 2026-11-21T22:45:37.123Z")
    check_hour(field, match[1] + "Z")
    return text


# --- private parts -----------------------------------------------------------------------------


def read_subject(kind: Kind, part: bytes) -> str:
    """When an entry was recorded, out of its subject part. Raises: FormatError."""
    recorded = None
    if kind is Kind.DECISION:
        plain = plain_subject(part)
        if plain is not None:
            _check_hour_of("subject.decided_at", plain[0][:13])
            recorded = plain[3]
    elif (match := _SUBJECTS[kind].fullmatch(part)) is not None:
        recorded = match[1]
    if recorded is None:
        raise FormatError("subject", shown(part), f"canonical JSON of {_SUBJECT_FIELDS[kind]}")
    _check_hour_of("subject.recorded_at", recorded[:13])
    return recorded.decode()


@lru_cache(REMEMBERED)
def _check_hour_of(field: str, start: bytes) -> None:
    check_hour(field, start.decode() + "Z")


def read_evidence(kind: Kind, part: bytes) -> Evidence:
    """The evidence part of a private entry. Raises: FormatError."""
    document = read_table("evidence", parse_document("evidence", part, MAX_PART_BYTES))
    if kind is Kind.DECISION:
        _check_decision(document)
    elif kind is Kind.ERASURE:
        read_erasure(document)
    else:
        _check_access(document)
    return Evidence(check_hour("evidence.recorded_hour", document["recorded_hour"]), document)


def _check_decision(document: dict[str, Any]) -> None:
    read_table("evidence", document, _EVIDENCE_FIELDS)
    _check_schema("evidence.schema", document["schema"], EVIDENCE_SCHEMA)
    for field in ("action", "language", "layer", "control", "origin"):
        read_text(f"evidence.{field}", document[field])
    for field in ("notice", "build"):
        check_hex(f"evidence.{field}", document[field], 64)
    for field in ("categories", "services"):
        choices = read_table(f"evidence.{field}", document[field])
        for name, value in choices.items():
            _check_flag(f"evidence.{field}.{name}", value)
    _check_flag("evidence.gpc", document["gpc"])
    check_hour("evidence.expires_hour", document["expires_hour"])


def _check_access(document: dict[str, Any]) -> None:
    fields = ("schema", "scope", "operation", "parts", "recorded_hour")
    read_table("evidence", document, frozenset(fields))
    _check_schema("evidence.schema", document["schema"], ACCESS_SCHEMA)
    for field in ("scope", "operation"):
        read_text(f"evidence.{field}", document[field])
    if document["parts"] not in (["evidence"], ["evidence", "subject"]):
        raise FormatError("evidence.parts", shown_value(document["parts"]), "one part or both")


def read_erasure(document: dict[str, Any]) -> list[Erased]:
    """What an erasure entry accounts for. Raises: FormatError.

    Items are in the order of (origin, part, reason), each combination once; ranges ascend and do
    not touch.
    """
    read_table("evidence", document, frozenset(("schema", "erased", "recorded_hour")))
    _check_schema("evidence.schema", document["schema"], ERASURE_SCHEMA)
    items: list[Erased] = []
    for at, value in enumerate(read_list("evidence.erased", document["erased"])):
        field = f"evidence.erased[{at}]"
        table = read_table(field, value, frozenset(("origin", "part", "reason", "indexes")))
        item = Erased(
            read_text(f"{field}.origin", table["origin"]),
            read_text(f"{field}.part", table["part"]),
            read_text(f"{field}.reason", table["reason"]),
            read_list(f"{field}.indexes", table["indexes"]),
        )
        if item.part not in ("subject", "evidence"):
            raise FormatError(f"{field}.part", shown(item.part), "subject or evidence")
        if item.reason not in REASONS:
            raise FormatError(f"{field}.reason", shown(item.reason), ", ".join(REASONS))
        if items and items[-1][:3] >= item[:3]:
            raise FormatError(field, shown_value(item[:3]), "items in order, each once")
        _check_ranges(f"{field}.indexes", item.ranges)
        items.append(item)
    return items


def _check_ranges(field: str, ranges: list[Any]) -> None:
    last = -2
    for pair in ranges:
        if (
            type(pair) is not list
            or len(pair) != 2
            or type(pair[0]) is not int
            or type(pair[1]) is not int
            or not last + 1 < pair[0] <= pair[1]
        ):
            raise FormatError(field, shown_value(pair), "ranges that ascend and do not touch")
        last = pair[1]


# --- public bodies -----------------------------------------------------------------------------


def read_public(kind: Kind, body: bytes) -> dict[str, Any]:
    """The document of a public entry. Raises: FormatError."""
    document = read_table("body", parse_document("body", body, MAX_PART_BYTES))
    if kind is Kind.NOTICE:
        _check_publication(document)
    elif kind is Kind.SIGNING_KEY:
        fields = ("schema", "origin", "previous", "key", "overlap_until", "recorded_at")
        read_table("body", document, frozenset(fields))
        _check_schema("body.schema", document["schema"], SIGNING_KEY_SCHEMA)
        for field in ("previous", "key"):
            VerifierKey.parse(read_text(f"body.{field}", document[field]))
        check_moment("body.overlap_until", document["overlap_until"])
    else:
        read_table("body", document, frozenset(("schema", "reason", "previous", "recorded_at")))
        _check_schema("body.schema", document["schema"], ANCHOR_SCHEMA)
        previous = read_table(
            "body.previous", document["previous"], frozenset(("origin", "size", "root", "kept"))
        )
        read_text("body.previous.origin", previous["origin"])
        parse_hash(read_text("body.previous.root", previous["root"]), "body.previous.root")
        size = read_integer("body.previous.size", previous["size"])
        if read_integer("body.previous.kept", previous["kept"]) > size:
            raise FormatError("body.previous.kept", str(previous["kept"]), f"at most {size}")
    return document


def recorded_at(kind: Kind, document: dict[str, Any]) -> str:
    """When a public entry was recorded. Raises: FormatError."""
    field = "published_at" if kind is Kind.NOTICE else "recorded_at"
    return check_moment(f"body.{field}", document[field])


def _check_publication(document: dict[str, Any]) -> None:
    fields = ("schema", "notice", "build", "config", "integrity", "published_at", "screenshots")
    read_table("body", document, frozenset(fields))
    _check_schema("body.schema", document["schema"], PUBLICATION_SCHEMA)
    for field in ("notice", "build", "config"):
        check_hex(f"body.{field}", document[field], 64)
    read_text("body.integrity", document["integrity"])
    for at, value in enumerate(read_list("body.screenshots", document["screenshots"])):
        field = f"body.screenshots[{at}]"
        table = read_table(field, value, frozenset(("device", "layer", "sha256")))
        check_hex(f"{field}.sha256", table["sha256"], 64)


def check_hex(field: str, value: object, digits: int) -> str:
    """*value* as lower-case hexadecimal digits. Raises: FormatError."""
    text = read_text(field, value)
    if len(text) != digits or not _HEX.fullmatch(text):
        raise FormatError(field, shown(text), f"{digits} hexadecimal digits")
    return text


def _check_flag(field: str, value: object) -> None:
    if not isinstance(value, bool):
        raise FormatError(field, shown_value(value), "true or false")


def _check_schema(field: str, value: object, expected: str) -> None:
    if value != expected:
        raise FormatError(field, shown_value(value), expected)
