# SPDX-License-Identifier: MIT
"""Reads request bodies: the right type, not too large, strict JSON, and what a schema says."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.wrappers import Request

from consent_ledger.errors import BodyTooLarge, InvalidRequest, UnsupportedType
from consent_ledger.strict_json import parse_json


def read_json(
    request: Request, load: Callable[[Any], Any], types: tuple[str, ...], limit_bytes: int
) -> Any:
    """The body as *load* takes it.

    Raises: UnsupportedType, BodyTooLarge, InvalidRequest (no JSON), marshmallow.ValidationError.
    """
    kind, charset = _content_type(request.environ.get("CONTENT_TYPE", ""))
    if kind not in types:
        raise UnsupportedType(f"found {kind or 'no Content-Type'}, expected {' or '.join(types)}")
    if charset not in ("utf-8", "utf8"):
        raise UnsupportedType("found another charset, expected utf-8")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedType("found a Content-Encoding, expected the body as it is")
    return load(parse_json(_read(request, limit_bytes)))


@lru_cache(64)
def _content_type(header: str) -> tuple[str, str]:
    """Media type and charset, in lower case."""
    kind, parameters = parse_options_header(header)
    return kind.lower(), parameters.get("charset", "utf-8").lower()


def _read(request: Request, limit_bytes: int) -> bytes:
    too_large = BodyTooLarge(f"the body is larger than {limit_bytes} bytes")
    announced = request.content_length
    if announced is not None:
        if announced > limit_bytes:
            raise too_large
        # In one piece: reading lets go of the interpreter each time, and waits to get it back.
        raw = request.input_stream.read(announced)
        # The server hands on what it got, also when the connection ended in the middle.
        if len(raw) != announced:
            raise _broken_off()
        return raw
    # One byte more: a body of unannounced length is cut at the limit without a word.
    request.max_content_length = limit_bytes + 1
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise too_large from None
    except ClientDisconnected:
        raise _broken_off() from None
    if len(raw) > limit_bytes:
        raise too_large
    return raw


def _broken_off() -> InvalidRequest:
    return InvalidRequest("the body ended before its announced length")
