# SPDX-License-Identifier: MIT
"""What goes to the log: what the ledger does, and never what a request held."""

import logging
import sqlite3
import sys
import traceback

import peewee

from consent_ledger.errors import SetupError


def configure(level: str) -> None:
    """Sends log lines of at least *level* to standard error."""
    logging.basicConfig(
        level=level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    logging.getLogger("peewee").setLevel(logging.WARNING)  # at debug level it logs parameters
    # At info level it logs each refused request with its key, which holds the hashed address.
    logging.getLogger("flask-limiter").setLevel(logging.WARNING)


def describe(error: BaseException) -> str:
    """*error* for the log: its type and where it was raised, and no value that a request held.

    Only messages of the database and the system are kept, and those that tell the operator what to
    do; they speak of files and tables.
    """
    trusted = (peewee.PeeweeException, sqlite3.Error, OSError, SetupError)
    message = f": {error}" if isinstance(error, trusted) else ""
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    return f"{type(error).__qualname__}{message}\n{frames}"
