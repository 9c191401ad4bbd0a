# SPDX-License-Identifier: MIT
import hashlib

import pytest
from consent_banner import canonical
from consent_banner.notice import Notice, asks_revision
from consent_banner.schema import path, problems
from marshmallow import ValidationError
from unit.builder.notice_document import notice_document


def errors_of(document):
    with pytest.raises(ValidationError) as refused:
        Notice.load(document)
    return [f"{path(place)}: {message}" for place, message in problems(refused.value.messages)]


def broken(*place, to):
    document = notice_document()
    node = document
    for key in place[:-1]:
        node = node[key]
    if to is ...:
        del node[place[-1]]
    else:
        node[place[-1]] = to
    return document


def change(**parts):
    return {
        "date": "2026-11-21",
        "cause": "use",
        "significant": True,
        "text": {"en": "New.", "fr": "Nouveau."},
    } | parts


def changed(**parts):
    return broken("changes", to=[change(**parts)])


def test_a_notice_tells_what_changed_and_one_from_before_that_tells_nothing():
    days = ["2026-11-01", "2026-11-01", "2026-11-21"]
    told = Notice.load(broken("changes", to=[change(date=day) for day in days]))
    assert [each["date"] for each in told.changes] == days
    assert told.sha256 != Notice.load(notice_document()).sha256
    assert Notice.load(notice_document()).changes == []


def test_a_notice_knows_what_it_asks_and_its_own_hash():
    document = notice_document()
    notice = Notice.load(document)
    assert notice.site_id == "meridian"
    assert notice.languages == ("en", "fr")
    assert notice.lifetime_days == 180
    assert notice.asked == {"analytics": ("page-counter",)}
    assert notice.canonical == canonical.dumps(document)
    assert notice.sha256 == hashlib.sha256(notice.canonical).hexdigest()


@pytest.mark.parametrize("document", [None, 3, "x", [], [{}]])
def test_what_is_no_object_is_refused(document):
    assert errors_of(document)[0].startswith("document: ")


def planned():
    service = notice_document()["categories"][1]["services"][1]
    return service | {"id": "page-counter"}


