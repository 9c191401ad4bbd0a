# SPDX-License-Identifier: MIT
"""/v1/sites/{site}/publications and /screenshots: what was in force when, and how it looked."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from typing import Any

import pytest
from consent_ledger import sites
from consent_ledger.tlog.entry import PublicEntry, parse_entry
from consent_ledger.tlog.entry_bundle import decode_bundle
from harness import ORIGIN, SITE, sample_build, sample_notice
from pictures import sample_screenshot, sample_screenshots

from .conftest import LOG, NOTICES, Ledger, Make

NOTICE = sample_notice()
PUBLICATIONS = f"/v1/sites/{SITE}/publications"
SCREENSHOTS = f"/v1/sites/{SITE}/screenshots"


def publish(ledger: Ledger, owner: dict[str, str], build: str, **more: Any) -> Any:
    body = {"notice": NOTICE, "build": sample_build(NOTICE, build * 64), **more}
    return ledger.client.post(NOTICES, json=body, headers=owner)


def listed(ledger: Ledger, query: str = "", headers: dict[str, str] | None = None) -> Any:
    return ledger.client.get(PUBLICATIONS + query, headers=headers or {})


def close_log(ledger: Ledger) -> None:
    with ledger.services.database.connection_context():
        sites.set_site(ledger.services.database, SITE, log_access=sites.AUDIT)


def test_screenshots_are_named_by_the_publication_and_served_for_ever(
    ledger: Ledger, owner: dict[str, str]
) -> None:
    sent = sample_screenshots()
    response = publish(ledger, owner, "d", screenshots=sent)
    assert response.status_code == 201
    named = response.get_json()["screenshots"]
    for each in sent:
        image = b64decode(each["image"])
        digest = hashlib.sha256(image).hexdigest()
        assert {"device": each["device"], "layer": each["layer"], "sha256": digest} in named
        served = ledger.client.get(f"{SCREENSHOTS}/{digest}")
        assert (served.status_code, served.mimetype, served.data) == (200, "image/png", image)
        assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert [(each["device"], each["layer"]) for each in named] == sorted(
        (each["device"], each["layer"]) for each in named
    )


def test_the_public_log_says_which_script_was_in_force_and_how_it_looked(
    make_ledger: Make,
) -> None:
    """Nothing but the log's own bundle of entries is read, as an outsider does."""
    ledger = make_ledger(checkpoint_interval="0")
    told = publish(ledger, ledger.key("publish"), "d", screenshots=sample_screenshots()).get_json()
    size = int(ledger.client.get(f"{LOG}/checkpoint").text.splitlines()[1])
    bundle = ledger.client.get(f"{LOG}/tile/entries/000.p/{size}").data
    *_, entry = decode_bundle(bundle, size)
    parsed = parse_entry(entry)
    assert isinstance(parsed, PublicEntry)
    body = json.loads(parsed.body)
    assert len(body["screenshots"]) == 4
    assert {**body, "generation": 1, "index": 1} == {
        **told,
        "schema": "consent-ledger/publication/v1",
    }


def test_publishing_again_with_other_pictures_changes_nothing(
    ledger: Ledger, owner: dict[str, str]
) -> None:
    first = publish(ledger, owner, "d", screenshots=sample_screenshots()).get_json()
    again = publish(ledger, owner, "d", screenshots=sample_screenshots(100))
    assert (again.status_code, again.get_json()) == (200, first)
    digest = hashlib.sha256(b64decode(sample_screenshots(100)[0]["image"])).hexdigest()
    assert ledger.client.get(f"{SCREENSHOTS}/{digest}").status_code == 404


