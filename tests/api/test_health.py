# SPDX-License-Identifier: MIT
"""GET /healthz and /readyz."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from consent_ledger.app import close_app
from harness import ORIGIN, SITE

from .conftest import Ledger, Make


@pytest.mark.parametrize(
    ("path", "body"),
    [("/healthz", {"status": "ok"}), ("/readyz", {"status": "ready", "halted": []})],
)
def test_a_sound_ledger_is_well(ledger: Ledger, path: str, body: dict[str, Any]) -> None:
    response = ledger.client.get(path)
    assert response.status_code == 200
    assert response.get_json() == body
    assert response.headers["Cache-Control"] == "no-store"


def test_a_halted_log_is_named_while_the_others_work(ledger: Ledger) -> None:
    ledger.add_site("other", ORIGIN)
    database = ledger.services.database
    with database.connection_context():
        database.execute_sql("UPDATE log SET root = zeroblob(32) WHERE site = ?", (SITE,))
    assert ledger.post(ledger.decision()).status_code == 503
    response = ledger.client.get("/readyz")
    assert response.status_code == 200
    assert response.get_json() == {"status": "ready", "halted": [f"ledger.test/{SITE}/1"]}


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
