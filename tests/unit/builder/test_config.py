# SPDX-License-Identifier: MIT
import copy
from datetime import date, datetime

import pytest
from consent_banner import config, lint
from consent_banner.config import BuilderError, ConfigError
from consent_banner.schema import path, show
from unit.builder.banner_document import banner_config, banner_document

ASKED = ("category", 1)
SERVICE = (*ASKED, "service", 0)
NECESSARY = ("category", 0, "service", 0)
COOKIE = (*SERVICE, "cookies", 0)
LOCAL = (*SERVICE, "cookies", 1)
THIRD = (*SERVICE, "cookies", 3)
CHANGE = ("change", 0)
MISSING = object()
CHANGES = [
    {
        "date": date(2026, 11, day),
        "cause": "third_party",
        "significant": True,
        "text": "Counter Ltd counts our pages.",
    }
    for day in (1, 21)
]


def changed(*changes):
    """The valid document with (place, value) changes; MISSING removes."""
    document = copy.deepcopy(banner_document(change=CHANGES))
    for place, value in changes:
        node = document
        for key in place[:-1]:
            node = node[key] if isinstance(node, list) else node.setdefault(key, {})
        if value is MISSING:
            del node[place[-1]]
        else:
            node[place[-1]] = value
    return document


def errors(document):
    with pytest.raises(ConfigError) as refused:
        config.from_document(document)
    return [f"{path(place)}: {message}" for place, message in refused.value.problems]


ID = "expected an id: a small letter, then up to 39 small letters, digits and hyphens"
PAGE = 'expected a path as "/cookies.html" or an http(s) address'
CONTACT = "expected an e-mail address or an http(s) address"
TEXT = "expected a text of 1 to 4000 characters"
LOCAL_TEXT = 'expected a text, or a text for each language as { en = "…" }'

