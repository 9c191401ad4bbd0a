# SPDX-License-Identifier: MIT
"""The fields that the schemas are made of, and the words that they know."""

import re
from typing import Any

from consent_banner import rules
from consent_banner.schema import Exact, show
from marshmallow import ValidationError, fields

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
