# SPDX-License-Identifier: MIT
"""GET /v1/sites/{site}/consents: a visitor's own records."""

from __future__ import annotations

from typing import Any

import pytest
from consent_banner import canonical
from consent_ledger.tlog.receipts import verify_receipt
from harness import ORIGIN, sample_choices

from .conftest import CONSENTS, Ledger, Make, bearer, without_proof


def changes(ledger: Ledger, token: str, count: int) -> list[bytes]:
    """Receipts of *count* decisions of one visitor, oldest first."""
    return [ledger.post(ledger.decision(token=token, seq=seq)).data for seq in range(1, count + 1)]


def test_a_visitor_reads_their_own_receipts_newest_first(
    ledger: Ledger, visitor: dict[str, Any]
) -> None:
    second = ledger.decision(
        token=visitor["token"],
        seq=2,
        action="reject_all",
        choices=sample_choices(settings=False, counter=False, speed=False),
    )
    receipt = ledger.post(second)
    ledger.post(ledger.decision())  # somebody else
    page = ledger.client.get(CONSENTS, headers=bearer(visitor)).get_json()
    assert [record["subject"]["part"]["id"] for record in page["records"]] == [
        second["id"],
        visitor["id"],
    ]
    assert without_proof(page["records"][0]) == without_proof(receipt.data)
    proved = [
        verify_receipt(canonical.dumps(record), [ledger.vkey()]) for record in page["records"]
    ]
    assert [(one.index, one.opened.checkpoint.size) for one in proved] == [(2, 4), (1, 4)]
    assert page["next"] is None


def test_pages_follow_each_other_without_gap_or_overlap(ledger: Ledger) -> None:
    token = "ab" * 16
    receipts = changes(ledger, token, 7)
    headers = {"Authorization": f"Bearer {token}"}
    found: list[Any] = []
    query = "?limit=3"
    pages = 0
    while query:
        page = ledger.client.get(CONSENTS + query, headers=headers).get_json()
        found += page["records"]
        query = page["next"] and f"?limit=3&page={page['next']}"
        pages += 1
    assert pages == 3
    assert list(map(without_proof, found)) == list(map(without_proof, reversed(receipts)))


def test_a_page_that_ends_exactly_is_the_last(ledger: Ledger) -> None:
    changes(ledger, "cd" * 16, 3)
    headers = {"Authorization": "Bearer " + "cd" * 16}
    page = ledger.client.get(CONSENTS + "?limit=3", headers=headers).get_json()
    assert (len(page["records"]), page["next"]) == (3, None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limit=1.5", "limit"),
        ("limit=1&limit=2", "limit"),
        ("page=1", "page"),
        ("page=1-", "page"),
        ("page=%27%3B", "page"),
        ("after=1", "after"),
    ],
)
def test_a_wrong_query_is_refused_under_its_name(
    ledger: Ledger, visitor: dict[str, Any], query: str, field: str
) -> None:
    response = ledger.client.get(f"{CONSENTS}?{query}", headers=bearer(visitor))
    assert (response.status_code, list(response.get_json()["errors"])) == (422, [field])


@pytest.mark.parametrize("name", ["Bearer", "Basic abc", "Bearer xyz", "Bearer " + "0" * 31, None])
def test_without_a_visitors_token_nothing_is_told(ledger: Ledger, name: str | None) -> None:
    headers = {} if name is None else {"Authorization": name}
    response = ledger.client.get(CONSENTS, headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_stranger_with_another_token_sees_nothing(
    ledger: Ledger, visitor: dict[str, Any]
) -> None:
    response = ledger.client.get(CONSENTS, headers={"Authorization": "Bearer " + "0" * 32})
    assert (response.status_code, response.get_json()["code"]) == (404, "visitor_unknown")


def test_a_key_is_no_visitors_token(ledger: Ledger, auditor: dict[str, str]) -> None:
    assert ledger.client.get(CONSENTS, headers=auditor).status_code == 401


def test_a_token_is_worth_nothing_on_another_site(ledger: Ledger, visitor: dict[str, Any]) -> None:
    ledger.add_site("elsewhere", "https://elsewhere.example")
    response = ledger.client.get("/v1/sites/elsewhere/consents", headers=bearer(visitor))
    assert response.status_code == 404


def test_an_unknown_site_is_named(ledger: Ledger, visitor: dict[str, Any]) -> None:
    response = ledger.client.get("/v1/sites/nowhere/consents", headers=bearer(visitor))
    assert (response.status_code, response.get_json()["code"]) == (404, "site_unknown")


def test_personal_answers_are_not_kept_by_caches(ledger: Ledger, visitor: dict[str, Any]) -> None:
    response = ledger.client.get(CONSENTS, headers=bearer(visitor))
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in response.headers["Vary"]


def test_a_foreign_page_gets_no_cors_headers(ledger: Ledger, visitor: dict[str, Any]) -> None:
    headers = bearer(visitor) | {"Origin": "https://evil.example"}
    response = ledger.client.get(CONSENTS, headers=headers)
    assert "Access-Control-Allow-Origin" not in response.headers


def test_reading_again_gives_the_same_bytes(ledger: Ledger, visitor: dict[str, Any]) -> None:
    one, two = (ledger.client.get(CONSENTS, headers=bearer(visitor)).data for _ in range(2))
    assert one == two


def test_reads_are_limited(make_ledger: Make) -> None:
    ledger = make_ledger(limit_read="1/minute")
    headers = {"Authorization": "Bearer " + "0" * 32}
    assert ledger.client.get(CONSENTS, headers=headers).status_code == 404
    response = ledger.client.get(CONSENTS, headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (429, "rate_limited")
