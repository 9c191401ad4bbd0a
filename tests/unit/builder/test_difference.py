# SPDX-License-Identifier: MIT
import copy
from datetime import date

import pytest
from consent_banner import document
from consent_banner.config import from_document
from consent_banner.difference import Difference, differences
from unit.builder.banner_document import banner_document
from unit.builder.test_config import ASKED, MISSING, NECESSARY, SERVICE

PLANNED = (*ASKED, "service", 1)
AGAIN = "visitors are asked again"


def put(raw, place, value):
    node = raw
    for key in place[:-1]:
        node = node[key]
    if value is MISSING:
        del node[place[-1]]
    else:
        node[place[-1]] = value


def found(*changes, first=()):
    """Differences between the valid document and the same with changes; *first* is in both."""
    before = banner_document()
    for place, value in first:
        put(before, place, value)
    now = copy.deepcopy(before)
    for place, value in changes:
        put(now, place, value)
    old, new = (document.notice(from_document(raw)) for raw in (before, now))
    return differences(old, new)


def new_service(**changes):
    return {
        "id": "chat",
        "name": "Chat",
        "provider": "Chat Ltd",
        "purpose": "Chats.",
        "policy": "https://chat.example/privacy",
    } | changes


def test_what_is_the_same_differs_in_nothing():
    assert found() == []


@pytest.mark.parametrize(
    ("change", "cause", "text"),
    [
        (
            (PLANNED, new_service()),
            "third_party",
            'service "chat" (Chat, Chat Ltd) is new in "analytics": visitors are asked for it',
        ),
        (
            ((*NECESSARY[:-1], 0), new_service(reason="Needed.")),
            "third_party",
            'service "chat" (Chat, Chat Ltd) is new in "basics": it is always on',
        ),
        (
            ((*PLANNED, "status"), "active"),
            "use",
            'service "heat-map" (Heat map, Meridian Interfaces Ltd) is in use now in "analytics": '
            "visitors are asked for it",
        ),
        (
            ((*SERVICE, "provider"), "Other Ltd"),
            "third_party",
            f'service "page-counter": provider is "Other Ltd", before "Counter Ltd": {AGAIN}',
        ),
        (
            ((*SERVICE, "purpose"), "Counts people."),
            "use",
            'service "page-counter": purpose in "en" is "Counts people.", '
            f'before "Counts pages.": {AGAIN}',
        ),
        (
            ((*SERVICE, "sale_or_share"), True),
            "third_party",
            f'service "page-counter" sells or shares personal data: {AGAIN}',
        ),
        (
            ((*ASKED, "id"), "counting"),
            "use",
            f'service "page-counter": category is "counting", before "analytics": {AGAIN}',
        ),
        (
            ((*NECESSARY, "purpose"), "Keeps you signed in, and counts."),
            "use",
            'service "session": purpose in "en" is "Keeps you signed in, and counts.", '
            'before "Keeps you signed in."',
        ),
    ],
)
def test_what_visitors_are_asked_for_or_what_happens_without_asking_is_significant(
    change, cause, text
):
    significant = [one for one in found(change) if one.significant]
    assert significant == [Difference(cause, True, text)]


def test_what_is_asked_for_no_more_and_stays_on_is_significant():
    reason = ((*SERVICE, "reason"), "It has to.")
    told = found(((*ASKED, "necessary"), True), reason, ((*PLANNED, "reason"), "So."))
    assert (
        Difference(
            "use",
            True,
            'service "page-counter" was asked for, now always on: it is not asked for any more',
        )
        in told
    )
    back = found(((*NECESSARY[:-2], "necessary"), MISSING))
    assert back[0] == Difference(
        "use", True, 'service "session" was always on, now asked for: visitors are asked for it'
    )


def test_a_ledger_that_begins_to_record_is_significant_and_one_that_moves_is_not():
    begins = found((("ledger",), {"url": "https://a.example"}), first=[(("ledger",), MISSING)])
    assert begins[0] == Difference(
        "use", True, 'the ledger that records choices is "https://a.example", before none'
    )
    (moves,) = found((("ledger", "url"), "https://a.example"))
    assert (moves.cause, moves.significant) == ("technical", False)