SERVICE = ("categories", 1, "services", 0)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            broken("schema", to="consent-ledger/notice/v2"),
            'schema: found "consent-ledger/notice/v2", expected "consent-ledger/notice/v1"',
        ),
        (broken("schema", to=1), 'schema: found 1, expected "consent-ledger/notice/v1"'),
        (broken("site", to=3), "site: found 3, expected a table"),
        (broken("site", to=...), "site: missing, expected a table"),
        (
            broken("site", "id", to="Meridian"),
            'site.id: found "Meridian", expected a site id ([a-z][a-z0-9-]{0,62})',
        ),
        (broken("site", "naem", to="x"), 'site.naem: unknown key, did you mean "name"?'),
        (
            broken("site", "cookies_policy", to="javascript:alert(1)"),
            'site.cookies_policy: found "javascript:alert(1)", expected an absolute path or a URL',
        ),
        (
            broken("site", "privacy_policy", to="//evil.example"),
            'site.privacy_policy: found "//evil.example", expected an absolute path or a URL',
        ),
        (
            broken("site", "updated", to="2026-02-30"),
            'site.updated: found "2026-02-30", expected a date as YYYY-MM-DD',
        ),
        (
            broken("contacts", to={}),
            "contacts.privacy: missing, expected an e-mail address or a URL",
        ),
        (broken("languages", to=["en", "en"]), "languages: found a list, expected a list of"),
        (broken("languages", to=[]), "languages: found an empty list, expected a list of"),
        (
            broken("default_language", to="de"),
            'default_language: found "de", expected one of languages',
        ),
        (broken("lifetime_days", to=179), "lifetime_days: found 179, expected 180 to 400 days"),
        (broken("lifetime_days", to=True), "lifetime_days: found true, expected 180 to 400"),
        (broken("lifetime_days", to=180.0), "lifetime_days: found 180.0, expected 180 to 400"),
        (broken("ledger", to="ftp://x"), 'ledger: found "ftp://x", expected a URL without'),
        (broken("changes", to={}), "changes: found a table, expected a list of tables"),
        (changed(cause="law"), 'changes[0].cause: found "law", expected one of use, third_party'),
        (changed(significant=1), "changes[0].significant: found 1, expected true or false"),
        (changed(date="1.1.2026"), 'changes[0].date: found "1.1.2026", expected a date as'),
        (changed(text={"en": "New."}), "changes[0].text: expected exactly the languages en, fr"),
        (
            changed(date="2026-11-22"),
            "changes[0].date: found 2026-11-22, expected no later day than site.updated, 2026-11-",
        ),
        (
            broken("changes", to=[change(date="2026-11-02"), change(date="2026-11-01")]),
            "changes[1].date: found 2026-11-01, expected 2026-11-02 or later: the newest stands",
        ),
        (broken("texts", "fr", to=...), "texts: expected exactly the languages en, fr"),
        (broken("texts", "en", "title", to=""), "texts: found a table, expected texts by"),
        (broken("categories", to=[]), "categories: found an empty list, expected at least one"),
        (
            broken("categories", 1, "services", to=[]),
            "categories[1].services: found an empty list, expected at least one table",
        ),
        (
            broken("categories", 1, "title", to={"en": "Analytics"}),
            "categories[1].title: expected exactly the languages en, fr",
        ),
        (
            broken("categories", 1, "asked", to="yes"),
            'categories[1].asked: found "yes", expected true or false',
        ),
        (
            broken("categories", 1, "services", 0, to=planned()),
            "categories[1].asked: found true, expected an active service to ask for",
        ),
        (
            broken(*SERVICE, "id", to="analytics"),
            'categories[1].services[0].id: found "analytics" a second time',
        ),
        (
            broken(*SERVICE, "asks", to=None),
            "categories[1].services[0].asks: found null, expected 6 hex digits",
        ),
        (
            broken("categories", 0, "services", 0, "asks", to="123456"),
            'categories[0].services[0].asks: found "123456", expected null, as it is not asked',
        ),
        (
            broken(*SERVICE, "cookies", 0, "duration", to=0),
            "categories[1].services[0].cookies[0].duration: found 0, expected",
        ),
        (
            broken(*SERVICE, "cookies", 0, "kind", to=["cookie"]),
            "categories[1].services[0].cookies[0].kind: found a list, expected one of cookie",
        ),
        (
            broken(*SERVICE, "policy", to="data:text/html,x"),
            'categories[1].services[0].policy: found "data:text/html,x", expected a URL',
        ),
        (
            broken(*SERVICE, "purpose", "en", to="\ud800"),
            "categories[1].services[0].purpose: found a table, expected a text for each",
        ),
    ],
)
def test_each_error_names_the_field_what_was_found_and_what_was_expected(document, message):
    found = errors_of(document)
    assert len(found) == 1, found
    assert found[0].startswith(message)


def test_all_errors_are_named_at_once():
    document = notice_document()
    document["surprise"] = 1
    document["lifetime_days"] = 0
    document["categories"][1]["services"][0]["sale_or_share"] = 1
    assert [line.split(":")[0] for line in errors_of(document)] == [
        "categories[1].services[0].sale_or_share",
        "lifetime_days",
        "surprise",
    ]


def test_the_asks_revision_changes_with_everything_that_is_asked():
    first = ("analytics", "Counter Ltd", "Counting pages", False)
    others = [
        ("marketing", *first[1:]),
        (first[0], "Other Ltd", *first[2:]),
        (*first[:2], "Counting clicks", False),
        (*first[:3], True),
    ]
    revisions = {asks_revision(*ask) for ask in [first, *others]}
    assert len(revisions) == 5
    assert asks_revision(*first) == asks_revision(*first)
    assert all(len(revision) == 6 for revision in revisions)
