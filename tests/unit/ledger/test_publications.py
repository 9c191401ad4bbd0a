# SPDX-License-Identifier: MIT
"""What is in force, what was before, and putting it back."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any
from unittest.mock import patch

import pytest
from consent_ledger import notices, sites
from consent_ledger.db import Database
from consent_ledger.errors import (
    NoticeUnknown,
    PublicationConflict,
    PublicationUnknown,
    ScreenshotUnknown,
    SiteUnknown,
)
from consent_ledger.models import Entry, Log, Screenshot
from consent_ledger.notices import Publications, Publish, PutInForce
from consent_ledger.publications import (
    Published,
    all_publications,
    before,
    list_publications,
    read_screenshot,
)
from consent_ledger.screenshots import Screenshot as Picture
from consent_ledger.tlog.entry import Kind, parse_entry
from consent_ledger.tlog.merkle import EMPTY_ROOT
from harness import ORIGIN, SITE, commit
from pictures import sample_screenshots

from .conftest import NOTICE, NOW_MS

INTEGRITY = "sha384-" + "A" * 64


def pictures(shade: int = 0) -> tuple[Picture, ...]:
    return tuple(
        Picture(each["device"], each["layer"], b64decode(each["image"]))
        for each in sample_screenshots(shade)
    )


def publication(build: str, taken: tuple[Picture, ...] = ()) -> Publish:
    return Publish(SITE, NOTICE, build * 64, "c" * 64, INTEGRITY, taken)


def done(database: Database, *works: Any) -> list[Published]:
    found = commit(database, works, lambda: NOW_MS)
    assert [each.error for each in found] == [None] * len(works)
    return [each.result for each in found]


def in_force(database: Database) -> list[str]:
    """First digits of the builds that were published, newest first."""
    return [row["build"][0] for row in list_publications(database, SITE)["publications"]]


def undo(database: Database) -> Published:
    rows = all_publications(lambda page: list_publications(database, SITE, page=page))
    (published,) = done(database, PutInForce(SITE, before(SITE, rows)["build"]))
    return published


def stored(database: Database) -> int:
    return int(Screenshot.select().count(database))


def test_an_entry_names_its_screenshots_in_order(database: Database) -> None:
    taken = pictures()
    (published,) = done(database, publication("d", taken))
    (data,) = (
        bytes(row[0])
        for row in Entry.select(Entry.entry)
        .where(Entry.entry_index == published.index)
        .tuples()
        .execute(database)
    )
    parsed: Any = parse_entry(data)
    body = json.loads(parsed.body)
    assert parsed.kind == Kind.NOTICE
    assert set(body) == {
        *("schema", "notice", "build", "config", "integrity", "published_at", "screenshots")
    }
    named = [(each["device"], each["layer"]) for each in body["screenshots"]]
    assert named == [
        ("desktop", "first"),
        ("desktop", "second"),
        ("phone", "first"),
        ("phone", "second"),
    ]
    for name in body["screenshots"]:
        (image,) = (each.image for each in taken if each.to_dict() == name)
        assert read_screenshot(database, SITE, name["sha256"]) == image


def test_what_was_published_without_screenshots_says_so(database: Database) -> None:
    (row,) = list_publications(database, SITE)["publications"]
    assert row["screenshots"] == []


def test_what_is_in_force_keeps_its_screenshots(database: Database) -> None:
    first, again = done(database, publication("d", pictures()), publication("d", pictures(100)))
    assert (first.created, again.created) == (True, False)
    assert again.to_dict() == first.to_dict()
    assert done(database, publication("d", pictures(50)))[0].to_dict() == first.to_dict()
    assert stored(database) == 4


def test_a_build_that_comes_back_has_its_old_screenshots_unless_there_are_new_ones(
    database: Database,
) -> None:
    first, _, again, _, renewed = done(
        database,
        publication("d", pictures()),
        publication("e"),
        publication("d"),
        publication("e"),
        publication("d", pictures(100)),
    )
    assert again.created
    assert again.body["screenshots"] == first.body["screenshots"]
    assert renewed.body["screenshots"] != first.body["screenshots"]
    assert stored(database) == 8


def test_a_picture_that_several_publications_show_is_stored_once(database: Database) -> None:
    done(database, publication("d", pictures()), publication("e", pictures()))
    done(database, publication("f", pictures()))
    assert stored(database) == 4


def test_undoing_puts_the_build_before_in_force_again(database: Database) -> None:
    done(database, publication("d", pictures()), publication("e"))
    undone = undo(database)
    assert (undone.created, undone.index) == (True, 3)
    assert undone.body["screenshots"] == done(database, publication("d"))[0].body["screenshots"]
    assert in_force(database) == ["d", "e", "d", "b"]
    assert undo(database).body["build"] == "e" * 64  # undone in the same way
    assert in_force(database) == ["e", "d", "e", "d", "b"]


def test_there_is_nothing_to_go_back_to_before_the_second_build(database: Database) -> None:
    with pytest.raises(PublicationUnknown, match="has published one build only"):
        undo(database)
    sites.add_site(database, "empty", "Empty", [ORIGIN])
    with pytest.raises(PublicationUnknown, match="'empty' has published nothing yet"):
        before("empty", iter(list_publications(database, "empty")["publications"]))


def test_putting_in_force_what_is_in_force_changes_nothing(database: Database) -> None:
    (same,) = done(database, PutInForce(SITE, "b" * 64))
    assert (same.created, same.index) == (False, 0)
    assert sites.get_site(database, SITE).size == 1


def test_a_build_that_was_never_published_cannot_be_put_in_force(database: Database) -> None:
    (refused,) = commit(database, [PutInForce(SITE, "9" * 64)])
    assert isinstance(refused.error, PublicationUnknown)
    assert "no build 9999" in str(refused.error)
    (refused,) = commit(database, [PutInForce("nowhere", "b" * 64)])
    assert isinstance(refused.error, SiteUnknown)
    assert sites.get_site(database, SITE).size == 1


def test_works_of_one_batch_see_each_other(database: Database) -> None:
    found = done(
        database,
        publication("d"),
        PutInForce(SITE, "b" * 64),
        PutInForce(SITE, "b" * 64),
        PutInForce(SITE, "d" * 64),
    )
    assert [(each.index, each.created) for each in found] == [
        (1, True),
        (2, True),
        (2, False),
        (3, True),
    ]


def test_the_list_is_read_in_pages_newest_first(database: Database) -> None:
    done(database, *(publication(digit) for digit in "0123456"))
    first = list_publications(database, SITE, limit=3)
    assert ([row["index"] for row in first["publications"]], first["next"]) == ([7, 6, 5], "1-5")
    second = list_publications(database, SITE, limit=3, page=first["next"])
    assert [row["index"] for row in second["publications"]] == [4, 3, 2]
    last = list_publications(database, SITE, limit=3, page=second["next"])
    assert ([row["index"] for row in last["publications"]], last["next"]) == ([1, 0], None)
    pages = all_publications(lambda page: list_publications(database, SITE, 2, page))
    assert [row["index"] for row in pages] == [7, 6, 5, 4, 3, 2, 1, 0]


def test_an_older_generation_still_counts(database: Database) -> None:
    """What was published before a restore is known after it, in force, and can be named."""
    done(database, publication("d"))
    Log.insert(
        site=SITE, generation=2, origin=f"ledger.test/{SITE}/2", size=0, last_ms=0, root=EMPTY_ROOT
    ).execute(database)
    assert done(database, publication("d"))[0].to_dict()["generation"] == 1
    put_back = undo(database).to_dict()
    assert (put_back["generation"], put_back["index"], put_back["build"]) == (2, 0, "b" * 64)
    rows = list_publications(database, SITE)["publications"]
    assert [(row["generation"], row["index"]) for row in rows] == [(2, 0), (1, 1), (1, 0)]
    known = Publications(database)
    for build in "bd":
        shown = known.shown(SITE, build * 16)
        assert (shown.build, shown.notice.sha256) == (build * 64, NOTICE.sha256)


@pytest.mark.parametrize("first", ["0", "b", "f"])
def test_a_build_is_found_by_its_first_digits_and_no_other_is(
    database: Database, first: str
) -> None:
    sites.add_site(database, "other", "Other", [ORIGIN])
    build = first * 15 + "7" + first * 48
    beside = [first * 15 + digit + "0f" * 24 for digit in "68"]
    done(database, *(Publish(SITE, NOTICE, each, "c" * 64, INTEGRITY) for each in [build, *beside]))
    known = Publications(database)
    for count in range(16, 65):
        assert known.shown(SITE, build[:count]).build == build
    for digits in (build[:63] + "5", build[:16] + "5", "9" * 16):
        with pytest.raises(NoticeUnknown, match=f"no build that begins with {digits}"):
            known.shown(SITE, digits)
    with pytest.raises(NoticeUnknown, match="'other' has published no build"):
        known.shown("other", build)


def test_a_build_is_searched_for_in_the_index(database: Database) -> None:
    statements: list[tuple[str, Any]] = []
    execute = database.execute_sql

    def watched(sql: str, params: Any = None) -> Any:
        statements.append((sql, params))
        return execute(sql, params)

    with patch.object(database, "execute_sql", watched):
        Publications(database).shown(SITE, "b" * 16)
    ((sql, params),) = statements
    plan = " ".join(row[3] for row in execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall())
    assert "publication_site_build (site=? AND build>? AND build<?)" in plan


def test_what_is_remembered_of_builds_is_bounded(database: Database) -> None:
    with patch.object(notices, "REMEMBERED", 3):
        known = Publications(database)
        for count in range(16, 65):
            assert known.shown(SITE, "b" * count).build == "b" * 64
            assert len(known._known) <= 3


TWIN = "d" * 16 + "e" * 48


@pytest.mark.parametrize("together", [True, False])
def test_two_builds_of_a_site_do_not_begin_with_the_same_digits(
    database: Database, together: bool
) -> None:
    sites.add_site(database, "other", "Other", [ORIGIN])
    twin = Publish(SITE, NOTICE, TWIN, "c" * 64, INTEGRITY)
    works = [publication("d"), twin]
    if not together:
        done(database, works.pop(0))
    refused = commit(database, works)[-1].error
    assert isinstance(refused, PublicationConflict)
    assert f"build {TWIN} begins with the same 16 digits as build {'d' * 64}" in str(refused)
    assert in_force(database) == ["d", "b"]
    assert done(database, publication("d"))[0].created is False  # itself again is no twin
    done(database, Publish("other", NOTICE, TWIN, "c" * 64, INTEGRITY))  # nor is another site's
    almost = Publish(SITE, NOTICE, "d" * 15 + "e" * 49, "c" * 64, INTEGRITY)
    assert done(database, almost)[0].created


def test_an_entry_from_before_screenshots_has_none(database: Database) -> None:
    body = {"notice": "0", "build": "1", "schema": "consent-ledger/publication/v1"}
    assert Published(1, 0, body).to_dict()["screenshots"] == []


def test_a_screenshot_belongs_to_its_site(database: Database) -> None:
    sites.add_site(database, "other", "Other", [ORIGIN])
    (published,) = done(database, publication("d", pictures()))
    digest = published.body["screenshots"][0]["sha256"]
    with pytest.raises(ScreenshotUnknown, match="'other' has published no screenshot"):
        read_screenshot(database, "other", digest)
    with pytest.raises(SiteUnknown):
        list_publications(database, "nowhere")
