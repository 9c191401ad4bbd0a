# SPDX-License-Identifier: MIT
"""The hot operations, answered before Flask: the same functions in the same order.

Routing, contexts and hooks cost more than recording a decision does. What they do for these
operations is here in one piece: limit, checks, view, problems, CORS. Whatever else is asked for,
an unknown site too, goes on to Flask, with nothing of it read or counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consent_banner import rules
from werkzeug.wrappers import Request

from consent_ledger.api import problems
from consent_ledger.api.cors import allow_own_origin
from consent_ledger.api.operation import Operation, View, check
from consent_ledger.errors import RateLimited
from consent_ledger.limits import Limits, tell
from consent_ledger.services import Services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Response


@dataclass(frozen=True, slots=True)
class Door:
    """An operation whose path is the site's id between two fixed pieces."""

    endpoint: str
    operation: Operation
    view: View
    path: re.Pattern[str]


class FrontDoor:
    """WSGI middleware in front of the application that has the same operations."""

    def __init__(
        self,
        app: WSGIApplication,
        parts: Services,
        limits: Limits,
        operations: Mapping[str, Operation],
        views: Mapping[str, View],
    ) -> None:
        """Takes those of *operations* that are hot; all have a site in their path and CORS."""
        self._app = app
        self._parts = parts
        self._limits = limits
        self._doors: dict[str, list[Door]] = {}
        for endpoint, operation in operations.items():
            if operation.hot:
                path = operation.path.replace("<site>", f"({rules.SITE_ID.pattern})")
                door = Door(endpoint, operation, views[endpoint], re.compile(path))
                self._doors.setdefault(operation.method, []).append(door)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        for door in self._doors.get(environ["REQUEST_METHOD"], ()):
            found = door.path.fullmatch(environ["PATH_INFO"])
            if found and self._parts.origins.knows(found[1]):
                try:
                    response = self._answer(door, Request(environ), found[1])
                finally:
                    self._parts.database.give_back()
                start_response(response.status, response.headers.to_wsgi_list())
                return [response.get_data()]
        return self._app(environ, start_response)

    def _answer(self, door: Door, request: Request, site: str) -> Response:
        limit = self._limits.hit(door.endpoint, request.remote_addr or "", site)
        try:
            if limit.breached:
                raise RateLimited(limit.limit)
            call = check(door.operation, self._parts, request, {"site": site})
            response = door.view(call)
        except Exception as error:  # as Flask would: whatever it is has an answer
            response = problems.answer(error)
        tell(response, limit)
        allow_own_origin(response, request.headers.get("Origin"), self._parts.origins, site)
        return response
