# SPDX-License-Identifier: MIT
"""The front door answers as Flask does, to the byte, and counts into the same limits."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from consent_ledger.front_door import FrontDoor
from consent_ledger.headers import FinalHeaders
from flask import Flask
from harness import ORIGIN, SITE, sample_decision
from werkzeug.test import Client, TestResponse

from .conftest import CONSENTS, PREFERENCES, Clock, Ledger, Make

Request = dict[str, Any]  # what werkzeug's test client takes

STRANGE = "https://strange.example"
BEARER = {"Authorization": "Bearer " + "cd" * 16}


def post(body: Any = None, **more: Any) -> Request:
    """A good decision as the banner posts it, but for what is changed."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    usual = {"method": "POST", "path": CONSENTS, "content_type": "text/plain;charset=UTF-8"}
    return {**usual, "headers": {"Origin": ORIGIN}, "data": data, **more}


def get(**more: Any) -> Request:
    return {"path": PREFERENCES, "headers": {"Origin": ORIGIN, **BEARER}, **more}


def requests(clock: Clock) -> list[Request]:
    """Good and bad ones, in an order in which later ones meet what earlier ones left."""
    good = sample_decision(id="ab" * 16, token="cd" * 16, decided_at_ms=clock.ms)
    other = sample_decision(id="ac" * 16, token="cd" * 16, seq=2, decided_at_ms=clock.ms)
    wrong: list[Any] = [
        good | {"seq": 0},
        good | {"seq": True, "gpc": 1, "action": "nothing"},
        good | {"choices": {}},
        good | {"choices": good["choices"] | {"Analytics": True}},
        good | {"choices": good["choices"] | {"extra": True}},
        good | {"choices": None, "token": None, "previous": "x" * 500},
        good | {"build": "0" * 64},
        good | {"build": "0" * 16},
        good | {"build": "b" * 16},
        good | {"build": "b" * 15},
        good | {"notice": "0" * 64},
        {key: value for key, value in good.items() if key != "previous"},
        good | {"language": "tlh"},
        good | {"unknown": "x", "acton": 1},
        {key: value for key, value in good.items() if key != "gpc"},
        good | {"gpc": True},  # the id is taken by another decision
        [],
        "text",
        None,
        {},
    ]
    raw = [
        b"",
        b"{",
        b"\xff",
        b"nul",
        b'{"id":1,"id":2}',
        b'{"seq":1.0}',
        b'{"seq":NaN}',
        b"[" * 5000,
        b"9" * 5000,
        b" " * 70_000,
        json.dumps(good).encode() + b" " * 66_000,
    ]
    types = [
        "application/json",
        "application/json; charset=latin-1",
        "TEXT/PLAIN; charset=utf-8; x=y",
        "text/html",
        "text/plain, application/json",
        "",
    ]
    headers: list[dict[str, str]] = [
        {},
        {"Origin": STRANGE},
        {"Origin": "null"},
        {"Origin": ORIGIN, "Content-Encoding": "gzip"},
        {"Origin": ORIGIN, "Content-Encoding": "identity"},
        {"Origin": ORIGIN, "Host": "a b/c"},
        {"Origin": ORIGIN, "X-Forwarded-For": "192.0.2.1", "Cookie": "a=b"},
    ]
    return [
        get(),
        post(good),
        post(good),
        post(other),
        *map(post, wrong),
        *map(post, raw),
        *(post(good, content_type=each) for each in types),
        *(post(good, headers=each) for each in headers),
        post(good, query_string="a=1&a=2"),
        post(good, query_string="a=1"),
        post(good, path=CONSENTS.replace(SITE, "unknown")),
        post(good, path=CONSENTS + "/"),
        post(good, path=CONSENTS.replace(SITE, "%6deridian")),
        post(good, path=CONSENTS.replace(SITE, "MERIDIAN")),
        post(good, path=CONSENTS.replace(SITE, "")),
        post(good, method="PUT"),
        post(good, method="OPTIONS"),
        post(good, environ_overrides={"CONTENT_LENGTH": str(len(json.dumps(good)) + 9)}),
        post(good, environ_overrides={"CONTENT_LENGTH": "70000"}),
        post(good, environ_overrides={"CONTENT_LENGTH": "-1"}),
        get(),
        get(method="HEAD"),
        get(headers=BEARER),
        get(headers={"Origin": STRANGE, **BEARER}),
        get(headers={"Authorization": "Bearer " + "00" * 16}),
        get(headers={"Authorization": "Bearer x"}),
        get(headers={"Authorization": "Basic eDp5"}),
        get(headers={}),
        get(query_string="token=1"),
        get(path=PREFERENCES.replace(SITE, "unknown")),
        get(data=b"a body", content_type="text/plain"),
        get(path=CONSENTS, method="DELETE"),
        post(other),  # of a visitor who was just erased
        get(),
    ]


def answer(client: Client, request: Request) -> tuple[str, list[tuple[str, str]], bytes]:
    response: TestResponse = client.open(**request)
    return response.status, list(response.headers), response.data


