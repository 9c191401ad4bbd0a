# SPDX-License-Identifier: MIT
"""A ledger of its own for each test, its cast, and a client that checks every answer.

The client holds each answer against the operation that served it: a status that the operation does
not name, or a body that its schema does not load, fails the test that caused it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from consent_ledger import auth, sites
from consent_ledger.api import RESOURCES
from consent_ledger.app import close_app, create_app
from consent_ledger.config import Settings
from consent_ledger.db import initialise
from consent_ledger.schemas.answers import ProblemSchema
from consent_ledger.services import EXTENSION, Services
from consent_ledger.signing import SigningKeys
from flask import Flask
from flask.testing import FlaskClient
from harness import AMPLE, ORIGIN, SITE, sample_build, sample_decision, sample_notice
from werkzeug.test import TestResponse

OPERATIONS = {name: op for resource in RESOURCES for name, op in resource.operations.items()}
LIMITS = ("record", "read", "log", "publish", "erase", "export", "health")
CONSENTS = f"/v1/sites/{SITE}/consents"
PREFERENCES = f"/v1/sites/{SITE}/preferences"
NOTICES = f"/v1/sites/{SITE}/notices"
RECEIPTS = f"/v1/sites/{SITE}/receipts"
LOG = f"/logs/ledger.test/{SITE}/1"
EXPORT = f"/v1/sites/{SITE}/export"


class CheckingClient(FlaskClient):
    """Fails when an answer is not the one that was described."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        check_answer(self.application, response)
        return response


def check_answer(app: Flask, response: TestResponse) -> None:
    headers = response.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in headers
    if response.status_code >= 400:
        assert response.mimetype == "application/problem+json"
        problem = json.loads(response.data)
        assert ProblemSchema().validate(problem) == {}, problem
        assert problem["status"] == response.status_code
        assert headers["Cache-Control"] == "no-store"
    adapter = app.url_map.bind("test")
    request = response.request
    path = request.path
    if not adapter.test(path, request.method):
        assert response.status_code in (404, 405)
        return
    endpoint, _ = adapter.match(path, request.method)
    assert "X-RateLimit-Limit" in headers, f"{endpoint} stands under no limit"
    operation = OPERATIONS.get(endpoint)
    if operation is None:
        assert endpoint == "preflight"
        return
    if response.status_code in (429, 500):
        return
    if response.status_code >= 400:
        described = {(found.status, found.code) for found in operation.all_problems}
        assert (response.status_code, json.loads(response.data)["code"]) in described
        return
    answer = operation.answers[response.status_code]
    assert response.mimetype in answer.media_types
    if answer.schema is not None and request.method != "HEAD":
        assert answer.schema().validate(json.loads(response.data)) == {}


class Clock:
    """Milliseconds since 1970, set by the test."""

    def __init__(self) -> None:
        self.ms = 1_795_300_000_123

    def __call__(self) -> int:
        return self.ms


@dataclass(frozen=True)
class Ledger:
    """An application with one site and, unless the test publishes itself, its notice."""

    app: Flask
    client: FlaskClient
    clock: Clock
    data: Path

    @property
    def services(self) -> Services:
        found: Services = self.app.extensions[EXTENSION]
        return found

    def key(self, *scopes: str, site: str = SITE) -> dict[str, str]:
        """Headers with a fresh key."""
        with self.services.database.connection_context():
            key, _ = auth.issue_key(self.services.database, site, "test", list(scopes))
        return {"Authorization": f"Bearer {key}"}

    def add_site(self, site: str, *origins: str) -> None:
        with self.services.database.connection_context():
            sites.add_site(self.services.database, site, site.title(), list(origins))

    def decision(self, **changes: Any) -> dict[str, Any]:
        """A decision made now, by the test's clock."""
        return sample_decision(**{"decided_at_ms": self.clock.ms, **changes})

    def vkey(self, site: str = SITE) -> str:
        """The public key of the site's log."""
        keys = SigningKeys.read(self.data)
        return keys.signer(f"ledger.test/{site}/1").key.vkey

    def post(
        self,
        decision: Any,
        *,
        origin: str | None = ORIGIN,
        content_type: str = "text/plain",
        path: str = CONSENTS,
    ) -> TestResponse:
        """Posts a decision, or the bytes of something else."""
        body = decision if isinstance(decision, bytes) else json.dumps(decision).encode()
        headers = {} if origin is None else {"Origin": origin}
        return self.client.post(path, data=body, headers=headers, content_type=content_type)

    def size(self, site: str = SITE) -> int:
        """Entries in the site's log."""
        with self.services.database.connection_context():
            return sites.get_site(self.services.database, site).size


Make = Callable[..., Ledger]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_ledger(tmp_path: Path, clock: Clock) -> Iterator[Make]:
    """Makes a ledger with other settings; published tells whether the sample notice is."""
    made: list[Flask] = []

    def make(*, published: bool = True, **settings: Any) -> Ledger:
        data = tmp_path / f"data-{len(made)}"
        initialise(data, "ledger.test")
        limits = {f"limit_{name}": AMPLE for name in LIMITS}
        app = create_app(Settings.load({}, data=data, **{**limits, **settings}), clock)
        app.test_client_class = CheckingClient
        made.append(app)
        ledger = Ledger(app, app.test_client(), clock, data)
        ledger.add_site(SITE, ORIGIN, "http://www.meridian.localhost:8471")
        if published:
            body = {"notice": sample_notice(), "build": sample_build(sample_notice())}
            answer = ledger.client.post(NOTICES, json=body, headers=ledger.key("publish"))
            assert answer.status_code == 201, answer.text
        return ledger

    yield make
    for app in made:
        close_app(app)


@pytest.fixture
def ledger(make_ledger: Make) -> Ledger:
    return make_ledger()


@pytest.fixture
def owner(ledger: Ledger) -> dict[str, str]:
    """Headers of the site's owner: a key that publishes."""
    return ledger.key("publish")


@pytest.fixture
def auditor(ledger: Ledger) -> dict[str, str]:
    """Headers of an auditor of the site."""
    return ledger.key("audit")


@pytest.fixture
def stranger(ledger: Ledger) -> dict[str, str]:
    """Headers of the owner of another site, whose key may do everything there."""
    ledger.add_site("elsewhere", "https://elsewhere.example")
    return ledger.key("publish", "audit", "manage", site="elsewhere")


@pytest.fixture
def visitor(ledger: Ledger) -> dict[str, Any]:
    """A decision that is recorded: its `token` is the visitor's."""
    decision = ledger.decision()
    assert ledger.post(decision).status_code == 201
    return decision


def without_proof(receipt: bytes | dict[str, Any]) -> dict[str, Any]:
    """A receipt but for what a later answer may prove anew."""
    document = dict(receipt) if isinstance(receipt, dict) else json.loads(receipt)
    assert document.pop("proof") is not None
    return document


def bearer(decision: dict[str, Any]) -> dict[str, str]:
    """Headers of the visitor who made *decision*."""
    return {"Authorization": f"Bearer {decision['token']}", "Origin": ORIGIN}