def test_another_controller_is_significant():
    policies = [((*place, "policy"), "/privacy.html") for place in (NECESSARY, PLANNED)]
    told = found((("controller", "name"), "Other Ltd"), first=policies)
    assert told[0] == Difference(
        "use",
        True,
        'who decides about the data is "Other Ltd", before "Meridian Interfaces Ltd"',
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ((SERVICE, new_service()), 'service "page-counter" (Page counter, Counter Ltd) is gone'),
        (
            ((*SERVICE, "status"), "planned"),
            'service "page-counter" (Page counter, Counter Ltd) is out of use for now',
        ),
        (
            ((*SERVICE, "name"), "Counter"),
            'service "page-counter": name in "en" is "Counter", before "Page counter"',
        ),
        (
            ((*SERVICE, "policy"), "https://a.example"),
            'service "page-counter": policy is "https://a.example", '
            'before "https://counter.example/privacy"',
        ),
        (
            ((*SERVICE, "cookies", 0, "duration"), 1),
            'service "page-counter" keeps "mon_*" (cookie) for 1 day, before for 30 days',
        ),
        (
            ((*SERVICE, "cookies", 1), {"name": "b", "duration": "session"}),
            'service "page-counter" keeps "b" (cookie), which is new',
        ),
        (
            ((*SERVICE, "cookies", 3), {"name": "b", "duration": "session"}),
            'service "page-counter" no longer keeps "pv" (third-party of counter.example)',
        ),
        (
            ((*ASKED, "purpose"), "To count."),
            'category "analytics": purpose in "en" is "To count.", before "Counts."',
        ),
        (
            ((*PLANNED, "purpose"), "Maps."),
            'service "heat-map": purpose in "en" is "Maps.", before "Shows where people click."',
        ),
        (
            ((*NECESSARY, "reason"), "Why not."),
            'service "session": reason in "en" is "Why not.", '
            'before "Nobody could sign in without it."',
        ),
        (
            (("contacts", "support"), "a@b.example"),
            'the contact support is "a@b.example", before none',
        ),
        (
            (("controller", "address"), "2 Quay Street"),
            'the controller\'s address is "2 Quay Street", before "1 Quay Street, Dublin"',
        ),
        ((("texts",), {"en": {"accept": "Yes to all"}}), 'texts in "en": accept'),
    ],
)
def test_what_asks_for_nothing_more_is_small(change, text):
    told = found(change)
    assert text in [one.text for one in told if not one.significant], told


def test_a_new_planned_service_is_small():
    services = banner_document()["category"][1]["service"]
    told = found(((*ASKED, "service"), [*services, new_service(status="planned")]))
    assert told == [Difference("third_party", False, 'service "chat" (Chat, Chat Ltd) is planned')]


def test_a_language_that_comes_or_goes_is_small_and_what_is_asked_in_another_is_not():
    texts = [
        ((*place, key), {"en": "Words", "fr": "Mots"})
        for place, keys in (
            (("category", 0), ("title", "purpose")),
            (NECESSARY, ("name", "purpose", "reason")),
            (ASKED, ("title", "purpose")),
            (SERVICE, ("name", "purpose")),
            (PLANNED, ("name", "purpose")),
        )
        for key in keys
    ]
    both = (("languages",), {"available": ["en", "fr"]})
    (more,) = found(both, *texts, first=[(place, "Words") for place, _ in texts])
    assert more == Difference("technical", False, 'the language "fr" is new')
    first = [*texts, both]
    other = found((("languages",), {"available": ["fr", "en"], "default": "fr"}), first=first)
    assert other == [
        Difference("use", True, f'service "page-counter" is asked for in another language: {AGAIN}')
    ]
    french = {"en": "Words", "fr": "Paroles"}
    assert found(((*SERVICE, "purpose"), french), first=first) == [
        Difference(
            "use", False, 'service "page-counter": purpose in "fr" is "Paroles", before "Mots"'
        )
    ]


def test_significant_differences_stand_first_and_long_texts_are_cut():
    told = found(((*ASKED, "title"), "Counting"), ((*SERVICE, "purpose"), "Long words. " * 20))
    assert [one.significant for one in told] == [True, False]
    assert len(told[0].text) < 200


def test_what_tells_of_changes_is_no_change():
    change = {"date": date(2026, 11, 1), "cause": "use", "significant": True, "text": "New."}
    assert found((("change",), [change])) == []
