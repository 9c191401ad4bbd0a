# SPDX-License-Identifier: MIT
"""Strict JSON from outside: UTF-8, as the RFC has it, no key twice, integers only."""

import json
from typing import Any, NoReturn

from consent_banner.schema import show

from consent_ledger.errors import InvalidRequest


def parse_json(raw: bytes) -> Any:
    """The document in *raw*. Raises: InvalidRequest saying where it is no JSON."""
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_float,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the body is no UTF-8: byte {error.start} does not fit") from None
    except json.JSONDecodeError as error:
        raise InvalidRequest(
            f"the body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise InvalidRequest("the body is nested too deeply") from None
    except InvalidRequest:
        raise
    except ValueError:
        raise InvalidRequest("the body holds a number with too many digits") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise InvalidRequest(f"the body holds the key {show(twice)} twice")
    return document


def _float(found: str) -> NoReturn:
    raise InvalidRequest(f"the body holds the number {found[:40]}, expected integers only")


def _constant(found: str) -> NoReturn:
    raise InvalidRequest(f"the body holds {found}, which is no JSON")