@pytest.mark.parametrize(
    ("screenshots", "field"),
    [
        ([sample_screenshot("phone", "first"), sample_screenshot("phone", "first", 1)], ""),
        ([sample_screenshot("phone", "first") | {"device": "desktop"}], "[0].image"),
        ([sample_screenshot("phone", "first") | {"device": "../../signing.seed"}], "[0].device"),
        ([sample_screenshot("phone", "first") | {"image": "R0lGODlh"}], "[0].image"),
        ([sample_screenshot("phone", "first") | {"image": "A" * 700_000}], "[0].image"),
        ([sample_screenshot("phone", "first") | {"file": "/etc/passwd"}], "[0].file"),
    ],
    ids=["twice", "another device", "a path", "another format", "too large", "a file name"],
)
def test_wrong_screenshots_are_refused_and_leave_nothing(
    ledger: Ledger, owner: dict[str, str], screenshots: Any, field: str
) -> None:
    response = publish(ledger, owner, "d", screenshots=screenshots)
    assert response.status_code == 422
    assert list(response.get_json()["errors"]) == [f"screenshots{field}"]
    assert ledger.size() == 1


def test_screenshots_count_in_the_size_of_a_publication(make_ledger: Make) -> None:
    plain = len(json.dumps({"notice": NOTICE, "build": sample_build(NOTICE)}))
    ledger = make_ledger(notice_limit=str(plain + 1000))
    owner = ledger.key("publish")
    assert publish(ledger, owner, "d").status_code == 201
    answer = publish(ledger, owner, "e", screenshots=sample_screenshots())
    assert (answer.status_code, answer.get_json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "name",
    ["latest", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + ".png", "..", "ledger.db", "phone-first"],
)
def test_only_a_hash_names_a_screenshot(ledger: Ledger, name: str) -> None:
    response = ledger.client.get(f"{SCREENSHOTS}/{name}")
    assert response.status_code in (404, 422)
    assert response.mimetype == "application/problem+json"
    if response.status_code == 422:
        assert list(response.get_json()["errors"]) == ["sha256"]


def test_an_unknown_screenshot_is_not_found(ledger: Ledger) -> None:
    response = ledger.client.get(f"{SCREENSHOTS}/{'0' * 64}")
    assert (response.status_code, response.get_json()["code"]) == (404, "screenshot_unknown")
    elsewhere = ledger.client.get(f"/v1/sites/nowhere/screenshots/{'0' * 64}")
    assert (elsewhere.status_code, elsewhere.get_json()["code"]) == (404, "site_unknown")


def test_everybody_reads_what_was_published_newest_first(
    ledger: Ledger, owner: dict[str, str]
) -> None:
    publish(ledger, owner, "d", screenshots=sample_screenshots())
    response = listed(ledger, headers={"Origin": ORIGIN})
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    found = response.get_json()
    assert (found["schema"], found["site"], found["next"]) == (
        "consent-ledger/publications/v1",
        SITE,
        None,
    )
    newest, oldest = found["publications"]
    assert (newest["build"], newest["generation"], newest["index"]) == ("d" * 64, 1, 1)
    assert len(newest["screenshots"]) == 4
    assert oldest == {
        "notice": sample_build(NOTICE)["notice"],
        "build": "b" * 64,
        "config": "c" * 64,
        "integrity": "sha384-" + "A" * 64,
        "published_at": "2026-11-21T22:26:40.123Z",
        "screenshots": [],
        "generation": 1,
        "index": 0,
    }


def test_a_site_that_published_nothing_has_an_empty_list(make_ledger: Make) -> None:
    assert listed(make_ledger(published=False)).get_json()["publications"] == []


def test_the_list_is_read_in_pages(ledger: Ledger, owner: dict[str, str]) -> None:
    for build in "def":
        publish(ledger, owner, build)
    first = listed(ledger, "?limit=3").get_json()
    rest = listed(ledger, f"?limit=3&page={first['next']}").get_json()
    indexes = [row["index"] for page in (first, rest) for row in page["publications"]]
    assert (indexes, rest["next"]) == ([3, 2, 1, 0], None)
    for query in ("?limit=0", "?limit=101", "?page=x", "?limit=1&limit=2", "?build=1"):
        assert listed(ledger, query).status_code == 422


