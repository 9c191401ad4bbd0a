# SPDX-License-Identifier: MIT
"""Headers that every answer carries, whoever made it: added last, as WSGI hands the answer over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SECURITY = [
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
]
NO_STORE = ("Cache-Control", "no-store")


class FinalHeaders:
    """WSGI middleware: security headers, and `no-store` unless the answer says otherwise."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            names = {name for name, _ in headers}
            if "Cache-Control" not in names:
                headers.append(NO_STORE)
            headers.extend(SECURITY)
            return start_response(status, headers, *rest)

        return self._app(environ, start)
