# SPDX-License-Identifier: MIT
import json

import pytest
from consent_banner import document, values
from consent_banner.config import from_document
from unit.builder.banner_document import banner_config, banner_document


@pytest.mark.parametrize(
    "text", ["</script>", "<!-- x", "a\u2028b\u2029c", 'say "hi" \\ `${x}`', "line\nend", "\ufeffx"]
)
def test_a_string_survives_and_cannot_end_a_script_element(text):
    literal = values.string(text)
    for danger in ("</", "<!--", "\u2028", "\u2029", "\ufeff", "\n"):
        assert danger not in literal
    # JavaScript reads what JSON reads.
    assert json.loads(literal) == text


def test_stores_are_patterns_by_kind_and_those_of_third_parties_are_left_out():
    notice = document.notice(banner_config())
    service = notice.document["categories"][1]["services"][0]
    codes = [pattern.code for pattern in values.patterns(service["cookies"])]
    assert codes == [r"/^mon_/", r"/^seen\./", r"/^tab$/"]


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("a",), "/^a$/"),
        (("_ga", "_ga_*"), "/^(_ga$|_ga_)/"),
        (("a.b(c)*",), r"/^a\.b\(c\)/"),
        (("a/b",), r"/^a\/b$/"),
        (("</script>",), r"/^\x3c\/script>$/"),
        (("é",), r"/^\u00e9$/"),
    ],
)
def test_a_pattern_matches_names_and_nothing_in_them_is_special(names, code):
    assert values.Pattern(names).code == code


def test_a_kind_that_is_not_used_is_nought_and_the_last_ones_are_left_out():
    local = {"name": "a", "kind": "local"}
    assert values.literal(values.patterns([local])) == "[0,/^a$/]"
    assert values.patterns([{"name": "a", "kind": "third-party"}]) == []


def test_a_contact_is_a_mail_address_or_a_page():
    assert values.addresses(banner_config()) == {
        "policyUrl": "/cookies.html",
        "privacyUrl": "/privacy.html",
        "contactUrl": "mailto:privacy@meridian.example",
    }
    page = banner_config(contacts={"privacy": "https://meridian.example/contact"})
    assert values.addresses(page)["contactUrl"] == "https://meridian.example/contact"


NAMES = ("_title", "_categories", "_language", "_text")
TABLE = {name: name[1:].upper() for name in NAMES}
USED = frozenset({"$title", "$categories", "$necessary"})


def found(config, used=USED, languages=None):
    made = values.found(
        config,
        document.notice(config),
        "b" * 64,
        ".x{}",
        used,
        TABLE,
        languages or config.languages,
    )
    return {placeholder: value.code for placeholder, value in made.items()}


def test_each_value_is_code_with_a_row_of_the_report():
    config = banner_config()
    codes = found(config)
    assert codes["$$ledgerUrl"] == '"http://ledger.localhost:8470/v1/sites/meridian/"'
    assert (codes["$$lifetimeH"], codes["$$lifetimeS"], codes["$$domain"]) == (
        "4320",
        "15552000",
        '""',
    )
    assert codes["$$build"] == f'"{"b" * 16}"'
    assert codes["$title"] == '"Your choices on Meridian API"'
    assert codes["$$language"] == '"en"'


def test_only_texts_that_are_used_are_there():
    texts = {name for name in found(banner_config(), frozenset({"$title"})) if name[1] != "$"}
    assert texts == {"$title"}


def test_several_languages_keep_their_texts_in_tables():
    codes = found(banner_config(), frozenset({"$title"}), ("en", "en"))
    table = '["en",{TITLE:"Your choices on Meridian API"}]'
    assert codes["$$locales"] == f"[{table},{table}]"
    assert (codes["$title"], codes["$$language"]) == ("TEXT.TITLE", "LANGUAGE")


def test_the_cookie_domain_is_the_owners():
    raw = banner_document(choice={"cookie_domain": "example.com"})
    raw["site"]["origins"] = ["https://www.example.com", "https://example.com"]
    assert found(from_document(raw))["$$domain"] == '"example.com"'


def test_cookies_are_secure_wherever_the_site_is_encrypted():
    raw = banner_document()
    raw["site"]["origins"] = ["https://www.example.com"]
    assert found(from_document(raw))["$$secure"] == '";Secure"'
    raw["site"]["origins"].append("http://localhost:8000")
    assert found(from_document(raw))["$$secure"].startswith("(location.protocol")


def test_planned_services_are_neither_asked_nor_named():
    assert "heat" not in "".join(found(banner_config()).values()).lower()


def test_what_is_always_on_is_told_where_the_owner_declares_any():
    assert values._necessary(banner_config(), document.notice(banner_config()), "en") == [
        "Basics (always on): Sign-in session, Your choices",
        "What the site needs.",
    ]
    raw = banner_document()
    raw["category"] = [each for each in raw["category"] if not each.get("necessary")]
    config = from_document(raw)
    assert values._necessary(config, document.notice(config), "en") == []
