# SPDX-License-Identifier: MIT
"""Verifying a bundle out of memory, and finding a fault in the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from consent_ledger.verify.bundle import verify_bundle
from consent_ledger.verify.report import Report
from consent_ledger.verify.trust import Pinned
from unit.verify.bundle_maker import Bundle
from unit.verify.histories import full_logs, keys

PINNED = keys(*full_logs())  # of both generations; the first is also that of the small log

Check = Callable[..., Report]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def check(
        bundle: Bundle | bytes,
        pinned: Iterable[str] = PINNED,
        previous: dict[str, bytes] | None = None,
    ) -> Report:
        path = tmp_path / "bundle.zip"
        path.write_bytes(bundle if isinstance(bundle, bytes) else bundle.pack())
        return verify_bundle(str(path), Pinned.read(pinned), previous)

    return check


def found(report: Report, **where: Any) -> bool:
    """Whether a fault of *report* stands there; a field is told by its beginning."""
    assert report.exit_code == (1 if report.faults.total else report.exit_code)
    return any(
        all(
            fault.to_dict()[name].startswith(value)
            if name == "field"
            else fault.to_dict()[name] == value
            for name, value in where.items()
        )
        for fault in report.faults.first
    )
