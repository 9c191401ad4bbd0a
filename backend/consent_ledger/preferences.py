# SPDX-License-Identifier: MIT
"""Current preferences: a fold over a visitor's decisions that ends the same in any order.

Only a higher `seq` moves them. Two decisions with the same `seq` (two tabs at once) are merged so
that the refusal wins, choice by choice: a late delivery never undoes a withdrawal.
"""

from typing import Any, TypedDict

Choices = dict[str, bool]


class State(TypedDict):
    """The stored row. `given_first` maps an id to the least `seq` that granted it.

    `record`, `index`, `generation` and the fields after them are those of one decision with the
    highest `seq`: of several the one that grants least, then the one with the least record id.
    """

    seq: int
    categories: Choices
    services: Choices
    given_first: dict[str, int]
    granted: int
    record: str
    generation: int
    index: int
    action: str
    notice: str
    language: str
    recorded_at: str
    expires_hour: str


def start(
    *,
    seq: int,
    categories: Choices,
    services: Choices,
    record: str,
    generation: int,
    index: int,
    action: str,
    notice: str,
    language: str,
    recorded_at: str,
    expires_hour: str,
) -> State:
    """The preferences of a visitor whose only decision is this one."""
    granted = [key for key, given in {**categories, **services}.items() if given]
    return State(
        seq=seq,
        categories=categories,
        services=services,
        given_first=dict.fromkeys(granted, seq),
        granted=len(granted),
        record=record,
        generation=generation,
        index=index,
        action=action,
        notice=notice,
        language=language,
        recorded_at=recorded_at,
        expires_hour=expires_hour,
    )


def fold(known: State | None, new: State) -> State:
    """*known* after the decision *new* (made by `start`) arrived; neither is changed.

    Associative and commutative, so that the order of delivery does not matter.
    """
    if known is None:
        return new
    given_first = {
        key: min(seq for seq in (known["given_first"].get(key), new["given_first"].get(key)) if seq)
        for key in {**known["given_first"], **new["given_first"]}
    }
    if new["seq"] != known["seq"]:
        winner = max(known, new, key=lambda state: state["seq"])
        return State({**winner, "given_first": given_first})
    named = min(known, new, key=lambda state: (state["granted"], state["record"]))
    return State(
        {
            **named,
            "categories": _refusal_wins(known["categories"], new["categories"]),
            "services": _refusal_wins(known["services"], new["services"]),
            "given_first": given_first,
        }
    )


def _refusal_wins(one: Choices, other: Choices) -> Choices:
    return {key: one.get(key, True) and other.get(key, True) for key in {**one, **other}}


def statuses(state: State) -> dict[str, str]:
    """DPV status of each category and service: given, refused or withdrawn.

    Withdrawn is a refusal that follows, by `seq`, a decision that gave it.
    """
    return {
        key: "given"
        if given
        else "withdrawn"
        if state["given_first"].get(key, state["seq"]) < state["seq"]
        else "refused"
        for key, given in {**state["categories"], **state["services"]}.items()
    }


def public(site: str, state: State) -> dict[str, Any]:
    """What a visitor is told about their current preferences."""
    return {
        "schema": "consent-ledger/preferences/v1",
        "site": site,
        "seq": state["seq"],
        "record": state["record"],
        "index": state["index"],
        "action": state["action"],
        "categories": state["categories"],
        "services": state["services"],
        "statuses": statuses(state),
        "notice": state["notice"],
        "language": state["language"],
        "recorded_at": state["recorded_at"],
        "expires_hour": state["expires_hour"],
    }
