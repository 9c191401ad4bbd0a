# SPDX-License-Identifier: MIT
"""From a validated body and its notice to the parts that are stored."""

from __future__ import annotations

import json

import pytest
from consent_banner import canonical
from consent_ledger.records import Decision
from consent_ledger.trusted_json import encode
from consent_ledger.visitors import subject_hash
from harness import sample_choices
from marshmallow import ValidationError

from .conftest import NOTICE, NOW_MS, decide


def test_parts_are_canonical_and_hold_no_token() -> None:
    decision = decide(token="ab" * 16)
    opening = decision.seal(NOW_MS)
    for part in (opening.subject_part, opening.evidence_part):
        assert part == canonical.dumps(json.loads(part))
        assert b"ab" * 8 not in part
    assert json.loads(opening.subject_part)["subject"] == subject_hash("meridian", "ab" * 16).hex()


def test_the_fast_encoder_writes_what_the_careful_one_does() -> None:
    decision = decide(language="fr", gpc=True, previous="0" * 32)
    for made in (
        decision.subject_part(NOW_MS),
        decision.evidence_part(NOW_MS),
        decision.preferences(1, 5, NOW_MS),
    ):
        assert encode(made) == canonical.dumps(made)


def test_evidence_names_nobody() -> None:
    decision = decide()
    evidence = json.loads(decision.seal(NOW_MS).evidence_part)
    for personal in (decision.record_id, decision.subject.hex(), str(NOW_MS), ".123Z"):
        assert personal not in json.dumps(evidence)


def test_the_same_token_is_another_subject_on_another_site() -> None:
    assert subject_hash("one", "0" * 32) != subject_hash("two", "0" * 32)


def test_a_decision_is_found_in_what_was_stored_at_another_time() -> None:
    decision = decide()
    assert decision.is_in(decision.seal(NOW_MS + 3_600_000))


@pytest.mark.parametrize(
    "change", [{"seq": 2}, {"gpc": True}, {"token": "0" * 32}, {"decided_at_ms": NOW_MS - 1}]
)
def test_a_changed_decision_is_not(change: dict[str, object]) -> None:
    body = {"id": "1" * 32, "token": "2" * 32}
    assert not decide(**{**body, **change}).is_in(decide(**body).seal(NOW_MS))


def test_salts_are_32_fresh_bytes_and_not_shown() -> None:
    one, two = decide(), decide()
    salts = {one.subject_salt, one.evidence_salt, two.subject_salt, two.evidence_salt}
    assert {len(salt) for salt in salts} == {32}
    assert len(salts) == 4
    assert "salt" not in repr(one)


def test_choices_are_split_by_the_notice() -> None:
    decision = decide(
        action="customise", choices=sample_choices(settings=True, counter=False, speed=True)
    )
    assert decision.categories == {"functional": True, "analytics": False}
    assert decision.services == {"settings": True, "counter": False, "speed": True}


def test_every_contradiction_is_told_under_its_field() -> None:
    with pytest.raises(ValidationError) as raised:
        decide(language="de", choices={"functional": True, "other": True})
    assert set(raised.value.normalized_messages()) == {
        "language",
        "choices.settings",
        "choices.analytics",
        "choices.counter",
        "choices.speed",
        "choices.other",
    }


def test_a_decision_knows_what_it_makes_of_the_preferences() -> None:
    decision: Decision = decide(seq=7)
    state = decision.preferences(1, 5, NOW_MS)
    assert (state["seq"], state["index"], state["granted"]) == (7, 5, 5)
    assert state["notice"] == NOTICE.sha256
