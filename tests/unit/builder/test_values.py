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


def test_stores_carry_a_letter_for_their_kind_and_third_party_ones_are_left_out():
    notice = document.notice(banner_config())
    service = notice.document["categories"][1]["services"][0]
    assert values.stores(service["cookies"]) == ["cmon_*", "lseen.*", "stab"]


def test_a_contact_is_a_mail_address_or_a_page():
    assert values.addresses(banner_config()) == {
        "policyUrl": "/cookies.html",
        "privacyUrl": "/privacy.html",
        "contactUrl": "mailto:privacy@meridian.example",
    }
    page = banner_config(contacts={"privacy": "https://meridian.example/contact"})
    assert values.addresses(page)["contactUrl"] == "https://meridian.example/contact"


NAMES = ("_notice", "_build", "_lifetimeH", "_domain", "_ledgerUrl", "_css", "_asked", "_locales")
TABLE = {name: name[1:].upper() for name in (*NAMES, "_title", "_categories", "_necessary")}


def declared(config, used=frozenset(TABLE)):
    pieces = values.declarations(
        config, document.notice(config), "b" * 64, ".x{}", used, TABLE, config.languages
    )
    code = "".join(code for _, code in pieces)
    return code, [row for row, _ in pieces]


def test_values_are_one_declaration_in_rows_of_the_report():
    code, rows = declared(banner_config())
    assert code.startswith("const NOTICE=")
    assert code.count("const") == 1
    assert 'LEDGERURL="http://ledger.localhost:8470/v1/sites/meridian/"' in code
    assert 'LIFETIMEH=4320,DOMAIN=""' in code
    assert set(rows) == {"configuration", "texts", "style"}
    assert rows == sorted(rows, key=["configuration", "texts", "style"].index)


def test_only_what_is_used_is_there():
    code, _ = declared(banner_config(), frozenset({"_locales", "_title"}))
    assert code == 'const LOCALES=[["en",{TITLE:"Your choices on Meridian API"}]]'


def test_the_cookie_domain_is_a_cookie_attribute():
    raw = banner_document(choice={"cookie_domain": "example.com"})
    raw["site"]["origins"] = ["https://www.example.com", "https://example.com"]
    assert 'DOMAIN=";Domain=example.com"' in declared(from_document(raw))[0]


def test_planned_services_are_neither_asked_nor_named():
    assert "heat" not in declared(banner_config())[0].lower()
