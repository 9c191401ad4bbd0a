# SPDX-License-Identifier: MIT
"""The production server: granian with one worker process, which holds the data directory alone."""

import errno
import gc
import logging
import multiprocessing
import os
import signal
import socket
import threading
from functools import partial
from multiprocessing import connection, util
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from consent_ledger import __version__, logs
from consent_ledger.app import close_app, create_app
from consent_ledger.config import Settings
from consent_ledger.db import open_database
from consent_ledger.errors import SetupError
from consent_ledger.lock import sole_user
from consent_ledger.succession import open_for_writing

# Beyond the deadline of a write: what still streams after that is cut off.
STOP_MARGIN_S = 5

log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; requests that have begun are answered before it returns.

    Raises: SetupError with a sentence that says what to do.
    """
    logs.configure(settings.log_level)
    open_database(settings.data).close_all()  # says first what is wrong with the directory
    with sole_user(settings.data):
        open_for_writing(settings.data)[0].close_all()
        address = _free_address(settings.host, settings.port)
        server = Server(
            "consent_ledger",
            address=address,
            port=settings.port,
            interface=Interfaces.WSGI,
            workers=1,  # one writer; more of them only fight over the database's lock
            blocking_threads=settings.threads,
            http=HTTPModes.http1,
            websockets=False,
            log_level=LogLevels.error,
            log_access=False,  # an access log would hold addresses
            workers_kill_timeout=settings.deadline_s + STOP_MARGIN_S,
        )
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        log.info(
            "consent-ledger %s listens on http://%s:%d, data in %s",
            __version__,
            shown,
            settings.port,
            settings.data,
        )
        # What is loaded stays: a collection that looks at it would only copy what processes share.
        gc.freeze()
        server.serve(target_loader=partial(_load, settings), wrap_loader=False)
        log.info("consent-ledger has stopped")


def _load(settings: Settings) -> Any:
    """The application, in the worker process: its threads and connections belong there."""
    logs.configure(settings.log_level)
    app = create_app(settings)
    gc.freeze()
    util.Finalize(None, close_app, args=(app,), exitpriority=100)
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    return app


def _end_with_parent() -> None:
    """Stops this worker when the main process is gone, so that none is left behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


def _free_address(host: str, port: int) -> str:
    """The address that *host* stands for, once it is seen that *port* is free there.

    granian shares ports between processes, so it would not notice another server itself.
    """
    try:
        family, _, _, _, found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise SetupError(f"{host!r} is no address of this machine; set another --host") from None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(found)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason = "is in use; stop what listens there, or choose another with --port"
            elif error.errno == errno.EACCES:
                reason = "is not allowed for this user; choose one from 1024 on with --port"
            else:
                reason = f"cannot be used ({error.strerror}); set another --host or --port"
            raise SetupError(f"port {port} of {host} {reason}") from None
    return str(found[0])
