# SPDX-License-Identifier: MIT
"""The demo's banner.toml is sound, and says what the pages and the third parties really do."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from consent_banner.cli import main

SITE = Path(__file__).parents[3] / "site"
TOML = SITE / "banner.toml"
CONFIG = tomllib.loads(TOML.read_text(encoding="utf-8"))
SERVICES = {s["id"]: s for category in CONFIG["category"] for s in category["service"]}
CATEGORIES = {category["id"]: category for category in CONFIG["category"]}


def declared(kind: str) -> dict[str, object]:
    """Names of that kind with their durations, of the services in use."""
    return {
        cookie["name"]: cookie["duration"]
        for service in SERVICES.values()
        if service.get("status", "active") == "active"
        for cookie in service["cookies"]
        if cookie.get("kind", "cookie") == kind
    }


def sources() -> dict[Path, str]:
    files = [*SITE.glob("**/*.js"), *SITE.glob("*.py")]
    return {path: path.read_text(encoding="utf-8") for path in files}


def test_banner_toml_passes_the_check() -> None:
    answer = CliRunner().invoke(main, ["check", str(TOML)])
    assert answer.exit_code == 0, answer.output
    assert "0 warnings" in answer.output


def test_the_pages_gate_only_declared_services_and_gate_each_of_the_third_parties() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SITE.glob("*.html"))
    gated = set(re.findall(r'data-consent="([^"]+)"', text))
    asked = {s["id"] for c in CATEGORIES.values() if not c.get("necessary") for s in c["service"]}
    assert gated <= asked
    assert gated == {"page-counter", "pay", "monitor", "shield", "chat"}


def test_each_of_the_three_forms_of_gating_is_shown() -> None:
    text = (SITE / "index.html").read_text(encoding="utf-8")
    assert re.search(r"<template data-consent=", text)
    assert re.search(r'<script type="text/plain" data-consent=', text)
    assert re.search(r"<iframe data-consent=\"\w+\" data-src=", text)


def test_necessary_covers_the_four_purposes_that_the_policy_names() -> None:
    services = CATEGORIES["necessary"]["service"]
    assert [s["id"] for s in services] == [
        "sign-in",
        "session-keeping",
        "load-balancing",
        "api-requests",
    ]
    assert all(s["reason"] for s in services)


def test_each_third_party_links_to_a_policy_that_is_there() -> None:
    others = [s for s in SERVICES.values() if s["provider"] != CONFIG["controller"]["name"]]
    assert {s["id"] for s in others} == {"survey", "pay", "monitor", "shield", "chat"}
    for service in others:
        path = service["policy"].removeprefix("http://vendors.localhost:8472/")
        text = (SITE / "vendors" / path).read_text(encoding="utf-8")
        assert service["provider"] in text
        for cookie in service["cookies"]:
            assert f"<code>{cookie['name']}</code>" in text
            if isinstance(cookie["duration"], int):
                assert f"{cookie['duration']} days" in text


def test_every_cookie_that_a_script_sets_is_declared_with_its_days() -> None:
    found = {}
    for text in sources().values():
        for name in re.findall(r"document\.cookie = `(\w+)=", text):
            days = re.search(r"const days = (\d+);", text)
            assert days, name
            found[name] = int(days[1])
    lasting = {n: d for n, d in declared("cookie").items() if d != "session"}
    assert found == lasting


def test_every_cookie_that_the_servers_set_ends_with_the_session() -> None:
    python = "".join(text for path, text in sources().items() if path.suffix == ".py")
    set_by_servers = set(re.findall(r'"(\w+)=\{', python)) | {"session"}
    expected = {n for n, d in declared("cookie").items() if d == "session"}
    assert set_by_servers == expected | set(declared("third-party"))
    assert set(re.findall(r"Max-Age=(\d+)", python)) == {"0"}


@pytest.mark.parametrize("kind", ["local", "session"])
def test_every_storage_key_that_a_script_writes_is_declared(kind: str) -> None:
    storage = "localStorage" if kind == "local" else "sessionStorage"
    written = {
        re.sub(r"\$\{.*\}", "*", key)
        for text in sources().values()
        for key in re.findall(storage + r'\.setItem\(["`]([^"`]+)["`]', text)
    }
    assert written == set(declared(kind))


def test_the_policy_states_the_lifetime_and_date_of_the_banner() -> None:
    text = (SITE / "cookies.html").read_text(encoding="utf-8")
    assert f"holds for {CONFIG['choice']['lifetime_days']} days" in text
    assert "<!-- consent declaration -->" in text
    assert "<!-- /consent declaration -->" in text
    # The date comes from banner.toml alone, by way of the declaration.
    outside = re.sub(r"<!-- consent declaration -->.*?<!-- /", "", text, flags=re.S)
    assert not re.search(r"20\d\d-\d\d-\d\d|20\d\d", outside)


def test_the_policy_uses_no_jargon() -> None:
    page = (SITE / "cookies.html").read_text(encoding="utf-8").casefold()
    text = re.sub(r"<!--.*?-->|<[^>]*>", " ", page)
    words = ("legitimate interest", "pursuant", "hereby", "localstorage", "identifier", "leverage")
    assert [word for word in words if word in text] == []