CASES = [
    # place, value, message
    (("site",), MISSING, "missing, expected a table"),
    (("site",), 3, "found 3, expected a table"),
    (("site", "id"), "Meridian", 'found "Meridian", expected an id: a small letter, then up to 62'),
    (("site", "id"), MISSING, "missing, expected an id: a small letter, then up to 62"),
    (("site", "naem"), "x", 'unknown key, did you mean "name"?'),
    (("site", "name"), "", f'found "", {TEXT}'),
    (("site", "name"), " ", f'found " ", {TEXT}'),
    (("site", "name"), "a\x07", f'found "a\\u0007", {TEXT}'),
    (("site", "name"), 1.5, f"found 1.5, {TEXT}"),
    (("site", "origins"), [], "found an empty list, expected a list of different origins"),
    (("site", "origins"), "http://a.example", 'found "http://a.example", expected a list of'),
    (("site", "origins", 0), "a.example", 'found "a.example", expected scheme://host[:port]'),
    (("site", "origins", 0), "https://a.example/", "found "),
    (("site", "origins", 0), "https://A.example", "found "),
    (("site", "origins", 0), "https://a.example:443", "found "),
    (("site", "origins", 0), "http://a.example:80", "found "),
    (("site", "origins", 0), "https://user@a.example", "found "),
    (("site", "origins", 0), "https://a.example?q", "found "),
    (("site", "origins", 0), "https://a.example:99999", "found "),
    (("site", "origins", 0), "file:///x", "found "),
    (("site", "origins", 0), 7, "found 7, expected scheme://host[:port]"),
    (("site", "cookies_policy"), "cookies.html", f'found "cookies.html", {PAGE}'),
    (("site", "cookies_policy"), "//evil.example", f'found "//evil.example", {PAGE}'),
    (("site", "cookies_policy"), "javascript:alert(1)", f'found "javascript:alert(1)", {PAGE}'),
    (("site", "privacy_policy"), MISSING, f"missing, {PAGE}"),
    (("site", "privacy_policy"), '/a"b', f'found "/a\\"b", {PAGE}'),
    (("site", "updated"), "2026-11-21", 'found "2026-11-21", expected a date without quotes'),
    (("site", "updated"), datetime(2026, 11, 21), "found 2026-11-21T00:00:00, expected a date"),
    (("controller",), MISSING, "missing, expected a table"),
    (("controller", "name"), MISSING, f"missing, {TEXT}"),
    (("controller", "address"), MISSING, f"missing, {TEXT}"),
    (("contacts", "privacy"), MISSING, f"missing, {CONTACT}"),
    (("contacts", "privacy"), "somebody", f'found "somebody", {CONTACT}'),
    (("contacts", "support"), "a@b@c", f'found "a@b@c", {CONTACT}'),
    (("contacts", "security"), "mailto:a@b.example", f'found "mailto:a@b.example", {CONTACT}'),
    (("ledger", "url"), "http://a.example/", 'found "http://a.example/", expected an http(s)'),
    (("ledger", "url"), "http://a.example?x=1", "found "),
    (("choice", "lifetime_days"), 179, "found 179, expected 180 to 400 days"),
    (("choice", "lifetime_days"), 401, "found 401, expected 180 to 400 days"),
    (("choice", "lifetime_days"), True, "found true, expected 180 to 400 days"),
    (("choice", "lifetime_days"), "180", 'found "180", expected 180 to 400 days'),
    (("choice", "cookie_domain"), "localhost", 'found "localhost", expected a parent domain'),
    (
        ("choice", "cookie_domain"),
        "example.com",
        'found "example.com", expected a parent domain of meridian.localhost in site.origins',
    ),
    (("look", "position"), "top", 'found "top", expected one of "bar", "box", "corner", "inline"'),
    (("look", "theme"), "blue", 'found "blue", expected one of "auto", "light", "dark", "page"'),
    (("look", "headless"), "yes", 'found "yes", expected true or false'),
    (("look", "accent"), "red", 'found "red", expected a colour as "#rrggbb" or "#rgb"'),
    (("look", "dark", "text"), "#ffff", 'found "#ffff", expected a colour as "#rrggbb" or "#rgb"'),
    (("look", "dark", "radius"), "8px", "unknown key, known: accent, accent_text, background"),
    (("look", "radius"), "8", 'found "8", expected a length as "8px" or "0.5rem"'),
    (("look", "radius"), "1px;}", "found "),
    (("look", "font"), "a;b", 'found "a;b", expected a CSS font family'),
    (("look", "font"), "url(x)", "found "),
    (("languages", "available"), [], "found an empty list, expected a list of different languages"),
    (("languages", "available"), ["en", "en"], "found a list, expected a list of different"),
    (("languages", "default"), "English", 'found "English", expected a language as "en"'),
    (("texts",), 1, "found 1, expected tables by language as [texts.en]"),
    (("texts", "en", "titel"), "x", 'unknown key, did you mean "title"?'),
    (("texts", "en", "title"), "", f'found "", {TEXT}'),
    (("texts", "en", "title"), 5, f"found 5, {TEXT}"),
    (
        ("texts", "en", "title"),
        "{sight}",
        "found the placeholder {sight}, expected only {categories} {controller} {days} {site}",
    ),
    (
        ("texts", "en", "declarationDays"),
        "{days} {site}",
        "found the placeholder {site}, expected only {days}",
    ),
    (("texts", "fr"), {}, "found a language that languages.available (en) does not have"),
    (("categories",), [], 'unknown key, did you mean "category"?'),
    (("category",), {}, "found a table, expected a list of tables"),
    ((*ASKED, "id"), "A", f'found "A", {ID}'),
    ((*ASKED, "id"), "a" * 41, "found "),
    ((*ASKED, "id"), "basics", 'found "basics", expected another id: a category has that id'),
    ((*ASKED, "necessary"), "no", 'found "no", expected true or false'),
    ((*ASKED, "title"), MISSING, f"missing, {LOCAL_TEXT}"),
    ((*ASKED, "purpose"), "", f'found "", {LOCAL_TEXT}'),
    ((*ASKED, "purpose"), {"en": 3}, f"found a table, {LOCAL_TEXT}"),
    ((*ASKED, "purpose"), {}, f"found a table, {LOCAL_TEXT}"),
    ((*ASKED, "service"), MISSING, "missing, expected at least one table"),
    ((*ASKED, "service"), [], "found an empty list, expected at least one table"),
    ((*ASKED, "service", 1), 5, "found 5, expected a table"),
    ((*SERVICE, "id"), "session", 'found "session", expected another id: a service has that id'),
    (
        (*SERVICE, "id"),
        "consent-choice",
        'found "consent-choice", expected another id: the builder\'s own service has that id',
    ),
    ((*SERVICE, "name"), MISSING, f"missing, {LOCAL_TEXT}"),
    ((*SERVICE, "provider"), MISSING, f"missing, {TEXT}"),
    ((*SERVICE, "purpose"), MISSING, f"missing, {LOCAL_TEXT}"),
    (
        (*SERVICE, "policy"),
        MISSING,
        "missing, expected the provider's own policy (http(s) address), "
        "as the provider is not the controller",
    ),
    ((*SERVICE, "policy"), "data:x", 'found "data:x", expected an http(s) address, or a path'),
    ((*SERVICE, "status"), "on", 'found "on", expected one of "active", "planned"'),
    ((*SERVICE, "sale_or_share"), 1, "found 1, expected true or false"),
    (
        (*NECESSARY, "reason"),
        MISSING,
        "missing, expected why the site cannot work without this necessary service",
    ),
    (
        (*NECESSARY, "sale_or_share"),
        True,
        "found true, expected false: what is sold or shared must be asked for",
    ),
    ((*COOKIE, "name"), "a b", 'found "a b", expected a cookie name of visible ASCII characters'),
    ((*COOKIE, "name"), "a*b", "found "),
    ((*COOKIE, "name"), "*", "found "),
    ((*COOKIE, "name"), "a=b", "found "),
    ((*COOKIE, "name"), "", 'found "", expected a name'),
    ((*COOKIE, "name"), MISSING, "missing, expected a name"),
    (
        (*COOKIE, "name"),
        "cons*",
        'found "cons*", expected another name: consent is kept for the choice itself',
    ),
    (
        (*LOCAL, "name"),
        "consent.queue.x",
        'found "consent.queue.x", expected another name: consent.queue.* is kept for the choice',
    ),
    ((*LOCAL, "name"), "consent.*", 'found "consent.*", expected another name: consent.token is'),
    ((*LOCAL, "name"), "a b", 'found "a b", expected a storage key of visible ASCII characters'),
    ((*COOKIE, "kind"), "flash", 'found "flash", expected one of "cookie", "local", "session"'),
    ((*COOKIE, "duration"), 0, 'found 0, expected "session" or 1 to 400 days'),
    ((*COOKIE, "duration"), 401, 'found 401, expected "session" or 1 to 400 days'),
    ((*COOKIE, "duration"), True, 'found true, expected "session" or 1 to 400 days'),
    ((*COOKIE, "duration"), 1.5, 'found 1.5, expected "session" or 1 to 400 days'),
    ((*COOKIE, "duration"), "until-deleted", 'found "until-deleted", expected "session" or 1'),
    ((*COOKIE, "duration"), MISSING, 'missing, expected "session" or 1 to 400 days'),
    ((*LOCAL, "duration"), "session", 'found "session", expected "until-deleted" or 1 to 400'),
    ((*SERVICE, "cookies", 2, "duration"), 3, 'found 3, expected "session" for session storage'),
    ((*THIRD, "domain"), MISSING, "missing, expected the host name that the third party's"),
    ((*THIRD, "domain"), "not a host", 'found "not a host", expected a host name as'),
    ((*COOKIE, "domain"), "a.example", 'found "a.example", expected none: only a third-party'),
    ((*SERVICE, "hosts"), [], "found an empty list, expected a table"),
    ((*SERVICE, "hosts", "scripts"), ["https://a.example"], 'unknown key, did you mean "script"?'),
    ((*SERVICE, "hosts", "script"), [], "found an empty list, expected a list of different hosts"),
    ((*SERVICE, "hosts", "script"), ["https://a.example"] * 2, "found a list, expected a list of"),
    ((*CHANGE, "date"), MISSING, "missing, expected a date without quotes as 2026-11-21"),
    ((*CHANGE, "date"), "2026-11-01", 'found "2026-11-01", expected a date without quotes'),
    ((*CHANGE, "cause"), "law", 'found "law", expected one of "use", "third_party", "regulatory"'),
    ((*CHANGE, "cause"), MISSING, 'missing, expected one of "use"'),
    ((*CHANGE, "significant"), "yes", 'found "yes", expected true or false'),
    ((*CHANGE, "significant"), MISSING, "missing, expected true or false"),
    ((*CHANGE, "text"), "", f'found "", {LOCAL_TEXT}'),
    ((*CHANGE, "text"), MISSING, f"missing, {LOCAL_TEXT}"),
    ((*CHANGE, "why"), "x", "unknown key, known: cause, date, significant, text"),
    (
        ("change", 1, "date"),
        date(2026, 11, 22),
        "found 2026-11-22, expected no later day than site.updated, 2026-11-21",
    ),
    (
        ("change", 1, "date"),
        date(2026, 10, 31),
        "found 2026-10-31, expected 2026-11-01 or later: the newest stands last",
    ),
    *(
        (("csp", "report_uri"), value, f'found "{value}", expected a path or http(s) address of')
        for value in ("/a;b", "/a,b", "/$a", "/%61", "/a{b}", "//a.example", "a")
    ),
    *(
        (("size", "budget_bytes"), value, f"found {show(value)}, expected a whole number of bytes")
        for value in (999, 1_000_001, 4500.0, True, "4500")
    ),
    ((*COOKIE, "days"), 3, "unknown key, known: domain, duration, kind, name"),
]


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [pytest.param(*case, id=f"{path(case[0])}={case[1]!r:.20}") for case in CASES],
)
def test_each_error_names_the_place_what_was_found_and_what_was_expected(place, value, message):
    found = errors(changed((place, value)))
    assert len(found) == 1, found
    assert found[0].startswith(f"{path(place)}: {message}"), found


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (("ledger",), {}, ["ledger.url: missing, expected an http(s) address without query"]),
        (("texts", "en"), 1, ["texts: found a table, expected tables by language as [texts.en]"]),
        (
            (*ASKED, "purpose"),
            {"fr": "but"},
            [
                "category[1].purpose.en: missing, expected a text in this language",
                "category[1].purpose.fr: found a language that languages.available does not have",
            ],
        ),
        (
            (*CHANGE, "text"),
            {"fr": "Compter"},
            [
                "change[0].text.en: missing, expected a text in this language",
                "change[0].text.fr: found a language that languages.available does not have",
            ],
        ),
        (
            ("languages",),
            {"default": "fr", "available": ["en"]},
            [
                'languages.default: found "fr", expected one of languages.available',
            ],
        ),
        (
            ("site", "origins"),
            ["https://a.example", "https://a.example"],
            ["site.origins: found an origin twice, expected different ones"],
        ),
        (
            (*SERVICE, "cookies"),
            [{"name": "a", "duration": 1}, {"name": "a", "kind": "cookie", "duration": 2}],
            ['category[1].service[0].cookies[1].name: found "a" a second time in this service'],
        ),
    ],
)
def test_rules_across_keys_name_the_key_to_change(place, value, expected):
    found = errors(changed((place, value)))
    for line in expected:
        assert any(error.startswith(line) for error in found), found


