# SPDX-License-Identifier: MIT
"""Loads documents with their schemas; what is plainly valid skips marshmallow's machinery."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from consent_banner.schema import Exact, Table
from marshmallow import missing

from consent_ledger.schemas.fields import ById


@lru_cache(None)
def loader(schema: type[Table]) -> Callable[[Any], Any]:
    """What gives and raises what `schema().load` does, and quicker where all is valid.

    A document that has exactly the schema's keys, or leaves out some that have a default, each
    with a value that its field accepts, loads as it is. Anything else goes to marshmallow, whose
    word counts.
    """
    made = schema()
    fields = {
        name: field for name, field in made.load_fields.items() if isinstance(field, Exact | ById)
    }
    if len(fields) < len(made.load_fields):
        return made.load
    defaults = {
        name: field.load_default
        for name, field in fields.items()
        if field.load_default is not missing
    }

    def load(document: Any) -> Any:
        if isinstance(document, dict):
            whole = {**defaults, **document}
            if whole.keys() == fields.keys() and all(
                field.accepts(whole[name]) for name, field in fields.items()
            ):
                return {name: whole[name] for name in fields}
        return made.load(document)

    return load