@pytest.fixture
def same_random(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets, and the second of the limits, repeat from ledger to ledger."""
    monkeypatch.setattr("secrets.token_bytes", lambda size=32: hashlib.sha256().digest()[:size])
    stopped = SimpleNamespace(time=lambda: 1_795_300_000.4)
    monkeypatch.setattr("consent_ledger.counters.time", stopped)
    monkeypatch.setattr("consent_ledger.limits.time", stopped)


def through_flask(app: Flask) -> Client:
    """A client of *app* without its front door."""
    return Client(FinalHeaders(partial(Flask.wsgi_app, app)))


@pytest.mark.usefixtures("same_random")
@pytest.mark.parametrize("limit", ["1000/minute", "20/minute", "15/minute;18/hour"])
def test_both_ways_answer_the_same_bytes(make_ledger: Make, clock: Clock, limit: str) -> None:
    one, other = (make_ledger(limit_record=limit, limit_read=limit) for _ in range(2))
    door, flask = Client(one.app.wsgi_app), through_flask(other.app)
    seen = set()
    for request in requests(clock):
        found = answer(door, request)
        assert found == answer(flask, request), request
        seen.add(int(found[0][:3]))
    few = {201, 200, 404, 405, 429}
    assert seen >= (
        few if limit != "1000/minute" else {*few - {429}, 400, 401, 403, 409, 410, 413, 415, 422}
    )


@pytest.mark.usefixtures("same_random")
@pytest.mark.parametrize("error", [RuntimeError, OSError])
def test_a_surprise_looks_the_same_on_both_ways(
    make_ledger: Make, monkeypatch: pytest.MonkeyPatch, clock: Clock, error: type[Exception]
) -> None:
    def surprise(*_: Any) -> None:
        raise error("planted")

    monkeypatch.setattr("consent_ledger.records.check_decision", surprise)
    one, other = make_ledger(), make_ledger()
    request = post(sample_decision(decided_at_ms=clock.ms))
    found = answer(Client(one.app.wsgi_app), request)
    assert found[0] == "500 INTERNAL SERVER ERROR"
    assert found == answer(through_flask(other.app), request)


@pytest.mark.usefixtures("same_random")
def test_a_database_that_is_away_looks_the_same_on_both_ways(
    make_ledger: Make, clock: Clock
) -> None:
    one, other = make_ledger(), make_ledger()
    for ledger in (one, other):
        ledger.services.origins.of(SITE)
        with ledger.services.database.connection_context():
            ledger.services.database.execute_sql('ALTER TABLE "log" RENAME TO "away"')
            ledger.services.database.execute_sql('ALTER TABLE "preference" RENAME TO "gone"')
    for request in (post(sample_decision(decided_at_ms=clock.ms)), get()):
        found = answer(Client(one.app.wsgi_app), request)
        assert found[0] == "503 SERVICE UNAVAILABLE"
        assert ("Retry-After", "5") in found[1]
        assert found == answer(through_flask(other.app), request)


@pytest.mark.parametrize("limit", ["4/minute", "100/minute;4/hour"])
def test_both_ways_count_into_the_same_limit(make_ledger: Make, limit: str) -> None:
    ledger = make_ledger(limit_record=limit, limit_read=limit)
    ways = [Client(ledger.app.wsgi_app), through_flask(ledger.app)]
    for make in (lambda: post(ledger.decision()), get):
        answers = [ways[number % 2].open(**make()) for number in range(6)]
        assert [response.status_code == 429 for response in answers] == [False] * 4 + [True] * 2
        if limit == "4/minute":
            left = [response.headers["X-RateLimit-Remaining"] for response in answers]
            assert left == ["3", "2", "1", "0", "0", "0"]


def test_only_hot_requests_of_known_sites_stay_out_of_flask(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[str] = []

    def flask(environ: Any, start_response: Any) -> Any:
        reached.append(environ["PATH_INFO"])
        return Flask.wsgi_app(ledger.app, environ, start_response)

    final = ledger.app.wsgi_app
    assert isinstance(final, FinalHeaders)
    assert isinstance(final._app, FrontDoor)
    monkeypatch.setattr(final._app, "_app", flask)
    client = Client(final)

    def reaches(request: Request) -> bool:
        reached.clear()
        client.open(**request)
        return bool(reached)

    good = ledger.decision()
    assert not reaches(post(good))
    assert not reaches(post(b"{"))
    assert not reaches(get())
    assert reaches(post(good, path=CONSENTS.replace(SITE, "unknown")))
    assert reaches(post(good, method="OPTIONS"))
    assert reaches({"path": CONSENTS, "headers": BEARER})
    assert reaches({"path": "/healthz"})


def test_the_connection_goes_back_to_the_pool(ledger: Ledger) -> None:
    ledger.services.database.give_back()
    assert ledger.post(ledger.decision()).status_code == 201
    assert ledger.client.open(**get()).status_code == 404
    assert ledger.services.database.is_closed()
