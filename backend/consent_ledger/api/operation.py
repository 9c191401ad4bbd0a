# SPDX-License-Identifier: MIT
"""An operation is described once: its route, limit, credentials, CORS, checks and its OpenAPI entry
all come from that description, so they cannot disagree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from consent_banner.schema import Table
from flask import Blueprint, Response, request
from marshmallow import ValidationError
from werkzeug.wrappers import Request

from consent_ledger import auth, errors
from consent_ledger.api.body import read_json
from consent_ledger.loading import loader
from consent_ledger.publishing import ServedLog, read_log
from consent_ledger.schemas.queries import NoQuery
from consent_ledger.services import Services, services

JSON = "application/json"
TEXT = "text/plain"

VISITOR = "visitor"
ANYONE = "anyone"  # nothing, a visitor's token, or a key with the scope audit
LOG = "log"  # a key with the scope audit, unless the site's log is public


@dataclass(frozen=True)
class Answer:
    """A success: what it means, and the schema of its JSON or the media types of another body."""

    about: str
    schema: type[Table] | None = None
    media_types: tuple[str, ...] = (JSON,)
    headers: Mapping[str, str] = field(default_factory=dict)  # integers, by name, with a sentence


@dataclass(frozen=True)
class Operation:
    """What a route does. `limit` names a setting; `credentials` is VISITOR, ANYONE, LOG or a key's
    scope.

    A path with LOG names the log by `<origin:origin>`. A hot one is answered at the front door: its
    view has no context of Flask's, and its path no part but `<site>`.
    """

    method: str
    path: str
    name: str
    about: str
    limit: str
    answers: Mapping[int, Answer]
    problems: tuple[type[errors.LedgerError], ...] = ()
    credentials: str | None = None
    cors: bool = False
    hot: bool = False
    query: type[Table] = NoQuery
    body: type[Table] | None = None
    body_types: tuple[str, ...] = (JSON,)
    body_limit: str = "body_limit"

    @property
    def all_problems(self) -> tuple[type[errors.LedgerError], ...]:
        """The listed ones and those that follow from the description."""
        found = list(self.problems)
        if "<site>" in self.path:
            found.append(errors.SiteUnknown)
        if self.credentials is not None:
            found.append(errors.Unauthenticated)
            if self.credentials != VISITOR:
                found.append(errors.ScopeMissing)
            if self.credentials == LOG:
                found.append(errors.LogUnknown)
        if self.body is not None:
            found += [errors.InvalidRequest, errors.BodyTooLarge, errors.UnsupportedType]
        # an unknown query parameter is refused everywhere
        return (*found, errors.InvalidFields, errors.StorageUnavailable)


@dataclass(frozen=True)
class Call:
    """A request that passed its description's checks."""

    services: Services
    path: dict[str, str]
    origin: str | None = None  # the header, as sent
    site: str = ""
    subject: bytes = b""  # of the visitor who asks
    key: str = ""  # id of the key that was used
    log: ServedLog | None = None
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None


View = Callable[[Call], Response]


class Resource(Blueprint):
    """A blueprint whose routes are operations."""

    def __init__(self, name: str) -> None:
        super().__init__(name, __name__)
        self.operations: dict[str, Operation] = {}
        self.views: dict[str, View] = {}

    def operation(self, operation: Operation) -> Callable[[View], View]:
        """Serves *operation* with the decorated view."""

        def decorate(view: View) -> View:
            @wraps(view)
            def serve(**path: str) -> Response:
                return view(check(operation, services(), request, path))

            self.add_url_rule(
                operation.path,
                operation.name,
                serve,
                methods=[operation.method],
                provide_automatic_options=False,
            )
            endpoint = f"{self.name}.{operation.name}"
            self.operations[endpoint] = operation
            self.views[endpoint] = view
            return view

        return decorate


def check(operation: Operation, parts: Services, request: Request, path: dict[str, str]) -> Call:
    """Site, credentials, query and body, in this order. Raises: LedgerError, ValidationError."""
    site = path.get("site", "")
    if site:
        parts.origins.of(site)  # refuses an unknown site
    subject, key, served = b"", "", None
    header = request.headers.get("Authorization")
    if operation.credentials == VISITOR:
        subject = auth.visitor(site, header)
    elif operation.credentials == ANYONE:
        if header is not None and auth.is_key(header):
            key = auth.check_key(parts.database, site, "audit", header)
        elif header is not None:
            subject = auth.visitor(site, header)
    elif operation.credentials == LOG:
        served = read_log(parts.database, path["origin"])
        site = served.site
        if not served.is_public:
            key = auth.check_key(parts.database, site, "audit", header)
    elif operation.credentials is not None:
        key = auth.check_key(parts.database, site, operation.credentials, header)
    query = _query(operation.query, request)
    body = None
    if operation.body is not None:
        limit = getattr(parts.settings, operation.body_limit)
        body = read_json(request, loader(operation.body), operation.body_types, limit)
    return Call(parts, path, request.headers.get("Origin"), site, subject, key, served, query, body)


def _query(schema: type[Table], request: Request) -> dict[str, Any]:
    if schema is NoQuery and not request.query_string:
        return {}
    repeated = [key for key, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise ValidationError({key: ["found more than once, expected once"] for key in repeated})
    found: dict[str, Any] = loader(schema)(request.args.to_dict())
    return found
