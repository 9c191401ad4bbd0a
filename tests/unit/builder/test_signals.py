# SPDX-License-Identifier: MIT
import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from consent_banner import build, config, consent_mode, document, emit, lint, rules, values
from consent_banner.cli import main, starter
from consent_banner.config import BuilderError, ConfigError, Google
from consent_banner.schema import path
from consent_banner.tables import GOOGLE_TYPES
from unit.builder.banner_document import banner_config, banner_document

STARTER = starter().decode()
DENIED = dict.fromkeys(GOOGLE_TYPES, "denied") | {"security_storage": "granted"}


def selling(**signals):
    """A document whose only asked service sells or shares."""
    document = banner_document(signals=signals)
    document["category"][1]["service"][0]["sale_or_share"] = True
    return document


def google(**settings):
    found = banner_config(signals={"google": settings}).signals.google
    assert found is not None
    return found


def calls(settings: Google):
    """The states that the stub sets, in order."""
    return [
        json.loads(state)
        for state in re.findall(
            r'gtag\("consent","default",(\{.*?\})\);', consent_mode.script(settings)
        )
    ]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"gpc": 1}, "signals.gpc: found 1, expected true or false"),
        ({"data_layer": "yes"}, 'signals.data_layer: found "yes", expected true or false'),
        ({"gcp": True}, 'signals.gcp: unknown key, did you mean "gpc"?'),
        ({"google": True}, "signals.google: found true, expected a table"),
        (
            {"google": {"analytics_storage": "analytic"}},
            'signals.google.analytics_storage: found "analytic", expected the id of a category or '
            "service that is asked",
        ),
        (
            {"google": {"ad_storage": "session"}},
            'signals.google.ad_storage: found "session", expected the id of a category or service '
            "that is asked",
        ),
        (
            {"google": {"ad_storage": "heat-map"}},
            'signals.google.ad_storage: found "heat-map", expected the id of a category or service '
            "that is asked",
        ),
        (
            {"google": {"ad_storage": ["analytics"]}},
            "signals.google.ad_storage: found a list, expected the id of a category or service "
            "that is asked",
        ),
        (
            {"google": {"wait_for_update": 5001}},
            "signals.google.wait_for_update: found 5001, expected 0 to 5000 milliseconds",
        ),
        (
            {"google": {"wait_for_update": True}},
            "signals.google.wait_for_update: found true, expected 0 to 5000 milliseconds",
        ),
        (
            {"google": {"regions": ["EU"]}},
            "signals.google.regions: found a list, expected a list of different codes of ISO 3166 "
            'as ["DE", "US-CA"]; not "EU" or "UK"',
        ),
    ],
)
def test_a_wrong_setting_is_named(settings, problem):
    with pytest.raises(ConfigError) as refused:
        config.from_document(banner_document(signals=settings))
    assert [f"{path(place)}: {message}" for place, message in refused.value.problems] == [problem]


@pytest.mark.parametrize("region", ["DE", "GB", "US-CA", "ES-M", "FR-75C", "GB-ENG"])
def test_a_country_and_its_parts_are_regions(region):
    assert rules.is_region(region)


@pytest.mark.parametrize("region", ["EU", "UK", "de", "DE-", "XX-CA", "US-CALI", "USA", "", 1])
def test_what_google_would_not_know_is_no_region(region):
    assert not rules.is_region(region)


def test_the_opt_out_signal_is_followed_where_something_is_sold_unless_the_owner_says_otherwise():
    assert not banner_config().follows_gpc
    assert config.from_document(selling()).follows_gpc
    assert not config.from_document(selling(gpc=False)).follows_gpc
    assert banner_config(signals={"gpc": True}).follows_gpc


def test_what_is_planned_is_not_sold_yet():
    document = banner_document()
    document["category"][1]["service"][1]["sale_or_share"] = True
    assert not config.from_document(document).follows_gpc


def test_the_stub_denies_every_type_but_security_everywhere_and_makes_tags_wait():
    assert calls(google()) == [DENIED | {"wait_for_update": 500}]
    assert calls(google(wait_for_update=0)) == [DENIED | {"wait_for_update": 0}]


def test_a_type_that_is_asked_is_denied_by_default_even_that_of_security():
    found = calls(google(security_storage="analytics", ad_storage="page-counter"))
    assert found == [dict.fromkeys(GOOGLE_TYPES, "denied") | {"wait_for_update": 500}]


def test_regions_say_where_tags_wait_and_nothing_is_granted_elsewhere():
    near, elsewhere = calls(google(regions=["DE", "US-CA"], wait_for_update=800))
    assert near == DENIED | {"wait_for_update": 800, "region": ["DE", "US-CA"]}
    assert elsewhere == DENIED


