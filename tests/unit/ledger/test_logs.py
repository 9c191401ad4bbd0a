# SPDX-License-Identifier: MIT
"""What an error becomes in the log."""

from __future__ import annotations

import secrets

import peewee
from consent_ledger.errors import RecordUnknown, SetupError
from consent_ledger.logs import describe


def raised(error: Exception) -> BaseException:
    try:
        raise error
    except Exception as caught:
        return caught


def test_an_error_is_described_by_its_type_and_place() -> None:
    planted = secrets.token_hex(16)
    text = describe(raised(ValueError(planted)))
    assert text.startswith("ValueError\n")
    assert "test_logs.py" in text
    assert planted not in text


def test_messages_of_the_database_and_the_system_are_kept() -> None:
    assert "disk I/O error" in describe(raised(peewee.OperationalError("disk I/O error")))
    assert "No space left" in describe(raised(OSError(28, "No space left on device")))


def test_what_the_operator_has_to_do_is_told_and_what_was_asked_for_is_not() -> None:
    """An export that breaks off over HTTP can say what is damaged in the log only."""
    assert "(entry 5)" in describe(raised(SetupError("the log is damaged (entry 5)")))
    planted = secrets.token_hex(16)
    assert planted not in describe(raised(RecordUnknown(f"no record {planted}")))
