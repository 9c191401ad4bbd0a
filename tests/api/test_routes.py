# SPDX-License-Identifier: MIT
"""What holds for every route: limits, unknown paths, surprises, and what is logged about them."""

from __future__ import annotations

import logging
import re
import secrets
from time import monotonic
from typing import Any

import pytest
from consent_ledger import sites
from harness import ORIGIN, SITE

from .conftest import CONSENTS, LIMITS, Clock, Ledger, Make

UNUSUAL = [
    "/",
    "/v1",
    "/v1/sites//consents",
    "//v1/sites/meridian/consents",
    "/v1/sites/meridian/consents/",
    "/v1/sites/%00/consents",
    "/v1/sites/%ff/preferences",
    "/v1/sites/a%2fb/consents",
    "/v1/sites/../../etc/passwd",
    "/v1/sites/meridian/notices/%F0%9F%8D%AA",
    "/v1/sites/meridian/screenshots/..%2f..%2fsigning.seed",
    "/v1/sites/meridian/screenshots/../../signing.seed",
    "/v1/sites/meridian/publications/../notices",
    "/robots.txt",
]


@pytest.mark.parametrize("path", UNUSUAL)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE", "BREW"])
def test_an_unusual_request_gets_a_problem_and_never_a_500(
    ledger: Ledger, path: str, method: str
) -> None:
    response = ledger.client.open(path, method=method)
    assert 400 <= response.status_code < 500


EXAMPLES = {
    "site": "other",
    "notice": "0" * 64,
    "build": "0" * 64,
    "sha256": "0" * 64,
    "record": "0" * 32,
    "origin:origin": "ledger.test/other/1",
    "tile:tile": "0/000",
}


def test_every_route_has_a_limit(make_ledger: Make) -> None:
    """Under limits of one each second request is refused, whatever the first got."""
    ledger = make_ledger(**{f"limit_{name}": "1/day" for name in LIMITS}, published=False)
    for rule in ledger.app.url_map.iter_rules():
        path = rule.rule
        for name, value in EXAMPLES.items():
            path = path.replace(f"<{name}>", value)
        for method in sorted((rule.methods or set()) - {"HEAD"}):
            codes = [ledger.client.open(path, method=method).status_code for _ in range(2)]
            assert codes[1] == 429, (method, rule.rule, codes)


def test_a_surprise_is_a_500_with_a_request_id_and_nothing_else(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    planted = secrets.token_hex(16)

    def surprise(*_: Any) -> None:
        raise RuntimeError(planted)

    monkeypatch.setattr("consent_ledger.records.check_decision", surprise)
    with caplog.at_level(logging.DEBUG):
        response = ledger.post(ledger.decision())
    problem = response.get_json(force=True)
    assert (response.status_code, problem["code"]) == (500, "internal")
    assert planted not in response.text
    assert re.fullmatch("[0-9a-f]{16}", problem["request"])
    assert problem["request"] in caplog.text
    assert "RuntimeError" in caplog.text
    assert "test_routes.py" in caplog.text  # where it came from
    assert planted not in caplog.text
    monkeypatch.undo()
    assert ledger.post(ledger.decision()).status_code == 201


def test_nothing_of_a_request_is_logged(
    ledger: Ledger, visitor: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        ledger.client.get(f"/v1/sites/{SITE}/preferences?secret=1")
        ledger.post(b"{")
        ledger.post(visitor | {"gpc": True})
        ledger.client.get("/nothing/here?secret=1")
    for planted in (visitor["id"], visitor["token"], "secret", "127.0.0.1", "/nothing"):
        assert planted not in caplog.text


def test_forwarded_addresses_count_only_behind_a_trusted_proxy(make_ledger: Make) -> None:
    def codes(ledger: Ledger) -> list[int]:
        return [
            ledger.client.get(
                "/healthz", headers={"X-Forwarded-For": f"192.0.2.{number}"}
            ).status_code
            for number in range(3)
        ]

    assert codes(make_ledger(limit_health="1/minute")) == [200, 429, 429]
    assert codes(make_ledger(limit_health="1/minute", trusted_proxies="1")) == [200, 200, 200]


def test_neighbours_in_an_ipv6_network_share_a_limit(make_ledger: Make) -> None:
    ledger = make_ledger(limit_health="1/minute")

    def code(address: str) -> int:
        return ledger.client.get("/healthz", environ_base={"REMOTE_ADDR": address}).status_code

    assert code("2001:db8::1") == 200
    assert code("2001:db8::ffff") == 429
    assert code("2001:db8:0:1::1") == 200


def test_an_ipv4_address_in_ipv6_clothes_is_counted_as_that_address(make_ledger: Make) -> None:
    ledger = make_ledger(limit_health="1/minute")

    def code(address: str) -> int:
        return ledger.client.get("/healthz", environ_base={"REMOTE_ADDR": address}).status_code

    assert code("::ffff:192.0.2.1") == 200
    assert code("192.0.2.1") == 429
    assert code("::ffff:192.0.2.2") == 200


def test_changed_origins_hold_within_a_moment(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [monotonic() + 1000]
    monkeypatch.setattr("consent_ledger.sites.monotonic", lambda: now[0])
    assert ledger.post(ledger.decision()).status_code == 201
    database = ledger.services.database
    with database.connection_context():
        sites.set_site(database, SITE, origins=["https://new.example"])
    now[0] += 1.1
    assert ledger.post(ledger.decision()).status_code == 403
    assert ledger.post(ledger.decision(), origin="https://new.example").status_code == 201


def test_the_database_being_away_is_a_503_and_no_surprise(ledger: Ledger, clock: Clock) -> None:
    database = ledger.services.database
    with database.connection_context():
        database.execute_sql('ALTER TABLE "log" RENAME TO "away"')
    response = ledger.client.options(CONSENTS.replace(SITE, "x"), headers={"Origin": ORIGIN})
    assert response.status_code == 503
    assert ledger.post(ledger.decision()).status_code == 503
    with database.connection_context():
        database.execute_sql('ALTER TABLE "away" RENAME TO "log"')
    assert ledger.post(ledger.decision()).status_code == 201
