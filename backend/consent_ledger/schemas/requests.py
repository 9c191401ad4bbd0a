# SPDX-License-Identifier: MIT
"""What may stand in the body of a request."""

from base64 import b64decode
from contextlib import suppress
from typing import Any

from consent_banner import rules
from consent_banner.notice import NoticeSchema
from consent_banner.schema import ManyTables, OneTable, Table, show
from marshmallow import ValidationError, fields, post_load

from consent_ledger.schemas.fields import (
    ACTIONS,
    BUILD_DIGITS,
    CONTROLS,
    END_OF_9999_MS,
    INTEGRITY,
    LAYERS,
    ById,
    digits,
    flag,
    integer,
    one_of,
    text,
)
from consent_ledger.screenshots import DEVICES, MAX_BYTES, SHOWN_LAYERS, Screenshot, check_image


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
