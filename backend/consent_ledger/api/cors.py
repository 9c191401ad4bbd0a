# SPDX-License-Identifier: MIT
"""CORS for a site's own pages."""

import peewee
from flask import Flask, Response, request

from consent_ledger.api.operation import Operation
from consent_ledger.errors import LedgerError, OriginUnknown
from consent_ledger.services import services
from consent_ledger.sites import SiteOrigins

MAX_AGE_S = 7200
EXPOSED = "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
PREFLIGHT = "preflight"


def init_app(app: Flask, operations: dict[str, Operation]) -> None:
    """Adds an OPTIONS rule beside each path that pages of the site may call."""
    shared = {op.path for op in operations.values() if op.cors}
    methods = {
        path: sorted({op.method for op in operations.values() if op.cors and op.path == path})
        for path in shared
    }

    def preflight(**path: str) -> Response:
        origins = services().origins.of(path["site"])
        check_origin(request.headers.get("Origin"), origins)
        rule = request.url_rule.rule if request.url_rule else ""
        response = Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = ", ".join(methods[rule])
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
        return response

    for path in sorted(shared):
        app.add_url_rule(
            path, PREFLIGHT, preflight, methods=["OPTIONS"], provide_automatic_options=False
        )

    @app.after_request
    def allow_own_pages(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else ""
        if rule in shared:
            site = (request.view_args or {})["site"]
            allow_own_origin(response, request.headers.get("Origin"), services().origins, site)
        return response


def allow_own_origin(
    response: Response, origin: str | None, origins: SiteOrigins, site: str
) -> None:
    """Lets a page read *response* when it is one of the site's; *origin* is what it sent."""
    response.headers.add("Vary", "Origin")
    if origin is None:
        return
    try:
        known = origins.of(site)
    except (LedgerError, peewee.DatabaseError):
        return  # the answer says so already; here it only goes without CORS
    if origin in known:
        response.headers.add("Access-Control-Allow-Origin", origin)
        response.headers.add("Access-Control-Expose-Headers", EXPOSED)


def check_origin(origin: str | None, origins: frozenset[str]) -> str:
    """The request's Origin, which is one of *origins*. Raises: OriginUnknown.

    This binds browsers only: whoever writes requests by hand may send any Origin.
    """
    if origin is None or origin not in origins:
        found = "no Origin header" if origin is None else f"the origin {origin[:200]!r}"
        raise OriginUnknown(f"found {found}, expected one of the origins this site was added with")
    return origin
