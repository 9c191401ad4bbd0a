# SPDX-License-Identifier: MIT
"""A log to export, with erasures and rotations, and bundles of it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from consent_ledger import batch
from consent_ledger.bundle import Bundle
from consent_ledger.db import Database
from consent_ledger.eraser import Eraser
from consent_ledger.erasing import ForgetRecord
from consent_ledger.export import prepare_export
from consent_ledger.export_range import EVERYTHING, Range
from consent_ledger.models import LogKey
from consent_ledger.records import Decision
from consent_ledger.timestamps import HOUR_MS
from consent_ledger.verify.bundle import verify_bundle
from consent_ledger.verify.report import Report
from consent_ledger.verify.trust import Pinned
from harness import SITE, writer_of

from .conftest import NOW_MS, decide

TEMPLATE = decide()


def decision(number: int, **changes: Any) -> Decision:
    """A decision with its own record, visitor and salts, made from *number*."""
    return replace(
        TEMPLATE,
        record_id=f"{number:032x}",
        subject=number.to_bytes(32, "big"),
        subject_salt=number.to_bytes(32, "big"),
        evidence_salt=(number + 1).to_bytes(32, "big"),
        **changes,
    )


class Journalist:
    """Writes into the log of SITE, on a clock of its own that starts at NOW_MS."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now_ms = NOW_MS
        self._writer = writer_of(database)
        self._number = 1
        self.eraser = Eraser(database, self.run, self._writer.journal)

    def run(self, work: batch.Work) -> Any:
        (done,) = batch.commit(self.database, self._writer, [work], lambda: self.now_ms)
        if done.error is not None:
            raise done.error
        return done.result

    def wait(self, hours: int) -> None:
        self.now_ms += hours * HOUR_MS

    def decide(self, count: int = 1, **changes: Any) -> list[str]:
        """So many decisions, in batches of 2000; returns their record ids."""
        works = [decision(self._number + at, **changes) for at in range(count)]
        self._number += count
        for start in range(0, count, 2000):
            part = works[start : start + 2000]
            done = batch.commit(self.database, self._writer, part, lambda: self.now_ms)
            assert not [each.error for each in done if each.error]
        return [work.record_id for work in works]

    def erase(self, record_id: str) -> None:
        """Destroys both parts; announced is it later."""
        self.run(ForgetRecord(SITE, bytes.fromhex(record_id)))

    def announce(self) -> int:
        return self.eraser.announce_pending(SITE)

    def bundle(
        self,
        *,
        with_subjects: bool = False,
        wanted: Range = EVERYTHING,
        on_piece: Callable[[int], object] = lambda number: None,
    ) -> bytes:
        """A whole bundle; *on_piece* is called with the number of each piece after it came."""
        export = prepare_export(self.database, SITE, with_subjects=with_subjects, wanted=wanted)
        pieces = []
        for number, piece in enumerate(Bundle(export, self.announce).pieces()):
            pieces.append(piece)
            on_piece(number)
        return b"".join(pieces)

    def vkeys(self) -> list[str]:
        query = LogKey.select(LogKey.vkey).where(LogKey.site == SITE)
        return [vkey for (vkey,) in query.tuples().execute(self.database)]

    def verify(self, bundle: bytes, directory: Path) -> Report:
        """What the verifier says about a bundle, with the keys of the site pinned."""
        path = directory / "bundle.zip"
        path.write_bytes(bundle)
        return verify_bundle(str(path), Pinned.read(self.vkeys()))


def members(bundle: bytes) -> dict[str, bytes]:
    """The contents of a ZIP file by name, in order, through Python's own reader."""
    with zipfile.ZipFile(BytesIO(bundle)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]
