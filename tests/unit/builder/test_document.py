# SPDX-License-Identifier: MIT
from datetime import date

from consent_banner import document
from consent_banner.config import from_document
from consent_banner.notice import asks_revision
from unit.builder.banner_document import banner_config, banner_document, in_languages


def notice(**changes):
    return document.notice(banner_config(**changes))


def own_service(made):
    return next(
        service
        for category in made.document["categories"]
        for service in category["services"]
        if service["id"] == "consent-choice"
    )


def test_the_notice_says_what_is_asked():
    made = notice()
    assert made.site_id == "meridian"
    assert made.lifetime_days == 180
    assert made.asked == {"analytics": ("page-counter",)}
    assert [c["asked"] for c in made.document["categories"]] == [False, True]


def test_only_active_services_of_asked_categories_have_a_revision():
    basics, analytics = notice().document["categories"]
    counter, heat_map = analytics["services"]
    assert counter["asks"] == asks_revision("analytics", "Counter Ltd", "Counts pages.", False)
    assert heat_map["asks"] is None
    assert all(service["asks"] is None for service in basics["services"])


def test_a_reason_is_told_for_necessary_services_only():
    raw = banner_document()
    raw["category"][1]["service"][0]["reason"] = "because"
    made = document.notice(from_document(raw))
    basics, analytics = made.document["categories"]
    assert basics["services"][0]["reason"] == {"en": "Nobody could sign in without it."}
    assert analytics["services"][0]["reason"] is None


def test_the_banner_declares_its_own_cookie_and_keys():
    made = own_service(notice())
    assert [(c["name"], c["kind"], c["duration"]) for c in made["cookies"]] == [
        ("consent", "cookie", 180),
        ("consent.token", "local", "until-deleted"),
        ("consent.last", "local", "until-deleted"),
        ("consent.wait", "local", "until-deleted"),
        ("consent.queue.*", "local", "until-deleted"),
    ]
    assert made["provider"] == "Meridian Interfaces Ltd"
    assert made["reason"]["en"]


def test_without_a_ledger_only_the_cookie_is_declared_and_nothing_is_said_of_records():
    raw = banner_document()
    del raw["ledger"]
    made = own_service(document.notice(from_document(raw)))
    assert [cookie["name"] for cookie in made["cookies"]] == ["consent"]
    assert "record" not in made["purpose"]["en"]


def test_a_necessary_category_is_made_when_there_is_none():
    raw = banner_document()
    del raw["category"][0]
    made = document.notice(from_document(raw))
    first = made.document["categories"][0]
    assert (first["id"], first["asked"]) == ("necessary", False)
    assert first["title"] == {"en": "Necessary"}
    assert [service["id"] for service in first["services"]] == ["consent-choice"]


def test_placeholders_are_filled_and_values_are_never_looked_into():
    raw = banner_document(texts={"en": {"title": "{site} {days} {categories}"}})
    raw["site"]["name"] = "{controller}"
    made = document.notice(from_document(raw))
    texts = made.document["texts"]["en"]
    assert texts["title"] == "{controller} 180 Analytics"
    assert texts["declarationDays"] == "{days} days"


def test_asked_titles_are_joined_as_people_write_lists():
    raw = banner_document(texts={"en": {"title": "{categories}"}})
    for name in ("Marketing", "Support"):
        service = {**raw["category"][1]["service"][0], "id": f"{name.lower()}-tag"}
        raw["category"].append(
            {"id": name.lower(), "title": name, "purpose": "p", "service": [service]}
        )
    assert document.notice(from_document(raw)).document["texts"]["en"]["title"] == (
        "Analytics, Marketing and Support"
    )


def test_every_language_has_its_texts_and_the_default_comes_first():
    raw = in_languages("en", "de")
    raw["languages"]["default"] = "de"
    made = document.notice(from_document(raw))
    assert made.languages == ("de", "en")
    assert made.document["default_language"] == "de"
    assert made.document["texts"]["en"]["accept"] == "Accept all"
    assert made.document["texts"]["de"]["accept"] == "Alle akzeptieren"
    assert made.document["categories"][1]["title"] == {"en": "Analytics", "de": "de: Analytics"}


def test_contacts_that_are_not_given_are_not_in_the_notice():
    assert notice().document["contacts"] == {"privacy": "privacy@meridian.example"}


def test_changes_are_told_with_their_cause_in_every_language():
    change = {
        "date": date(2026, 11, 1),
        "cause": "third_party",
        "significant": True,
        "text": "Counter Ltd counts our pages.",
    }
    assert notice().document["changes"] == []
    assert notice(change=[change]).document["changes"] == [
        change | {"date": "2026-11-01", "text": {"en": "Counter Ltd counts our pages."}}
    ]
