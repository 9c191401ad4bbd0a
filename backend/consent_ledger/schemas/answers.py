# SPDX-License-Identifier: MIT
"""What an answer holds."""

import re

from consent_banner import rules
from consent_banner.schema import Exact, ManyTables, OneTable, Table

from consent_ledger.schemas.fields import (
    ACTIONS,
    BASE64_32,
    CONTROLS,
    HOUR,
    INTEGRITY,
    LAYERS,
    MOMENT,
    STATUSES,
    ById,
    digits,
    flag,
    integer,
    one_of,
    some_object,
    text,
    words,
)
from consent_ledger.screenshots import DEVICES, SHOWN_LAYERS


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