def test_all_errors_are_told_at_once_in_order_of_place():
    found = errors(
        changed(
            (("site", "id"), 1),
            (("contacts", "privacy"), MISSING),
            ((*COOKIE, "duration"), 0),
            ((*THIRD, "domain"), MISSING),
            (("texts", "en", "titel"), "x"),
            (("category", 0, "service", 0, "reason"), MISSING),
            (("surprise",), 1),
        )
    )
    assert [error.split(":")[0] for error in found] == [
        "category[0].service[0].reason",
        "category[1].service[0].cookies[0].duration",
        "category[1].service[0].cookies[3].domain",
        "contacts.privacy",
        "site.id",
        "surprise",
        "texts.en.titel",
    ]


def asked_services(count, length, **changes):
    """An asked category of services whose ids are that long."""
    names = [f"s{number:0{length - 1}}" for number in range(count)]
    services = [
        {"id": name, "name": "S", "provider": "Meridian Interfaces Ltd", "purpose": "P."} | changes
        for name in names
    ]
    return {"id": "many", "title": "Many", "purpose": "Many.", "service": services}


def test_more_answers_than_a_cookie_holds_are_an_error_that_counts_the_services():
    # 23 bytes before the answers, and 29 for each service with an id of 20 characters
    fits, too_long = 137, 138
    config.from_document(changed((ASKED, asked_services(fits, 20))))
    assert errors(changed((ASKED, asked_services(too_long, 20)))) == [
        "category: found 138 services that are asked, whose answers make a cookie of 4025 bytes, "
        "expected at most 4000, as browsers keep no more: "
        "ask for fewer services, or give them shorter ids"
    ]
    necessary = asked_services(too_long, 20, reason="Why.") | {"necessary": True}
    for category in (necessary, asked_services(too_long, 20, status="planned")):
        config.from_document(changed((ASKED, category)))


