# SPDX-License-Identifier: MIT
"""GET /healthz and /readyz."""

from __future__ import annotations

import sqlite3

import pytest
from consent_ledger.app import close_app

from .conftest import Ledger, Make


@pytest.mark.parametrize(("path", "status"), [("/healthz", "ok"), ("/readyz", "ready")])
def test_a_sound_ledger_is_well(ledger: Ledger, path: str, status: str) -> None:
    response = ledger.client.get(path)
    assert response.status_code == 200
    assert response.get_json() == {"status": status}
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_monitors_may_ask_with_head_and_nothing_else(ledger: Ledger, path: str) -> None:
    assert ledger.client.head(path).status_code == 200
    assert ledger.client.post(path).status_code == 405


def test_without_its_tables_the_ledger_lives_but_is_not_ready(ledger: Ledger) -> None:
    database = ledger.services.database
    with database.connection_context():
        database.execute_sql('ALTER TABLE "meta" RENAME TO "away"')
    assert ledger.client.get("/healthz").status_code == 200
    response = ledger.client.get("/readyz")
    assert (response.status_code, response.get_json()["code"]) == (503, "storage_unavailable")
    assert int(response.headers["Retry-After"]) > 0


def test_a_ledger_that_cannot_begin_to_write_is_not_ready(make_ledger: Make) -> None:
    ledger = make_ledger(deadline_s="1")
    other = sqlite3.connect(ledger.data / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert ledger.client.get("/healthz").status_code == 200
    response = ledger.client.get("/readyz")
    other.execute("ROLLBACK")
    other.close()
    assert (response.status_code, response.get_json()["code"]) == (503, "outcome_unknown")
    assert ledger.client.get("/readyz").status_code == 200


def test_a_ledger_that_shuts_down_is_not_ready(ledger: Ledger) -> None:
    close_app(ledger.app)
    response = ledger.client.get("/readyz")
    assert (response.status_code, response.get_json()["code"]) == (503, "stopping")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_query_is_refused(ledger: Ledger, path: str) -> None:
    assert ledger.client.get(path + "?verbose=1").status_code == 422


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_are_limited(make_ledger: Make, path: str) -> None:
    ledger = make_ledger(limit_health="1/minute")
    assert ledger.client.get(path).status_code == 200
    assert ledger.client.get(path).status_code == 429
