# SPDX-License-Identifier: MIT
"""GET and POST /v1/sites/{site}/notices: what was shown, and since when."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from consent_banner import canonical
from harness import ORIGIN, SITE, sample_build, sample_notice

from .conftest import NOTICES, Ledger, Make

NOTICE = sample_notice()
BODY = {"notice": NOTICE, "build": sample_build(NOTICE)}


def publish(ledger: Ledger, body: Any, headers: dict[str, str]) -> Any:
    return ledger.client.post(NOTICES, json=body, headers=headers)


def test_a_publication_becomes_a_public_entry(make_ledger: Make) -> None:
    ledger = make_ledger(published=False)
    response = publish(ledger, BODY, ledger.key("publish"))
    assert response.status_code == 201
    told = {
        "notice": BODY["build"]["notice"],
        "build": "b" * 64,
        "config": "c" * 64,
        "integrity": BODY["build"]["script"]["integrity"],
        "published_at": "2026-11-21T22:26:40.123Z",
        "screenshots": [],
    }
    assert response.get_json() == {**told, "generation": 1, "index": 0}
    export = ledger.client.get(f"/v1/sites/{SITE}/export", headers=ledger.key("audit"))
    line = json.loads(export.data.splitlines()[1])
    assert (line["index"], line["kind"]) == (0, 16)
    assert line["public"] == {**told, "schema": "consent-ledger/publication/v1"}


def test_publishing_again_changes_nothing(ledger: Ledger, owner: dict[str, str]) -> None:
    ledger.clock.ms += 60_000
    response = publish(ledger, BODY, owner)
    assert response.status_code == 200
    assert response.get_json()["published_at"] == "2026-11-21T22:26:40.123Z"
    assert ledger.size() == 1


def test_a_second_build_of_the_same_notice_is_published_beside_the_first(
    ledger: Ledger, owner: dict[str, str]
) -> None:
    body = {"notice": NOTICE, "build": sample_build(NOTICE, "d" * 64)}
    assert publish(ledger, body, owner).get_json()["index"] == 1
    assert ledger.post(ledger.decision(build="d" * 64)).status_code == 201
    assert ledger.post(ledger.decision(build="b" * 64)).status_code == 201


def test_a_build_that_begins_as_another_does_is_refused(
    ledger: Ledger, owner: dict[str, str]
) -> None:
    body = {"notice": NOTICE, "build": sample_build(NOTICE, "b" * 16 + "d" * 48)}
    response = publish(ledger, body, owner)
    assert (response.status_code, response.get_json()["code"]) == (409, "publication_conflict")
    assert f"the same 16 digits as build {'b' * 64}" in response.get_json()["detail"]
    assert ledger.size() == 1


@pytest.mark.parametrize("field", ["notice", "config", "integrity"])
def test_a_build_with_other_hashes_than_before_is_refused(
    ledger: Ledger, owner: dict[str, str], field: str
) -> None:
    notice = sample_notice(lifetime_days=200) if field == "notice" else NOTICE
    build = sample_build(notice)
    if field == "config":
        build["config"] = "e" * 64
    elif field == "integrity":
        build["script"]["integrity"] = "sha384-" + "B" * 64
    response = publish(ledger, {"notice": notice, "build": build}, owner)
    assert (response.status_code, response.get_json()["code"]) == (409, "publication_conflict")
    assert ledger.size() == 1


def test_a_notice_is_served_byte_for_byte_and_for_ever(ledger: Ledger) -> None:
    digest = BODY["build"]["notice"]
    response = ledger.client.get(f"{NOTICES}/{digest}", headers={"Origin": ORIGIN})
    assert response.status_code == 200
    assert response.data == canonical.dumps(NOTICE)
    assert hashlib.sha256(response.data).hexdigest() == digest
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_a_notice_is_stored_canonically_however_it_was_spelled(make_ledger: Make) -> None:
    ledger = make_ledger(published=False)
    backwards = dict(reversed(NOTICE.items()))
    response = ledger.client.post(
        NOTICES,
        data=json.dumps({"build": BODY["build"], "notice": backwards}, indent=3),
        content_type="application/json",
        headers=ledger.key("publish"),
    )
    assert response.status_code == 201
    stored = ledger.client.get(f"{NOTICES}/{BODY['build']['notice']}")
    assert stored.data == canonical.dumps(NOTICE)


def test_an_unknown_notice_is_not_found(ledger: Ledger) -> None:
    response = ledger.client.get(f"{NOTICES}/{'0' * 64}")
    assert (response.status_code, response.get_json()["code"]) == (404, "notice_unknown")


def test_a_name_that_is_no_hash_is_refused(ledger: Ledger) -> None:
    response = ledger.client.get(f"{NOTICES}/latest")
    assert (response.status_code, list(response.get_json()["errors"])) == (422, ["notice"])


def test_a_notice_of_another_site_is_refused(ledger: Ledger, owner: dict[str, str]) -> None:
    notice = sample_notice("elsewhere")
    response = publish(ledger, {"notice": notice, "build": sample_build(notice)}, owner)
    assert (response.status_code, list(response.get_json()["errors"])) == (
        422,
        ["notice.site.id"],
    )


def test_a_build_of_another_notice_is_refused(ledger: Ledger, owner: dict[str, str]) -> None:
    build = sample_build(NOTICE) | {"notice": "0" * 64}
    response = publish(ledger, {"notice": NOTICE, "build": build}, owner)
    assert (response.status_code, list(response.get_json()["errors"])) == (422, ["build.notice"])


def test_all_errors_of_a_broken_publication_are_told(ledger: Ledger, owner: dict[str, str]) -> None:
    notice = NOTICE | {"languages": [], "extra": 1}
    build = sample_build(NOTICE) | {"config": "x"}
    response = publish(ledger, {"notice": notice, "build": build}, owner)
    assert response.status_code == 422
    assert {"notice.languages", "notice.extra", "build.config"} <= set(
        response.get_json()["errors"]
    )
    assert ledger.size() == 1


@pytest.mark.parametrize("body", [b"", b"[]", b'{"notice":{}}', b'{"notice":1,"build":1}'])
def test_a_bad_body_is_refused(ledger: Ledger, owner: dict[str, str], body: bytes) -> None:
    response = ledger.client.post(
        NOTICES, data=body, content_type="application/json", headers=owner
    )
    assert response.status_code in (400, 422)


def test_text_is_no_publication(ledger: Ledger, owner: dict[str, str]) -> None:
    response = ledger.client.post(NOTICES, data=b"{}", content_type="text/plain", headers=owner)
    assert response.status_code == 415


def test_publications_have_a_size_cap_of_their_own(make_ledger: Make) -> None:
    ledger = make_ledger(notice_limit="100000")
    key = ledger.key("publish")
    large = json.dumps(BODY).encode().ljust(99_000)
    kind = "application/json"
    fits = ledger.client.post(NOTICES, data=large, content_type=kind, headers=key)
    assert fits.status_code == 200  # larger than a decision may be
    too_large = ledger.client.post(
        NOTICES, data=large.ljust(100_001), content_type=kind, headers=key
    )
    assert (too_large.status_code, too_large.get_json()["code"]) == (413, "body_too_large")


def test_only_a_key_with_the_scope_publishes(
    ledger: Ledger,
    auditor: dict[str, str],
    stranger: dict[str, str],
    visitor: dict[str, Any],
) -> None:
    token = {"Authorization": f"Bearer {visitor['token']}"}
    for headers, status in (({}, 401), (token, 401), (stranger, 401), (auditor, 403)):
        assert publish(ledger, BODY, headers).status_code == status


def test_another_method_is_refused(ledger: Ledger) -> None:
    assert ledger.client.delete(NOTICES).status_code == 405
    assert ledger.client.get(NOTICES).status_code == 405
    assert ledger.client.put(f"{NOTICES}/{'0' * 64}").status_code == 405


def test_an_unknown_site_is_named(ledger: Ledger, owner: dict[str, str]) -> None:
    response = ledger.client.post("/v1/sites/nowhere/notices", json=BODY, headers=owner)
    assert (response.status_code, response.get_json()["code"]) == (404, "site_unknown")


def test_pages_may_not_publish(ledger: Ledger) -> None:
    assert ledger.client.options(NOTICES, headers={"Origin": ORIGIN}).status_code == 405


def test_publishing_is_limited(make_ledger: Make) -> None:
    ledger = make_ledger(limit_publish="1/minute", published=False)
    assert publish(ledger, BODY, {}).status_code == 401
    response = publish(ledger, BODY, {})
    assert (response.status_code, response.get_json()["code"]) == (429, "rate_limited")
