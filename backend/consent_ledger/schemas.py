# SPDX-License-Identifier: MIT
"""What requests may hold and answers do hold; the OpenAPI document is made from the same schemas.

Nothing is coerced: `1.0` is no integer, `"true"` no boolean, and an unknown field is refused.
"""

import re
from base64 import b64decode
from contextlib import suppress
from typing import Any

from consent_banner import rules
from consent_banner.notice import NoticeSchema
from consent_banner.schema import Exact, ManyTables, OneTable, Table, show
from marshmallow import ValidationError, fields, post_load

from consent_ledger.screenshots import (
    DEVICES,
    MAX_BYTES,
    SHOWN_LAYERS,
    Screenshot,
    check_image,
)

MAX_SAFE_INTEGER = 2**53 - 1
MAX_CHOICES = 1000
BUILD_DIGITS = 16  # of a build's hash: what it is named by at least, unique in its site
END_OF_9999_MS = 253_402_300_799_999  # times are written with a year of four digits

ACTIONS = ("accept_all", "reject_all", "customise", "withdraw", "signal", "object")
LAYERS = ("first", "second", "page")
CONTROLS = (
    "accept_all",
    "reject_all",
    "accept_new",
    "reject_new",
    "save",
    "embed",
    "signal",
    "api",
)
STATUSES = ("given", "refused", "withdrawn")

HEX32, HEX64 = "[0-9a-f]{32}", "[0-9a-f]{64}"
MOMENT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z"
HOUR = r"\d{4}-\d{2}-\d{2}T\d{2}Z"
TIME = r"\d{4}-\d{2}-\d{2}(T\d{2}Z)?"
BASE64_32 = "[A-Za-z0-9+/]{43}="
INTEGRITY = "sha384-[A-Za-z0-9+/]{64}"
BASE64 = "[A-Za-z0-9+/]+={0,2}"


def text(
    expected: str, pattern: str, *, nullable: bool = False, optional: bool = False, **rest: Any
) -> Exact:
    """A string that matches *pattern* as a whole; one that is *optional* is null when left out."""
    compiled = re.compile(pattern, re.ASCII)
    return Exact(
        expected + (" or null" if nullable else ""),
        lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None,
        nullable=nullable,
        metadata={"type": "string", "pattern": f"^(?:{pattern})$", **rest},
        **({"load_default": None} if optional else {"required": True}),
    )


def digits(count: int, **rest: Any) -> Exact:
    """Lower-case hexadecimal digits; the rest is as for `text`."""
    return text(f"{count} lower-case hexadecimal digits", f"[0-9a-f]{{{count}}}", **rest)


def integer(low: int, high: int = MAX_SAFE_INTEGER, **rest: Any) -> Exact:
    upper = "2^53 - 1" if high == MAX_SAFE_INTEGER else str(high)
    return Exact(
        f"an integer from {low} to {upper}",
        lambda value: (
            isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        ),
        required=True,
        metadata={"type": "integer", "minimum": low, "maximum": high, **rest},
    )


def flag() -> Exact:
    return Exact(
        "true or false",
        lambda value: isinstance(value, bool),
        required=True,
        metadata={"type": "boolean"},
    )


def one_of(*known: str) -> Exact:
    expected = f'"{known[0]}"' if len(known) == 1 else "one of " + ", ".join(known)
    return Exact(
        expected,
        lambda value: isinstance(value, str) and value in known,
        required=True,
        metadata={"type": "string", "enum": list(known)},
    )


def words(expected: str) -> Exact:
    return Exact(
        expected,
        lambda value: isinstance(value, str),
        required=True,
        metadata={"type": "string"},
    )


def some_object() -> Exact:
    return Exact(
        "an object",
        lambda value: isinstance(value, dict),
        required=True,
        metadata={"type": "object"},
    )