def test_the_policy_source_is_the_hash_of_what_stands_in_the_element():
    settings = google(regions=["DE"])
    found = re.fullmatch(r"<script>(.*)</script>\n", consent_mode.html(settings))
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    assert consent_mode.source(settings) == f"'sha256-{digest}'"


def test_what_is_sold_is_known_by_its_place_among_what_is_asked():
    document_ = selling()
    later = document_["category"][1]["service"][1]
    later |= {"status": "active", "sale_or_share": True}
    document_["category"][1]["service"][0]["sale_or_share"] = False
    notice = document.notice(config.from_document(document_))
    assert [values.asked(notice)[at][1] for at in values.sold(notice)] == ["heat-map"]


PAGE = "<head>{before}\n<!-- consent mode -->\nold\n<!-- /consent mode -->\n<script src=/tag.js>"


@pytest.fixture(scope="module")
def made():
    return build.make(banner_config(signals={"google": {"ad_storage": "analytics"}}))


def test_the_stub_is_a_file_of_its_own_and_only_then(made):
    assert emit.files(made)["consent-mode.html"].startswith(b"<script>window.dataLayer=")
    assert "consent-mode.html" not in emit.files(build.make(banner_config()))


@pytest.mark.parametrize(
    "before",
    [
        "<title>Shop</title>",
        "<!-- <script src=/old.js></script> -->",
        '<script type="application/ld+json">{}</script>',
        '<script type="text/plain" data-consent="analytics" src="/a.js"></script>',
    ],
)
def test_a_page_gets_the_stub_between_its_marks_before_all_that_runs(made, before):
    page = emit.insert(PAGE.format(before=before), "index.html", made)
    assert page == PAGE.format(before=before).replace("old\n", consent_mode.html(google()))


@pytest.mark.parametrize(
    "before",
    [
        "<script async src=/consent.js></script>",
        "<SCRIPT>dataLayer = []</SCRIPT>",
        '<script type="module" src="/a.js"></script>',
        '<script src="/a.js" data-type="text/plain"></script>',
    ],
)
def test_a_page_where_the_stub_would_come_too_late_stops_everything(made, before):
    with pytest.raises(BuilderError) as refused:
        emit.insert(PAGE.format(before=before), "index.html", made)
    assert str(refused.value) == (
        "index.html: found the mark `<!-- consent mode -->` behind a script, expected it before "
        "every script: what runs earlier is not told that nothing is granted yet."
    )


def test_a_mark_for_a_stub_that_there_is_none_of_stops_everything():
    with pytest.raises(BuilderError, match=r"expected none: there is no table \[signals.google\]"):
        emit.insert(PAGE.format(before=""), "index.html", build.make(banner_config()))


@pytest.mark.parametrize(
    ("signals", "warning"),
    [
        ({"gpc": False}, 'signals.gpc is false, and "page-counter" sells or shares'),
        ({"google": {}}, "signals.google names no type"),
        (
            {"google": {"ad_storage": "analytics", "wait_for_update": 0}},
            "signals.google.wait_for_update is 0: with an async tag, Google's tags run before",
        ),
    ],
)
def test_what_would_race_or_be_without_effect_is_a_warning(signals, warning):
    said = "\n".join(lint.warnings(config.from_document(selling(**signals))))
    assert warning in said
    harmless = lint.warnings(config.from_document(selling(google={"ad_storage": "analytics"})))
    assert not any(line.startswith("signals") for line in harmless)


def test_build_says_where_the_stub_goes_and_what_a_policy_needs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toml = STARTER + '\n[signals.google]\nanalytics_storage = "analytics"\n'
    Path("banner.toml").write_text(toml)
    said = CliRunner().invoke(main, ["build"]).output
    settings = config.load(Path("banner.toml")).signals.google
    assert settings is not None
    stub, tags = said.split("Paste one of these tags after it into the <head> of every page:")
    assert "Paste this first into the <head> of every page, before every other script:" in stub
    assert consent_mode.html(settings) in stub
    assert f"script-src needs {consent_mode.source(settings)}" in stub
    assert "consent.js" in tags
    assert consent_mode.source(settings) in CliRunner().invoke(main, ["csp"]).output


def test_build_names_the_place_for_the_status_of_the_opt_out_signal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("banner.toml").write_text(STARTER)
    assert "data-consent-signal" not in CliRunner().invoke(main, ["build"]).output
    Path("banner.toml").write_text(STARTER + "\n[signals]\ngpc = true\n")
    assert "<p data-consent-signal></p>" in CliRunner().invoke(main, ["build"]).output