def test_places_are_sorted_by_number_and_not_by_digit():
    document = banner_document()
    cookies = [{"name": f"c{number}", "duration": 0} for number in range(12)]
    document["category"][1]["service"][0]["cookies"] = cookies
    assert [error.split("cookies")[1].split("]")[0] for error in errors(document)] == [
        f"[{number}" for number in range(12)
    ]


def test_a_language_without_built_in_texts_needs_every_text():
    languages = {"default": "en", "available": ["en", "xx"]}
    found = errors(changed((("languages",), languages), (("texts", "xx", "accept"), "Oui")))
    assert 'texts.xx.reject: missing, expected the text for "Reject all"' in "\n".join(found)
    assert not any(error.startswith("texts.xx.accept:") for error in found)
    assert "category[0].title.xx: missing, expected a text in this language" in "\n".join(found)


def test_a_text_in_one_language_is_enough_when_there_is_one():
    made = banner_config()
    assert made.categories[1].title == {"en": "Analytics"}
    assert made.languages == ("en",)


def test_defaults_are_filled_in():
    made = config.from_document(changed((("ledger",), MISSING)))
    assert made.ledger_url is None
    assert made.lifetime_days == 180
    assert made.cookie_domain is None
    assert banner_config().changes == ()
    assert made.look == config.Look("bar", {}, {})
    service = made.categories[1].services[0]
    assert (service.status, service.sale_or_share, service.reason) == ("active", False, None)
    assert service.cookies[0] == config.Cookie("mon_*", "cookie", None, 30)