class ById(fields.Field[dict[str, Any]]):
    """An object whose keys are ids of categories and services, each value as *each* says."""

    def __init__(self, each: Exact, **metadata: Any) -> None:
        self.each = each
        super().__init__(
            required=True,
            error_messages={
                "required": "missing, expected an object",
                "null": "found null, expected an object",
            },
            metadata={
                "type": "object",
                "additionalProperties": each.metadata,
                "propertyNames": {"pattern": f"^{rules.ID.pattern}$"},
                "maxProperties": MAX_CHOICES,
                **metadata,
            },
        )

    def accepts(self, value: object) -> bool:
        """Whether *value* loads, as itself."""
        return (
            isinstance(value, dict)
            and len(value) <= MAX_CHOICES
            and all(map(rules.is_id, value))
            and all(map(self.each.accepts, value.values()))
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > MAX_CHOICES:
            found = f"{len(value)} entries" if isinstance(value, dict) else show(value)
            raise ValidationError(f"found {found}, expected an object with up to {MAX_CHOICES} ids")
        errors: dict[str, list[str]] = {}
        for key, item in value.items():
            if not rules.is_id(key):
                errors[key] = [f"found the key {show(key)}, expected an id ({rules.ID.pattern})"]
            elif not self.each.accepts(item):
                errors[key] = [f"found {show(item)}, expected {self.each.expected}"]
        if errors:
            raise ValidationError(errors)
        return value


# Requests


class DecisionSchema(Table):
    """The body of a posted decision; what depends on the notice is checked in `records.py`."""

    id = digits(32, description="Record id, 128 random bits, made by the browser.")
    token = digits(32, description="The visitor's token; only its hash is kept.")
    seq = integer(1, description="Counts up with each decision of a token.")
    decided_at_ms = integer(
        0, END_OF_9999_MS, description="The browser's clock, ms since 1970 UTC; may be wrong."
    )
    previous = digits(
        32, nullable=True, optional=True, description="Record id of the decision before."
    )
    build = text(
        f"the first {BUILD_DIGITS} to 64 lower-case hexadecimal digits of a build's hash",
        f"[0-9a-f]{{{BUILD_DIGITS},64}}",
        description="The first 16 to 64 lower-case hexadecimal digits of the hash of the build "
        "that asked. The notice is the one that was published with it.",
    )
    language = text("a language tag", rules.LANGUAGE.pattern)
    action = one_of(*ACTIONS)
    layer = one_of(*LAYERS)
    control = one_of(*CONTROLS)
    gpc = flag()
    choices = ById(
        flag(), description="Every asked category and every active service of it, and no others."
    )


class ScriptSchema(Table):
    file = text("a file name such as consent.0123456789ab.js", r"[A-Za-z0-9._-]{1,100}")
    integrity = text("an SRI hash such as sha384-…", INTEGRITY)
    bytes = integer(1)


class TranslatedScriptSchema(ScriptSchema):
    language = text("a language tag", rules.LANGUAGE.pattern)


class BuildSchema(Table):
    schema = one_of("consent-ledger/build/v1")
    build = digits(64)
    notice = digits(64)
    config = digits(64)
    script = OneTable(ScriptSchema, required=True)
    generator = text("a name and version", "[ -~]{1,100}")
    translated = ManyTables(TranslatedScriptSchema, load_default=list)


class Base64File(fields.Field[bytes]):
    """The bytes of a file of at most *most_bytes*, in base64."""

    def __init__(self, most_bytes: int) -> None:
        self.most_chars = (most_bytes + 2) // 3 * 4
        self.expected = f"at most {most_bytes} bytes in base64"
        super().__init__(
            required=True,
            error_messages={
                "required": f"missing, expected {self.expected}",
                "null": f"found null, expected {self.expected}",
            },
            metadata={
                "type": "string",
                "contentEncoding": "base64",
                "maxLength": self.most_chars,
            },
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> bytes:
        if isinstance(value, str) and len(value) <= self.most_chars:
            with suppress(ValueError):
                return b64decode(value, validate=True)
        found = f"{len(value)} characters" if isinstance(value, str) else show(value)
        raise ValidationError(f"found {found}, expected {self.expected}")


class ScreenshotSchema(Table):
    """A picture of one layer on one device, as a PNG file."""

    device = one_of(*DEVICES)
    layer = one_of(*SHOWN_LAYERS)
    image = Base64File(MAX_BYTES)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Screenshot:
        try:
            check_image(data["device"], data["image"])
        except ValueError as error:
            raise ValidationError({"image": [str(error)]}) from None
        return Screenshot(**data)


def _each_once(screenshots: list[Screenshot]) -> None:
    shown = [f"the {each.layer} layer on a {each.device}" for each in screenshots]
    twice = sorted({each for each in shown if shown.count(each) > 1})
    if twice:
        raise ValidationError(f"found {' and '.join(twice)} more than once, expected it once")


class PublicationSchema(Table):
    """A notice (as `notice.json`), the build that shows it (as `build.json`), and its pictures."""

    notice = OneTable(NoticeSchema, required=True)
    build = OneTable(BuildSchema, required=True)
    screenshots = ManyTables(ScreenshotSchema, load_default=list, validate=_each_once)


class Number(fields.Field[int]):
    """A whole number in a query string."""

    def __init__(self, low: int, high: int, *, default: int, about: str) -> None:
        self.low, self.high = low, high
        super().__init__(
            load_default=default,
            metadata={
                "type": "integer",
                "minimum": low,
                "maximum": high,
                "default": default,
                "description": about,
            },
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> int:
        if not re.fullmatch("[0-9]{1,15}", value) or not self.low <= int(value) <= self.high:
            raise ValidationError(
                f"found {show(value)}, expected a whole number from {self.low} to {self.high}"
            )
        return int(value)


def choice(known: tuple[str, ...], about: str) -> Exact:
    """One of *known* in a query string; the first is the default."""
    return Exact(
        "one of " + ", ".join(known),
        lambda value: value in known,
        load_default=known[0],
        metadata={
            "type": "string",
            "enum": list(known),
            "default": known[0],
            "description": about,
        },
    )


class NoQuery(Table):
    """No parameters at all."""


class PageQuery(Table):
    limit = Number(1, 100, default=20, about="Items on a page.")
    page = Exact(
        "the `next` of the page before",
        lambda value: (
            isinstance(value, str) and re.fullmatch("[0-9]{1,9}-[0-9]{1,15}", value) is not None
        ),
        load_default=None,
        metadata={
            "type": "string",
            "pattern": "^[0-9]{1,9}-[0-9]{1,15}$",
            "description": "The `next` of the page before.",
        },
    )


class HistoryQuery(PageQuery):
    """Which page of a visitor's records."""


class EraseQuery(Table):
    only = choice(  # type: ignore[assignment]  # marshmallow takes fields out of the class
        ("false", "true"), "Whether only this record is erased, and not all of its visitor's."
    )


def time(about: str) -> Exact:
    """A day or an hour in a query string, or nothing; `export_range.py` knows the calendar."""
    pattern = re.compile(TIME, re.ASCII)
    return Exact(
        "a day or an hour in UTC, such as 2026-11-01 or 2026-11-01T08Z",
        lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None,
        load_default=None,
        metadata={"type": "string", "pattern": f"^{TIME}$", "description": about},
    )


class ExportQuery(Table):
    format = choice(
        ("ndjson", "csv", "jsonld", "bundle"),
        "A line of JSON, a row or a consent record (W3C DPV) for each entry; or all that an "
        "auditor needs, as a ZIP file.",
    )
    parts = choice(
        ("evidence", "all"), "Whether the subject parts, which single out people, are handed over."
    )

    class Meta(Table.Meta):
        include = {
            "from": time("Only what was recorded from then on: a day or an hour in UTC."),
            "to": time("Only what was recorded before then."),
        }


# Answers


class SubjectPartSchema(Table):
    id = digits(32)
    subject = digits(64)
    seq = integer(1)
    recorded_at = text("a time", MOMENT)
    decided_at = text("a time", MOMENT)
    previous = digits(32, nullable=True)


class EvidencePartSchema(Table):
    schema = one_of("consent-ledger/evidence/v1")
    action = one_of(*ACTIONS)
    categories = ById(flag())
    services = ById(flag())
    notice = digits(64)
    build = digits(64)
    language = text("a language tag", rules.LANGUAGE.pattern)
    layer = one_of(*LAYERS)
    control = one_of(*CONTROLS)
    gpc = flag()
    origin = text("an origin", "https?://[!-~]+")
    recorded_hour = text("an hour", HOUR)
    expires_hour = text("an hour", HOUR)


class SubjectOpeningSchema(Table):
    part = OneTable(SubjectPartSchema, required=True)
    salt = text("32 bytes in base64", BASE64_32)


class EvidenceOpeningSchema(Table):
    part = OneTable(EvidencePartSchema, required=True)
    salt = text("32 bytes in base64", BASE64_32)


class ProofSchema(Table):
    """An inclusion proof, and the signed checkpoint (a C2SP note) that it leads to."""

    tree_size = integer(1, description="Entries in the tree of the checkpoint.")
    hashes = Exact(
        "up to 63 hashes of 32 bytes in base64",
        lambda value: (
            isinstance(value, list)
            and len(value) <= 63
            and all(isinstance(each, str) and re.fullmatch(BASE64_32, each) for each in value)
        ),
        required=True,
        metadata={
            "type": "array",
            "items": {"type": "string", "pattern": f"^{BASE64_32}$"},
            "maxItems": 63,
            "description": "From the entry's sibling up to the root's child, RFC 6962.",
        },
    )
    checkpoint = words("a signed note")


class ReceiptSchema(Table):
    schema = one_of("consent-ledger/receipt/v1")
    origin = text("a log's origin", "[!-~]+")
    index = integer(0)
    entry = text("89 bytes in base64", "[A-Za-z0-9+/]{119}=")
    subject = OneTable(SubjectOpeningSchema, required=True)
    evidence = OneTable(EvidenceOpeningSchema, required=True)
    proof = OneTable(
        ProofSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null only where the log is damaged; repeats may prove anew."},
    )


class HistorySchema(Table):
    schema = one_of("consent-ledger/history/v1")
    site = text("a site id", rules.SITE_ID.pattern)
    records = ManyTables(ReceiptSchema, required=True)
    next = text("a page, when more follow,", "[0-9]+-[0-9]+", nullable=True)


class ErasureSchema(Table):
    """What was erased, and what stays."""

    schema = one_of("consent-ledger/erasure-answer/v1")
    site = text("a site id", rules.SITE_ID.pattern)
    records = integer(0, description="Decisions that were erased by this request.")
    gone = flag()
    remains = Exact(
        "a list of sentences",
        lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
        required=True,
        metadata={
            "type": "array",
            "items": {"type": "string"},
            "description": "What stays provable, for the person who asked.",
        },
    )


class PreferencesSchema(Table):
    schema = one_of("consent-ledger/preferences/v1")
    site = text("a site id", rules.SITE_ID.pattern)
    seq = integer(1)
    record = digits(32)
    index = integer(0)
    action = one_of(*ACTIONS)
    categories = ById(flag())
    services = ById(flag())
    statuses = ById(one_of(*STATUSES))
    notice = digits(64)
    language = text("a language tag", rules.LANGUAGE.pattern)
    recorded_at = text("a time", MOMENT)
    expires_hour = text("an hour", HOUR)


class ScreenshotNameSchema(Table):
    device = one_of(*DEVICES)
    layer = one_of(*SHOWN_LAYERS)
    sha256 = digits(64, description="Of the PNG file, which is served under this name.")


class PublishedSchema(Table):
    """A publication as its entry in the log says, and where that entry is."""

    notice = digits(64)
    build = digits(64)
    config = digits(64)
    integrity = text("an SRI hash such as sha384-…", INTEGRITY)
    published_at = text("a time", MOMENT)
    screenshots = ManyTables(ScreenshotNameSchema, required=True)
    generation = integer(1)
    index = integer(0)


class PublicationsSchema(Table):
    """The newest is in force."""

    schema = one_of("consent-ledger/publications/v1")
    site = text("a site id", rules.SITE_ID.pattern)
    publications = ManyTables(PublishedSchema, required=True)
    next = text("a page, when more follow,", "[0-9]+-[0-9]+", nullable=True)


class HealthSchema(Table):
    status = one_of("ok")


class ReadySchema(Table):
    status = one_of("ready")
    halted = Exact(
        "a list of the origins of logs",
        lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
        required=True,
        metadata={
            "type": "array",
            "items": {"type": "string"},
            "description": "Logs that take no entries until the operator has seen to them.",
        },
    )


class DocumentSchema(Table):
    """An OpenAPI document, by its top level."""

    openapi = one_of("3.1.0")
    info = some_object()
    paths = some_object()
    components = some_object()


class ProblemSchema(Table):
    """RFC 9457, with a stable `code`, the faulty fields, and a name to find the log line by."""

    type = text("a URN", "urn:consent-ledger:problem:[a-z_]+")
    code = text("a code", "[a-z_]+")
    title = words("a title")
    status = integer(400, 599)
    detail = words("a sentence")
    errors = Exact(
        "messages by field",
        lambda value: (
            isinstance(value, dict) and all(isinstance(item, list) for item in value.values())
        ),
        metadata={
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    )
    request = Exact(
        "a request id",
        lambda value: isinstance(value, str),
        metadata={"type": "string", "description": "Names the line in the operator's log."},
    )
