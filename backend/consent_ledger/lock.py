# SPDX-License-Identifier: MIT
"""The lock file of a data directory: one process serves it, or changes its schema."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from consent_ledger.errors import SetupError

FILE = "ledger.lock"


@contextmanager
def sole_user(directory: Path) -> Iterator[None]:
    """Holds the directory's lock file; the system lets go of it when the process ends.

    Raises: SetupError when another process holds it.
    """
    try:
        handle = os.open(directory / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SetupError(f"{directory / FILE} cannot be opened: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(handle, 20).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        raise SetupError(
            f"another server (process {holder}) serves {directory} already; "
            "stop it first, or name another directory with --data"
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    try:
        yield
    finally:
        os.close(handle)
