# SPDX-License-Identifier: MIT
"""What `erase`, `purge` and `export` share: the data directory's eraser, beside a server or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from consent_ledger.cli.common import Shell

if TYPE_CHECKING:
    from consent_ledger.db import Database
    from consent_ledger.eraser import Eraser


@contextmanager
def open_eraser(shell: Shell) -> Iterator[tuple[Database, Eraser]]:
    """The ledger of the data directory, and what erases in it."""
    from consent_ledger.batch import commit
    from consent_ledger.eraser import Eraser

    with shell.writing() as (database, writer):

        def run(work: Any) -> Any:
            (done,) = commit(database, writer, [work])
            if done.error is not None:
                raise done.error
            return done.result

        yield database, Eraser(database, run, writer.journal)
