# SPDX-License-Identifier: MIT
"""Whatever is posted, the answer is a receipt or a problem, and never a surprise."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from consent_ledger import sites
from consent_ledger.app import close_app, create_app
from consent_ledger.config import Settings
from consent_ledger.db import initialise
from consent_ledger.notices import check_publication
from consent_ledger.schemas.requests import PublicationSchema
from consent_ledger.services import EXTENSION
from flask.testing import FlaskClient
from harness import AMPLE, ORIGIN, SITE, commit, sample_build, sample_decision, sample_notice
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# A busy machine is no failure, and the ledger is meant to be shared by the examples.
unhurried = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=40)
    | st.from_regex("[0-9a-f]{32}|[0-9a-f]{64}", fullmatch=True),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
fields = st.sampled_from(sorted(sample_decision()))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    data: Path = tmp_path_factory.mktemp("ledger") / "data"
    initialise(data, "ledger.test")
    limits = {f"limit_{name}": AMPLE for name in ("record", "read", "log", "export", "publish")}
    app = create_app(Settings.load({}, data=data, **limits))
    database = app.extensions[EXTENSION].database
    with database.connection_context():
        sites.add_site(database, SITE, "Meridian", [ORIGIN])
        loaded: Any = PublicationSchema().load(
            {"notice": sample_notice(), "build": sample_build(sample_notice())}
        )
        commit(database, [check_publication(SITE, loaded["notice"], loaded["build"])])
    yield app.test_client()
    close_app(app)


def post(client: FlaskClient, body: bytes) -> int:
    response = client.post(
        f"/v1/sites/{SITE}/consents",
        data=body,
        content_type="text/plain",
        headers={"Origin": ORIGIN},
    )
    if response.status_code >= 400:
        problem = json.loads(response.data)
        assert problem["status"] == response.status_code
        assert problem["detail"]
    return response.status_code


@unhurried
@given(
    st.dictionaries(fields, anything, max_size=3), st.dictionaries(st.text(), anything, max_size=1)
)
def test_a_decision_with_anything_in_its_fields_is_recorded_or_refused(
    client: FlaskClient, changes: dict[str, Any], more: dict[str, Any]
) -> None:
    now_ms = time.time_ns() // 1_000_000
    body = {**sample_decision(decided_at_ms=now_ms), **changes, **more}
    assert post(client, json.dumps(body).encode()) in {200, 201, 400, 404, 409, 422}


@unhurried
@given(anything)
def test_any_json_is_refused_or_recorded(client: FlaskClient, document: Any) -> None:
    assert post(client, json.dumps(document).encode()) in {400, 422}


@unhurried
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(client: FlaskClient, body: bytes) -> None:
    assert post(client, body) in {400, 422}


@unhurried
@given(st.integers(0, 700), st.integers(0, 255))
def test_a_decision_with_a_changed_byte_is_recorded_or_refused(
    client: FlaskClient, at: int, value: int
) -> None:
    body = bytearray(json.dumps(sample_decision()).encode())
    body[at % len(body)] = value
    assert post(client, bytes(body)) in {201, 400, 404, 409, 422}


@unhurried
@given(
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00"), max_size=60),
    st.sampled_from(["preferences", "consents", "export"]),
)
def test_any_authorization_is_accepted_or_refused(
    client: FlaskClient, credentials: str, route: str
) -> None:
    headers = {"Authorization": f"Bearer {credentials}"}
    response = client.get(f"/v1/sites/{SITE}/{route}", headers=headers)
    assert response.status_code in {200, 401, 403, 404}


@unhurried
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_any_path_and_query_is_answered(client: FlaskClient, text: str) -> None:
    for url in (f"/v1/sites/{text}/consents", f"/{text}", f"/readyz?{text}"):
        try:
            status = client.get(url).status_code
        except ValueError:
            continue  # the test client itself takes it for no URL
        assert status < 500
