# SPDX-License-Identifier: MIT
"""Decisions held against the notice that was shown: everything that was asked, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from consent_ledger.tlog.errors import FormatError, shown
from consent_ledger.tlog.json_document import (
    parse_document,
    read_integer,
    read_list,
    read_table,
    read_text,
    shown_value,
)
from consent_ledger.verify.members import MAX_DOCUMENT_BYTES

MAX_LIFETIME_DAYS = 400

_HOUR = "%Y-%m-%dT%HZ"


@dataclass(frozen=True, slots=True)
class AskedNotice:
    """What a notice asks: each category with its active services."""

    site: str
    languages: tuple[str, ...]
    lifetime_days: int
    asked: dict[str, tuple[str, ...]]


def parse_notice(data: bytes) -> AskedNotice:
    """The notice in canonical JSON. Raises: FormatError."""
    document = read_table("notice", parse_document("notice", data, MAX_DOCUMENT_BYTES))
    try:
        asked = {
            read_text("id", category["id"]): tuple(
                read_text("id", service["id"])
                for service in category["services"]
                if service["status"] == "active"
            )
            for category in read_list("categories", document["categories"])
            if category["asked"] is True
        }
        lifetime = read_integer("lifetime_days", document["lifetime_days"])
        if lifetime > MAX_LIFETIME_DAYS:
            raise FormatError("lifetime_days", str(lifetime), f"at most {MAX_LIFETIME_DAYS}")
        return AskedNotice(
            read_text("site.id", document["site"]["id"]),
            tuple(read_text("language", each) for each in document["languages"]),
            lifetime,
            asked,
        )
    except (KeyError, TypeError) as error:
        raise FormatError("notice", f"no {error}", "what a notice says") from None


def contradictions(evidence: dict[str, Any], notice: AskedNotice) -> Iterator[FormatError]:
    """What in a decision's evidence, whose fields are well formed, its notice did not ask for."""
    categories, services = evidence["categories"], evidence["services"]
    asked_services = {each for members in notice.asked.values() for each in members}
    for field, choices, asked in (
        ("categories", categories, notice.asked.keys()),
        ("services", services, asked_services),
    ):
        if choices.keys() != asked:
            yield FormatError(
                f"evidence.{field}", shown_value(sorted(choices)), shown_value(sorted(asked))
            )
    for category, members in notice.asked.items():
        whole = all(services.get(each, False) for each in members)
        if categories.get(category, whole) != whole:
            yield FormatError(
                f"evidence.categories.{category}",
                shown_value(not whole),
                f"{shown_value(whole)}, as its services say",
            )
    if evidence["language"] not in notice.languages:
        yield FormatError(
            "evidence.language",
            shown(evidence["language"]),
            f"one of {', '.join(notice.languages)}",
        )
    yield from _check_action(evidence, list(services.values()))
    yield from _check_expiry(evidence, notice)


def _check_action(evidence: dict[str, Any], given: list[bool]) -> Iterator[FormatError]:
    whole = {
        "accept_all": (all(given), "every choice given"),
        "reject_all": (not any(given), "every choice refused"),
    }
    actions = {
        **whole,
        "withdraw": (not all(given), "a choice refused"),
        "signal": (evidence["gpc"], "gpc true"),
    }
    for field, rules in (("action", actions), ("control", whole)):
        holds, expected = rules.get(evidence[field], (True, ""))
        if not holds:
            yield FormatError(f"evidence.{field}", shown(evidence[field]), f"{expected} with it")


def _check_expiry(evidence: dict[str, Any], notice: AskedNotice) -> Iterator[FormatError]:
    recorded = datetime.strptime(evidence["recorded_hour"], _HOUR)
    try:
        expires = recorded + timedelta(days=notice.lifetime_days)
    except OverflowError:
        yield FormatError(
            "evidence.recorded_hour", evidence["recorded_hour"], "before the year 9999"
        )
        return
    expected = f"{expires:%Y-%m-%dT%HZ}"
    if evidence["expires_hour"] != expected:
        yield FormatError(
            "evidence.expires_hour",
            evidence["expires_hour"],
            f"{expected}, {notice.lifetime_days} days after recorded_hour",
        )
