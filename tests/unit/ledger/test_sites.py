# SPDX-License-Identifier: MIT
"""Adding, changing and remembering sites."""

from __future__ import annotations

import pytest
from consent_ledger import sites
from consent_ledger.db import Database
from consent_ledger.errors import Conflict, InvalidFields, SiteUnknown
from consent_ledger.sites import SiteOrigins
from harness import ORIGIN, SITE


def test_a_site_gets_an_empty_log_with_an_origin_of_its_own(database: Database) -> None:
    made = sites.add_site(database, "shop", "Shop", ["https://shop.example"])
    assert (made.log_origin, made.generation, made.size) == ("ledger.test/shop/1", 1, 0)
    assert sites.get_site(database, "shop") == made


def test_sites_are_listed_by_id(database: Database) -> None:
    sites.add_site(database, "a-site", "A", ["https://a.example"])
    assert [found.site for found in sites.list_sites(database)] == ["a-site", SITE]


def test_a_second_site_of_the_same_id_is_refused(database: Database) -> None:
    with pytest.raises(Conflict, match="exists already"):
        sites.add_site(database, SITE, "Again", [ORIGIN])


@pytest.mark.parametrize(
    ("site", "name", "origins", "field"),
    [
        ("Shop", "Shop", ["https://x.example"], "site"),
        ("1shop", "Shop", ["https://x.example"], "site"),
        ("a" * 64, "Shop", ["https://x.example"], "site"),
        ("a/b", "Shop", ["https://x.example"], "site"),
        ("shop", "", ["https://x.example"], "name"),
        ("shop", "x" * 201, ["https://x.example"], "name"),
        ("shop", "a\x00b", ["https://x.example"], "name"),
        ("shop", "Shop", [], "origins"),
        ("shop", "Shop", ["https://x.example/"], "origins"),
        ("shop", "Shop", ["x.example"], "origins"),
        ("shop", "Shop", ["*"], "origins"),
        ("shop", "Shop", ["https://X.example"], "origins"),
        ("shop", "Shop", ["https://x.example:443"], "origins"),
        ("shop", "Shop", ["null"], "origins"),
        ("shop", "Shop", ["https://x.example"] * 101, "origins"),
    ],
)
def test_what_is_wrong_is_told_under_its_field_and_nothing_is_added(
    database: Database, site: str, name: str, origins: list[str], field: str
) -> None:
    with pytest.raises(InvalidFields) as raised:
        sites.add_site(database, site, name, origins)
    assert list(raised.value.fields or {}) == [field]
    assert len(sites.list_sites(database)) == 1


def test_a_name_and_origins_can_be_changed_but_the_log_stays(database: Database) -> None:
    before = sites.get_site(database, SITE)
    changed = sites.set_site(database, SITE, origins=["https://a.example", "https://b.example"])
    assert changed.origins == ("https://a.example", "https://b.example")
    assert changed.name == before.name
    assert sites.set_site(database, SITE, name="New").name == "New"
    assert sites.get_site(database, SITE).log_origin == before.log_origin


def test_an_unknown_site_is_not_found(database: Database) -> None:
    for ask in (sites.get_site, sites.set_site):
        with pytest.raises(SiteUnknown, match="'nowhere'"):
            ask(database, "nowhere")


def test_origins_are_asked_for_once_in_a_second(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1.0]
    monkeypatch.setattr("consent_ledger.sites.monotonic", lambda: now[0])
    origins = SiteOrigins(database)
    assert origins.of(SITE) == {ORIGIN}
    sites.set_site(database, SITE, origins=["https://new.example"])
    assert origins.of(SITE) == {ORIGIN}
    now[0] += 1.01
    assert origins.of(SITE) == {"https://new.example"}


def test_strangers_cannot_fill_the_memory_with_sites(database: Database) -> None:
    origins = SiteOrigins(database)
    for number in range(50):
        with pytest.raises(SiteUnknown):
            origins.of(f"nowhere-{number}")
    assert origins._known == {}


def test_while_the_database_is_away_the_last_known_origins_hold(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1.0]
    monkeypatch.setattr("consent_ledger.sites.monotonic", lambda: now[0])
    origins = SiteOrigins(database)
    origins.of(SITE)
    now[0] += 5
    database.execute_sql('ALTER TABLE "site" RENAME TO "away"')
    assert origins.of(SITE) == {ORIGIN}
