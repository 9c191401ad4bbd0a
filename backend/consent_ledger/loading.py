# SPDX-License-Identifier: MIT
"""Loads documents with their schemas; what is plainly valid skips marshmallow's machinery."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from consent_banner.schema import Exact, Table

from consent_ledger.schemas import ById


@lru_cache(None)
def loader(schema: type[Table]) -> Callable[[Any], Any]:
    """What gives and raises what `schema().load` does, and quicker where all is valid.

    A document that has exactly the schema's keys, each with a value that its field accepts, loads
    as it is. Anything else goes to marshmallow, whose word counts.
    """
    made = schema()
    fields = {
        name: field for name, field in made.load_fields.items() if isinstance(field, Exact | ById)
    }
    if len(fields) < len(made.load_fields):
        return made.load

    def load(document: Any) -> Any:
        if (
            isinstance(document, dict)
            and document.keys() == fields.keys()
            and all(field.accepts(document[name]) for name, field in fields.items())
        ):
            return {name: document[name] for name in fields}
        return made.load(document)

    return load
