# SPDX-License-Identifier: MIT
"""GET /v1/sites/{site}/preferences: what a visitor decided last."""

from __future__ import annotations

from typing import Any

import pytest
from harness import ORIGIN, sample_choices

from .conftest import PREFERENCES, Ledger, Make, bearer

ALL = sample_choices(settings=True, counter=True, speed=True)
NONE = sample_choices(settings=False, counter=False, speed=False)
SOME = sample_choices(settings=True, counter=True, speed=False)


def current(ledger: Ledger, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    found: dict[str, Any] = ledger.client.get(PREFERENCES, headers=headers).get_json()
    return found


def decide(
    ledger: Ledger, token: str, seq: int, action: str, choices: dict[str, bool]
) -> dict[str, Any]:
    decision = ledger.decision(token=token, seq=seq, action=action, choices=choices)
    assert ledger.post(decision).status_code == 201
    return decision


def test_the_last_decision_is_served_with_a_status_for_each_purpose(ledger: Ledger) -> None:
    token = "ab" * 16
    decide(ledger, token, 1, "customise", SOME)
    last = decide(ledger, token, 2, "withdraw", SOME | {"functional": False, "settings": False})
    found = current(ledger, token)
    assert (found["seq"], found["record"], found["action"]) == (2, last["id"], "withdraw")
    assert found["categories"] == {"functional": False, "analytics": False}
    assert found["services"] == {"settings": False, "counter": True, "speed": False}
    assert found["statuses"] == {
        "functional": "withdrawn",
        "settings": "withdrawn",
        "analytics": "refused",
        "counter": "given",
        "speed": "refused",
    }


def test_a_late_delivery_does_not_undo_a_withdrawal(ledger: Ledger) -> None:
    token = "ab" * 16
    decide(ledger, token, 2, "reject_all", NONE)
    decide(ledger, token, 1, "accept_all", ALL)
    found = current(ledger, token)
    assert found["seq"] == 2
    assert not any({**found["categories"], **found["services"]}.values())
    # The acceptance came later, but was made before: what follows it is a withdrawal.
    assert set(found["statuses"].values()) == {"withdrawn"}


@pytest.mark.parametrize("refusal_first", [True, False])
def test_on_a_tie_the_refusal_wins_choice_by_choice(ledger: Ledger, refusal_first: bool) -> None:
    token = "ab" * 16
    one = sample_choices(settings=True, counter=False, speed=False)
    other = sample_choices(settings=False, counter=True, speed=False)
    for choices in (one, other) if refusal_first else (other, one):
        decide(ledger, token, 3, "customise", choices)
    found = current(ledger, token)
    assert not any({**found["categories"], **found["services"]}.values())


def test_a_withdrawn_category_is_not_served_as_current(ledger: Ledger) -> None:
    token = "ab" * 16
    decide(ledger, token, 1, "accept_all", ALL)
    decide(ledger, token, 2, "withdraw", SOME)
    assert current(ledger, token)["categories"]["analytics"] is False


def test_what_is_given_again_after_a_withdrawal_is_given(ledger: Ledger) -> None:
    token = "ab" * 16
    for seq, (action, choices) in enumerate(
        (("accept_all", ALL), ("reject_all", NONE), ("accept_all", ALL)), start=1
    ):
        decide(ledger, token, seq, action, choices)
    assert set(current(ledger, token)["statuses"].values()) == {"given"}


def test_without_a_record_nothing_is_known(ledger: Ledger) -> None:
    response = ledger.client.get(PREFERENCES, headers={"Authorization": "Bearer " + "0" * 32})
    assert (response.status_code, response.get_json()["code"]) == (404, "visitor_unknown")


@pytest.mark.parametrize("name", [None, "Bearer", "Token " + "0" * 32, "Bearer " + "G" * 32])
def test_without_a_visitors_token_nothing_is_told(ledger: Ledger, name: str | None) -> None:
    headers = {} if name is None else {"Authorization": name}
    response = ledger.client.get(PREFERENCES, headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (401, "unauthenticated")


def test_a_token_in_the_address_is_refused(ledger: Ledger, visitor: dict[str, Any]) -> None:
    response = ledger.client.get(f"{PREFERENCES}?token={visitor['token']}")
    assert response.status_code == 401


def test_another_method_is_refused(ledger: Ledger) -> None:
    response = ledger.client.post(PREFERENCES)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_an_unknown_site_is_named(ledger: Ledger) -> None:
    response = ledger.client.get("/v1/sites/nowhere/preferences")
    assert (response.status_code, response.get_json()["code"]) == (404, "site_unknown")


def test_personal_answers_are_not_kept_by_caches(ledger: Ledger, visitor: dict[str, Any]) -> None:
    response = ledger.client.get(PREFERENCES, headers=bearer(visitor))
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_a_preflight_allows_the_authorization_header_to_own_pages_only(ledger: Ledger) -> None:
    own = ledger.client.options(PREFERENCES, headers={"Origin": ORIGIN})
    assert own.status_code == 204
    assert own.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Authorization" in own.headers["Access-Control-Allow-Headers"]
    assert own.headers["Access-Control-Allow-Methods"] == "GET"
    foreign = ledger.client.options(PREFERENCES, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert "Access-Control-Allow-Origin" not in foreign.headers


def test_reads_are_limited(make_ledger: Make) -> None:
    ledger = make_ledger(limit_read="1/minute")
    headers = {"Authorization": "Bearer " + "0" * 32, "Origin": ORIGIN}
    assert ledger.client.get(PREFERENCES, headers=headers).status_code == 404
    response = ledger.client.get(PREFERENCES, headers=headers)
    assert response.status_code == 429
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
