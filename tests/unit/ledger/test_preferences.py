# SPDX-License-Identifier: MIT
"""The fold from decisions to current preferences."""

from __future__ import annotations

from consent_ledger.preferences import State, fold, public, start, statuses


def state(seq: int, record: str = "a", **services: bool) -> State:
    return start(
        seq=seq,
        categories={"analytics": all(services.values())},
        services=services,
        record=record,
        generation=1,
        index=seq,
        action="customise",
        notice="n",
        language="en",
        recorded_at="",
        expires_hour="",
    )


def test_the_first_decision_is_the_preferences() -> None:
    first = state(1, counter=True)
    assert fold(None, first) == first


def test_only_a_higher_seq_moves_them() -> None:
    assert fold(state(2, counter=False), state(1, counter=True))["services"] == {"counter": False}
    assert fold(state(1, counter=False), state(2, counter=True))["services"] == {"counter": True}


def test_on_a_tie_each_refusal_wins() -> None:
    one, other = state(1, "a", counter=True, speed=False), state(1, "b", counter=False, speed=True)
    for merged in (fold(one, other), fold(other, one)):
        assert merged["services"] == {"counter": False, "speed": False}
        assert merged["categories"] == {"analytics": False}


def test_on_a_tie_the_record_that_grants_least_is_named() -> None:
    most, least = state(1, "a", counter=True), state(1, "b", counter=False)
    assert fold(most, least)["record"] == fold(least, most)["record"] == "b"


def test_on_a_tie_between_notices_what_only_one_asked_keeps_its_answer() -> None:
    merged = fold(state(1, counter=True), state(1, "b", speed=False))
    assert merged["services"] == {"counter": True, "speed": False}


def test_a_refusal_after_a_grant_is_a_withdrawal_whatever_arrived_first() -> None:
    grant, refusal = state(1, counter=True), state(2, counter=False)
    for folded in (fold(grant, refusal), fold(refusal, grant)):
        assert statuses(folded) == {"counter": "withdrawn", "analytics": "withdrawn"}


def test_a_refusal_that_nothing_preceded_is_a_refusal() -> None:
    assert statuses(state(1, counter=False)) == {"counter": "refused", "analytics": "refused"}
    later = fold(state(1, counter=False), state(2, counter=False))
    assert statuses(later) == {"counter": "refused", "analytics": "refused"}


def test_folding_changes_neither_side() -> None:
    one, other = state(1, counter=True), state(1, "b", counter=False)
    copies = state(1, counter=True), state(1, "b", counter=False)
    fold(one, other)
    assert (one, other) == copies


def test_the_public_form_holds_nothing_internal() -> None:
    shown = public("meridian", state(1, counter=True))
    assert "given_first" not in shown
    assert "granted" not in shown
    assert shown["statuses"]["counter"] == "given"
