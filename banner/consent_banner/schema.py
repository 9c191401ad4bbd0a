# SPDX-License-Identifier: MIT
"""Strict marshmallow building blocks whose errors say what was found and what was expected.

Nothing is coerced: a value passes as it is or is refused. All errors are gathered.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema

Problem = tuple[tuple[str | int, ...], str]
"""A place in the document (keys and zero-based indexes) and what is wrong there."""


def show(value: object) -> str:
    """*value* as a person would read it in an error, shortened."""
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= 80 else text[:70] + '…"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 128 else "a very large number"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    return f"a {type(value).__name__}"


def suggestion(word: str, known: Iterable[str]) -> str:
    """'did you mean …?' for a misspelt *word*, or the known words."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    return "known: " + ", ".join(names) if names else "nothing is expected here"


class Exact(fields.Field[Any]):
    """A value that passes *check* unchanged; *expected* completes 'found …, expected …'."""

    def __init__(
        self,
        expected: str,
        check: Callable[[object], bool],
        *,
        required: bool = False,
        nullable: bool = False,
        **rest: Any,
    ) -> None:
        self.expected = expected
        self.check = check
        told = expected.replace("{", "{{").replace("}", "}}")  # marshmallow formats its messages
        super().__init__(
            required=required,
            allow_none=nullable,
            error_messages={
                "required": f"missing, expected {told}",
                "null": f"found null, expected {told}",
            },
            **rest,
        )

    def accepts(self, value: object) -> bool:
        """Whether *value* loads, as itself."""
        return self.check(value) or (value is None and self.allow_none)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not self.check(value):
            raise ValidationError(f"found {show(value)}, expected {self.expected}")
        return value


class OneTable(fields.Nested):
    """A nested table."""

    def __init__(self, schema: type[Table], **rest: Any) -> None:
        super().__init__(
            schema,
            error_messages={
                "required": "missing, expected a table",
                "null": "found null, expected a table",
            },
            **rest,
        )

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError(f"found {show(value)}, expected a table")
        return super()._deserialize(value, *args, **kwargs)


class ManyTables(fields.List[Any]):
    """A list of tables, with at least *least* of them."""

    def __init__(self, schema: type[Table], *, least: int = 0, **rest: Any) -> None:
        self.least = least
        self.expected = "at least one table" if least else "a list of tables"
        super().__init__(
            OneTable(schema),
            error_messages={
                "required": f"missing, expected {self.expected}",
                "null": f"found null, expected {self.expected}",
            },
            **rest,
        )

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list) or len(value) < self.least:
            raise ValidationError(f"found {show(value)}, expected {self.expected}")
        return super()._deserialize(value, *args, **kwargs)


class Table(Schema):
    """A schema that names every unknown key, with the known one that looks most like it."""

    class Meta:
        unknown = EXCLUDE  # refused below, with a suggestion

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _refuse_unknown_keys(self, _data: object, original: object, **_: object) -> None:
        if not isinstance(original, Mapping):
            raise ValidationError(f"found {show(original)}, expected a table")
        known = set(self.load_fields)
        unknown = [key for key in original if key not in known]
        if unknown:
            raise ValidationError(
                {key: [f"unknown key, {suggestion(str(key), known)}"] for key in unknown}
            )


def problems(messages: object, place: tuple[str | int, ...] = ()) -> list[Problem]:
    """The leaves of a marshmallow error tree, in order of their place."""
    if isinstance(messages, Mapping):
        found = [
            problem
            for key, below in messages.items()
            for problem in problems(below, place if key == "_schema" else (*place, key))
        ]
        return sort_problems(found)
    if isinstance(messages, (list, tuple)):
        return [problem for below in messages for problem in problems(below, place)]
    return [(place, str(messages))]


def sort_problems(found: Iterable[Problem]) -> list[Problem]:
    """By place (indexes as numbers), then message; each once."""

    def order(problem: Problem) -> tuple[tuple[tuple[bool, int, str], ...], str]:
        place, message = problem
        return tuple(
            (False, part, "") if isinstance(part, int) else (True, 0, part) for part in place
        ), message

    return sorted(set(found), key=order)


def path(place: tuple[str | int, ...]) -> str:
    """*place* as people write it: `category[2].service[0].name`."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text or "document"
