# SPDX-License-Identifier: MIT
"""What the script knows of changes and boxes, and that nothing of them is in it without a use."""

from datetime import date, timedelta

import pytest
from consent_banner import build, document, rules, values
from unit.builder.banner_document import banner_config

UPDATED = date(2026, 11, 21)


def change(days_ago=0, text="Changed.", **parts):
    day = UPDATED - timedelta(days=days_ago)
    return {"date": day, "cause": "use", "significant": True, "text": text} | parts


def told(*changes):
    found = values.told(document.notice(banner_config(change=list(changes))))
    return [(mark, each["text"]["en"]) for mark, each in found]


def script(**changes):
    return build.make(banner_config(**changes)).consent.content.decode()


def test_the_newest_stands_first_and_a_later_one_has_a_larger_mark():
    found = told(change(2, "a"), change(1, "b"), change(1, "c"), change(0, "d"))
    assert [text for _, text in found] == ["d", "c", "b", "a"]
    marks = [mark for mark, _ in found]
    assert marks == sorted(set(marks), reverse=True)


def test_a_mark_stays_when_changes_come_after_it_or_old_ones_go():
    both = {text: mark for mark, text in told(change(9, "a"), change(5, "b"), change(5, "c"))}
    assert told(change(5, "b"))[0][0] == both["b"]
    assert told(change(5, "b"), change(5, "c"))[0][0] == both["c"]


def test_what_is_older_than_any_living_choice_is_not_told():
    assert [text for _, text in told(change(181, "old"), change(180, "young"))] == ["young"]


def test_the_cookie_names_the_notice_and_the_newest_change():
    notice = document.notice(banner_config(change=[change(3), change(1)]))
    assert values.notice_mark(notice) == f"{notice.sha256[:8]}.{values.told(notice)[0][0]}"
    plain = document.notice(banner_config())
    assert values.notice_mark(plain) == plain.sha256[:8]


@pytest.mark.parametrize("cause", rules.CAUSES)
@pytest.mark.parametrize("significant", [True, False])
def test_cause_and_weight_are_in_the_notice_and_the_text_in_the_script(cause, significant):
    made = build.make(
        banner_config(change=[change(text="News.", cause=cause, significant=significant)])
    )
    assert made.notice.document["changes"] == [
        {
            "date": "2026-11-21",
            "cause": cause,
            "significant": significant,
            "text": {"en": "News."},
        }
    ]
    assert '"News."' in made.consent.content.decode()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"change": [change()]}, ("accept_new", "What has changed", "New on Meridian API")),
        ({"content": {"placeholders": True}}, ("Load once", "loads only if", "iframe", '"embed"')),
    ],
    ids=["changes", "boxes"],
)
def test_only_a_site_that_uses_it_has_it_in_its_script(settings, words):
    plain, whole = script(), script(**settings)
    for word in words:
        assert word in whole
        assert word not in plain


def test_the_style_of_the_boxes_comes_with_them():
    assert "div.consent-gate+iframe" in script(content={"placeholders": True})
    assert "div.consent-gate" not in script()
    headless = script(content={"placeholders": True}, look={"headless": True})
    assert "Load once" in headless
    assert "div.consent-gate" not in headless
