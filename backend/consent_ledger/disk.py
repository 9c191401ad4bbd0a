# SPDX-License-Identifier: MIT
"""What was written is on the disk itself when these return."""

import fcntl
import os
import sys
from pathlib import Path


def sync_file(handle: int) -> None:
    """The bytes of an open file. On macOS a plain sync stops at the drive's cache."""
    if sys.platform == "darwin":
        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(handle)


def sync_folder(folder: Path) -> None:
    """The names in a directory: a new or renamed file has its name for good only after this."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
