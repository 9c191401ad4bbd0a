# SPDX-License-Identifier: MIT
"""Reads request bodies: the right type, not too large, strict JSON, and what the schema says."""

from typing import Any

from consent_banner.schema import Table
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request

from consent_ledger.errors import BodyTooLarge, InvalidRequest, UnsupportedType
from consent_ledger.strict_json import parse_json


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
    too_large = BodyTooLarge(f"the body is larger than {limit_bytes} bytes")
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
    # The server hands on what it got, also when the connection ended in the middle.
    if request.content_length is not None and len(raw) != request.content_length:
        raise _broken_off()
    return schema.load(parse_json(raw))


def _broken_off() -> InvalidRequest:
    return InvalidRequest("the body ended before its announced length")
