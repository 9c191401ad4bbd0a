# SPDX-License-Identifier: MIT
"""What may stand behind the question mark of an address."""

import re
from typing import Any

from consent_banner.schema import Exact, Table, show
from marshmallow import ValidationError, fields

from consent_ledger.schemas.fields import TIME


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
