# SPDX-License-Identifier: MIT
"""The application factory: defaults, then settings, then each concern in turn."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from consent_ledger.api import RESOURCES, cors, problems
from consent_ledger.api.logs import CONVERTERS
from consent_ledger.api.operation import Operation, View
from consent_ledger.committer import Committer
from consent_ledger.config import Settings
from consent_ledger.front_door import FrontDoor
from consent_ledger.headers import FinalHeaders
from consent_ledger.limits import Limits
from consent_ledger.logs import describe
from consent_ledger.services import EXTENSION, Services
from consent_ledger.succession import open_for_writing
from consent_ledger.timestamps import now_ms

log = logging.getLogger(__name__)


class LedgerFlask(Flask):
    """Flask, except that what goes wrong outside the views is logged without the request."""

    def log_exception(self, exc_info: Any) -> None:
        log.error("a request failed outside its view: %s", describe(exc_info[1]))


def create_app(settings: Settings, clock: Callable[[], int] = now_ms) -> Flask:
    """The ledger of the settings' data directory as a WSGI application, its committer running.

    Whoever makes it ends it with `close_app`. *clock* gives ms since 1970.
    Raises: SetupError when the data directory cannot be used.
    """
    # Connections: one for each request thread, the committer, and some for streams.
    database, writer = open_for_writing(settings.data, 2 * settings.threads + 2, clock)
    committer = Committer(database, writer, settings.deadline_s, clock)
    app = LedgerFlask("consent_ledger", static_folder=None)
    app.url_map.converters |= CONVERTERS
    app.url_map.merge_slashes = False  # a doubled slash is another path, not a redirect
    parts = app.extensions[EXTENSION] = Services(settings, database, committer, clock)

    operations: dict[str, Operation] = {}
    views: dict[str, View] = {}
    for resource in RESOURCES:
        app.register_blueprint(resource)
        operations |= resource.operations
        views |= resource.views
    problems.init_app(app)
    cors.init_app(app, operations)
    limits = Limits(app, settings, operations, parts.origins.knows)

    @app.teardown_appcontext
    def give_connection_back(_: BaseException | None) -> None:
        database.give_back()

    door = FrontDoor(app.wsgi_app, parts, limits, operations, views)
    app.wsgi_app = FinalHeaders(door)  # type: ignore[method-assign]  # as Flask documents
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
    parts.start()
    return app


def close_app(app: Flask) -> None:
    """Writes and answers what is queued, then closes the database."""
    services: Services = app.extensions[EXTENSION]
    services.close()
