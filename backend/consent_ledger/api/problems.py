# SPDX-License-Identifier: MIT
"""Every failure is one problem document (RFC 9457); what was not expected goes to the log only."""

import json
import logging
import secrets
from http import HTTPStatus
from typing import Any

import peewee
from consent_banner.schema import path, problems
from flask import Flask, Response
from flask_limiter import RateLimitExceeded
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from consent_ledger.errors import (
    InvalidFields,
    LedgerError,
    RateLimited,
    StorageUnavailable,
    Unavailable,
)
from consent_ledger.logs import describe

TYPE = "urn:consent-ledger:problem:"
MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    app.register_error_handler(Exception, answer)


def answer(error: Exception) -> Response:
    """The problem document about *error*, whatever it is."""
    if isinstance(error, LedgerError):
        return refused(error)
    if isinstance(error, ValidationError):
        return invalid(error)
    if isinstance(error, peewee.DatabaseError):
        return storage(error)
    if isinstance(error, RateLimitExceeded):
        return refused(RateLimited(error.limit.limit))
    if isinstance(error, HTTPException):
        return http(error)
    return unexpected(error)


def problem(status: int, code: str, title: str, detail: str, **more: Any) -> Response:
    """A problem document; members of *more* that are None are left out."""
    body = {
        "type": TYPE + code,
        "code": code,
        "title": title,
        "status": status,
        "detail": detail,
        **{key: value for key, value in more.items() if value is not None},
    }
    return Response(json.dumps(body, ensure_ascii=True), status, mimetype=MEDIA_TYPE)


def refused(error: LedgerError) -> Response:
    response = problem(error.status, error.code, error.title, error.detail, errors=error.fields)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if error.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="consent-ledger"'
    return response


def invalid(error: ValidationError) -> Response:
    fields: dict[str, list[str]] = {}
    found = problems(error.messages)
    for place, message in found[:MAX_ERRORS]:
        fields.setdefault(path(place), []).append(message)
    names = list(fields)
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return refused(InvalidFields(f"not as expected: {listed}; see errors", fields=fields))


def storage(error: peewee.DatabaseError) -> Response:
    log.error("the database cannot be used: %s", describe(error))
    return refused(StorageUnavailable("the database cannot be read or written at the moment"))


def http(error: HTTPException) -> Response:
    status = error.code or 500
    title = HTTPStatus(status).phrase
    response = problem(status, title.lower().replace(" ", "_"), title, _detail(status))
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _detail(status: int) -> str:
    """A sentence of our own: the framework's may repeat what was sent."""
    if status == HTTPStatus.NOT_FOUND:
        return "there is no such route; /openapi.json lists them all"
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return "this route has no such method; Allow names those it has"
    return HTTPStatus(status).description or HTTPStatus(status).phrase


def unexpected(error: Exception) -> Response:
    request_id = secrets.token_hex(8)
    log.error("request %s failed: %s", request_id, describe(error))
    return problem(
        500,
        LedgerError.code,
        LedgerError.title,
        "the operator finds the reason in the log, under this request's id",
        request=request_id,
    )
