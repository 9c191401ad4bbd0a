# SPDX-License-Identifier: MIT
import re

from consent_banner import choices_page, document
from consent_banner.config import from_document
from consent_banner.locales import builtin
from unit.builder.banner_document import banner_document, in_languages
from unit.builder.test_declaration import Tree

WORDS = builtin("en")


def page(raw=None):
    return choices_page.html(document.notice(from_document(raw or banner_document())), "en")


def test_it_names_every_service_in_use_and_what_is_always_on():
    rows = Tree(page()).rows
    assert rows == [
        [WORDS["choicesService"], WORDS["choicesState"]],
        ["Basics"],
        ["Sign-in session Meridian Interfaces Ltd", "Always on"],
        ["Your choices Meridian Interfaces Ltd", "Always on"],
        ["Analytics"],
        ["Page counter Counter Ltd", "…"],
    ]


def test_a_state_is_told_only_by_the_script_that_knows_it():
    assert re.findall(r'data-consent-state="([^"]+)"', page()) == ["page-counter"]


def test_what_needs_the_script_is_hidden_until_it_runs():
    buttons = re.findall(r"<button [^>]*>", page())
    assert len(buttons) == 3
    assert all(button.endswith(" hidden>") for button in buttons)
    assert WORDS["choicesNoScript"] in page()


def test_it_says_how_to_check_a_receipt():
    assert f'<code dir="ltr">{choices_page.VERIFY}</code>' in page()


def test_labels_lead_to_ids_that_are_there_once():
    parsed = Tree(page())
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert set(parsed.labels) <= set(parsed.ids)


def test_nothing_is_inline_and_everything_is_escaped():
    evil = "<img src=x onerror=alert(1)>\"'&"
    raw = banner_document(texts={"en": dict.fromkeys(WORDS, evil)})
    for category in raw["category"]:
        category["title"] = evil
        for service in category["service"]:
            service["name"] = service["provider"] = evil
            service["policy"] = "/policy"
    text = page(raw)
    assert "<img" not in text
    for tag in re.findall(r"<[^>]*>", text):
        assert not re.match(r"<(script|style)|.*\s(style|on\w+)=", tag), tag
    assert any(evil in row[0] for row in Tree(text).rows)


def test_the_language_asked_for_is_the_one_shown():
    notice = document.notice(from_document(in_languages("en", "ar")))
    text = choices_page.html(notice, "ar")
    assert '<div class="consent-page" id="consent-page" lang="ar" dir="rtl">' in text
    assert builtin("ar")["choicesNow"] in text
    assert "ar: Page counter" in text
    assert WORDS["choicesNow"] not in text
