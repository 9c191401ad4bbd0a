# SPDX-License-Identifier: MIT
"""Decisions in any order of arrival end in the preferences of the highest `seq`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path

from consent_banner import canonical
from consent_banner.notice import Notice
from consent_ledger import sites
from consent_ledger.db import Database, initialise, open_database
from consent_ledger.preferences import State, fold, start, statuses
from consent_ledger.records import Decision
from harness import ORIGIN, SITE, checked, commit, sample_choices, sample_decision, sample_notice
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW_MS = 1_795_300_000_123
NOTICE = Notice.load(sample_notice())
SERVICES = ("settings", "counter", "speed")


@st.composite
def states(draw: st.DrawFn) -> State:
    """What one decision makes of the preferences; ids are chosen so that none is twice the same."""
    services = {name: draw(st.booleans()) for name in SERVICES}
    return start(
        seq=draw(st.integers(1, 4)),
        categories={"functional": services["settings"], "analytics": services["counter"]},
        services=services,
        record=draw(st.uuids()).hex,
        generation=1,
        index=0,
        action="customise",
        notice="n",
        language="en",
        recorded_at="",
        expires_hour="",
    )


several = st.lists(states(), min_size=1, max_size=8, unique_by=lambda state: state["record"])


def folded(arrived: list[State]) -> State:
    return reduce(fold, arrived[1:], fold(None, arrived[0]))


@unhurried
@given(several, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(decisions: list[State], shuffle: object) -> None:
    arrived = decisions[:]
    shuffle.shuffle(arrived)  # type: ignore[attr-defined]  # hypothesis types it as object
    assert folded(arrived) == folded(decisions)


@unhurried
@given(several, several)
def test_folding_is_associative(one: list[State], other: list[State]) -> None:
    assert folded(one + other) == fold(folded(one), folded(other))


@unhurried
@given(several)
def test_the_highest_seq_decides_and_among_its_decisions_each_refusal(
    decisions: list[State],
) -> None:
    found = folded(decisions)
    highest = max(state["seq"] for state in decisions)
    last = [state for state in decisions if state["seq"] == highest]
    assert found["seq"] == highest
    assert found["record"] in {state["record"] for state in last}
    for name in SERVICES:
        assert found["services"][name] == all(state["services"][name] for state in last)


@unhurried
@given(several)
def test_a_refusal_is_a_withdrawal_exactly_when_an_earlier_decision_gave_it(
    decisions: list[State],
) -> None:
    found = folded(decisions)
    for name, status in statuses(found).items():
        given_before = any(
            state["seq"] < found["seq"] and {**state["categories"], **state["services"]}[name]
            for state in decisions
        )
        given_now = {**found["categories"], **found["services"]}[name]
        expected = "given" if given_now else "withdrawn" if given_before else "refused"
        assert status == expected


@unhurried
@given(several)
def test_the_stored_form_loses_nothing(decisions: list[State]) -> None:
    found = folded(decisions)
    assert json.loads(canonical.dumps(found)) == found


# The same through the database, in groups of any size, with repeats.


@contextmanager
def fresh_database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        initialise(data, "ledger.test")
        database = open_database(data)
        with database.connection_context():
            sites.add_site(database, SITE, "Meridian", [ORIGIN])
            yield database
        database.close_all()


@st.composite
def deliveries(draw: st.DrawFn) -> list[Decision]:
    """Decisions of two visitors as they arrive: late, twice, or with a `seq` used before."""
    tokens = ("a" * 32, "b" * 32)
    made = []
    for _ in range(draw(st.integers(1, 8))):
        services = {name: draw(st.booleans()) for name in SERVICES}
        body = sample_decision(
            id=draw(st.uuids()).hex,
            token=draw(st.sampled_from(tokens)),
            seq=draw(st.integers(1, 4)),
            decided_at_ms=NOW_MS,
            action="customise",
            choices=sample_choices(**services),
        )
        made.append(checked(body, NOTICE))
    return draw(st.permutations(made + draw(st.lists(st.sampled_from(made), max_size=4))))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deliveries(), st.integers(1, 5))
def test_stored_preferences_are_those_of_the_decisions_however_they_arrive(
    arriving: list[Decision], group: int
) -> None:
    with fresh_database() as database:
        for at in range(0, len(arriving), group):
            done = commit(database, arriving[at : at + group], lambda: NOW_MS)
            assert not [one.error for one in done if one.error]
        unique = {decision.record_id: decision for decision in arriving}
        assert sites.get_site(database, SITE).size == len(unique)
        rows = database.execute_sql("SELECT subject, state FROM preference").fetchall()
        assert {row[0] for row in rows} == {decision.subject for decision in arriving}
        for subject, state in rows:
            mine = [one for one in unique.values() if one.subject == subject]
            highest = max(one.seq for one in mine)
            found = json.loads(state)
            assert found["seq"] == highest
            for name in SERVICES:
                last = [one for one in mine if one.seq == highest]
                assert found["services"][name] == all(one.services[name] for one in last)
