# SPDX-License-Identifier: MIT
"""Reads request bodies strictly: JSON as the RFC has it, nothing twice, nothing too large."""

import json
from typing import Any, NoReturn

from consent_banner.schema import Table, show
from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from consent_ledger.errors import BodyTooLarge, InvalidRequest, UnsupportedType


def read_json(request: Request, schema: Table, types: tuple[str, ...], limit_bytes: int) -> Any:
    """The body as *schema* loads it.

    Raises: UnsupportedType, BodyTooLarge, InvalidRequest (no JSON), marshmallow.ValidationError.
    """
    if request.mimetype not in types:
        found = request.mimetype or "no Content-Type"
        raise UnsupportedType(f"found {found}, expected {' or '.join(types)}")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedType("found another charset, expected utf-8")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedType("found a Content-Encoding, expected the body as it is")
    request.max_content_length = limit_bytes
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise BodyTooLarge(f"the body is larger than {limit_bytes} bytes") from None
    except ClientDisconnected:
        raise InvalidRequest("the body ended before its announced length") from None
    return schema.load(parse_json(raw))


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