def test_the_config_hash_depends_on_the_settings_and_not_on_how_they_are_written():
    written_out = changed(
        (("choice", "lifetime_days"), 180),
        (("look", "position"), "bar"),
        (("look", "border"), "#0aB"),
        ((*ASKED, "title"), {"en": "Analytics"}),
    )
    plain = changed((("look", "border"), "#00aabb"))
    assert config.from_document(written_out).sha256 == config.from_document(plain).sha256
    other = changed((("look", "position"), "box"))
    assert config.from_document(other).sha256 != banner_config().sha256


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb = ", "banner.toml:2:5: this is not TOML: Invalid value."),
        ("a = 1\na = 2", "banner.toml:2:6: this is not TOML: Cannot overwrite a value."),
        ("[site", "banner.toml:1:6: this is not TOML: Expected ']' at the end of a table decl"),
    ],
)
def test_a_toml_error_names_line_and_column(text, message):
    with pytest.raises(BuilderError) as refused:
        config.parse(text)
    assert str(refused.value).startswith(message)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(BuilderError, match=r"there is no such file; `consent-banner init` writes"):
        config.load(tmp_path / "banner.toml")
    with pytest.raises(BuilderError, match=r"cannot be read: Is a directory\.$"):
        config.load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"a = 'gr\xfcn'")
    with pytest.raises(BuilderError, match=r"byte 7 is not UTF-8\.$"):
        config.load(tmp_path / "latin.toml")


def test_any_toml_document_gives_errors_and_never_a_traceback():
    for value in (1, "x", [], [1], [[]], {}, {"a": 1}, [{"a": [1]}], True, 1.5):
        for key in banner_document():
            document = banner_document(**{key: value})
            if key != "category" or value != []:
                with pytest.raises(ConfigError):
                    config.from_document(document)


class TestWarnings:
    def warnings(self, *changes):
        return lint.warnings(config.from_document(changed(*changes)))

    def test_a_plain_site_has_none(self):
        assert self.warnings() == []

    def test_selling_is_told(self):
        assert self.warnings(((*SERVICE, "sale_or_share"), True)) == [
            'service "page-counter" sells or shares personal data: '
            "some laws ask for more than consent"
        ]

    def test_a_category_of_planned_services_is_told(self):
        assert self.warnings(((*SERVICE, "status"), "planned")) == [
            'category "analytics" has only planned services: it is not asked',
            "nothing is asked: the banner never shows",
        ]

    def test_a_reason_that_is_never_shown_is_told(self):
        assert self.warnings(((*SERVICE, "reason"), "because")) == [
            'service "page-counter" has a reason, but only a necessary service shows one'
        ]

    def test_a_cookie_of_two_services_is_told(self):
        assert self.warnings(
            ((*ASKED, "service", 1, "cookies"), [{"name": "mon_*", "duration": 1}])
        ) == ['"mon_*" is declared by "page-counter" and "heat-map": refusing either deletes it']

    def test_a_ledger_that_browsers_will_not_reach_is_told(self):
        assert self.warnings((("site", "origins"), ["https://a.example", "http://a.example"])) == [
            "https://a.example is https and the ledger is http: browsers will not send",
            "http://a.example is http: the choice's cookie is sent without protection",
        ]

    def test_looks_that_nobody_sees_are_told(self):
        dark = {"text": "#ffffff", "background": "#000000"}
        assert self.warnings((("look",), {"theme": "light", "dark": dark})) == [
            'look.theme is "light": look.dark is never shown'
        ]
        headless = {
            "headless": True,
            "theme": "dark",
            "accent": "#777",
            "radius": "0",
            "dark": dark,
        }
        assert self.warnings((("look",), headless)) == [
            "look.headless is true: without a style sheet accent, radius, dark, theme does nothing"
        ]
        assert self.warnings((("look",), {"headless": True, "position": "inline"})) == []