def test_where_the_log_is_closed_the_list_needs_a_key(
    ledger: Ledger,
    owner: dict[str, str],
    auditor: dict[str, str],
    stranger: dict[str, str],
    visitor: dict[str, Any],
) -> None:
    close_log(ledger)
    token = {"Authorization": f"Bearer {visitor['token']}"}
    manager = ledger.key("manage")
    for headers, status in (
        (owner, 200),
        (auditor, 200),
        (manager, 403),
        (stranger, 401),
        (token, 401),
        ({}, 401),
    ):
        assert listed(ledger, headers=headers).status_code == status


def test_an_older_build_is_put_in_force_again(ledger: Ledger, owner: dict[str, str]) -> None:
    first = publish(ledger, owner, "d", screenshots=sample_screenshots()).get_json()
    publish(ledger, owner, "e")
    ledger.clock.ms += 60_000
    response = ledger.client.post(f"{PUBLICATIONS}/{'d' * 64}", headers=owner)
    assert response.status_code == 201
    assert response.get_json() == first | {
        "index": 3,
        "published_at": "2026-11-21T22:27:40.123Z",
    }
    again = ledger.client.post(f"{PUBLICATIONS}/{'d' * 64}", headers=owner)
    assert (again.status_code, again.get_json()) == (200, response.get_json())
    for build in "bde":  # browsers may still have any of them
        assert ledger.post(ledger.decision(build=build * 64)).status_code == 201


def test_an_unknown_build_is_named(ledger: Ledger, owner: dict[str, str]) -> None:
    response = ledger.client.post(f"{PUBLICATIONS}/{'0' * 64}", headers=owner)
    assert (response.status_code, response.get_json()["code"]) == (404, "publication_unknown")
    wrong = ledger.client.post(f"{PUBLICATIONS}/previous", headers=owner)
    assert (wrong.status_code, list(wrong.get_json()["errors"])) == (422, ["build"])
    nowhere = ledger.client.post(f"/v1/sites/nowhere/publications/{'0' * 64}", headers=owner)
    assert (nowhere.status_code, nowhere.get_json()["code"]) == (404, "site_unknown")


def test_only_a_key_with_the_scope_puts_in_force(
    ledger: Ledger, auditor: dict[str, str], stranger: dict[str, str], visitor: dict[str, Any]
) -> None:
    token = {"Authorization": f"Bearer {visitor['token']}"}
    for headers, status in (({}, 401), (token, 401), (stranger, 401), (auditor, 403)):
        response = ledger.client.post(f"{PUBLICATIONS}/{'b' * 64}", headers=headers)
        assert response.status_code == status
    assert ledger.size() == 2


def test_other_methods_and_pages_are_refused(ledger: Ledger) -> None:
    build = f"{PUBLICATIONS}/{'b' * 64}"
    assert ledger.client.post(PUBLICATIONS).status_code == 405
    assert ledger.client.get(build).status_code == 405
    assert ledger.client.delete(build).status_code == 405
    assert ledger.client.options(build, headers={"Origin": ORIGIN}).status_code == 405
    assert ledger.client.post(f"{SCREENSHOTS}/{'0' * 64}").status_code == 405


@pytest.mark.parametrize("path", [PUBLICATIONS, f"{SCREENSHOTS}/{'0' * 64}"])
def test_reading_is_limited(make_ledger: Make, path: str) -> None:
    ledger = make_ledger(limit_read="1/minute")
    assert [ledger.client.get(path).status_code for _ in range(2)][1] == 429


def test_putting_in_force_is_limited(make_ledger: Make) -> None:
    ledger = make_ledger(limit_publish="1/minute", published=False)
    path = f"{PUBLICATIONS}/{'b' * 64}"
    assert [ledger.client.post(path).status_code for _ in range(2)] == [401, 429]
