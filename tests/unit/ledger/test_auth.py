# SPDX-License-Identifier: MIT
"""API keys: shown once, kept as a hash, per site and scope, rotated and revoked."""

from __future__ import annotations

from pathlib import Path

import pytest
from consent_ledger import auth, sites
from consent_ledger.db import Database
from consent_ledger.errors import (
    Conflict,
    InvalidFields,
    NotFound,
    ScopeMissing,
    SiteUnknown,
    Unauthenticated,
)
from consent_ledger.models import ApiKey
from consent_ledger.timestamps import HOUR_MS
from harness import SITE


class Clock:
    ms = 1_795_300_000_123


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("consent_ledger.auth.now_ms", lambda: clock.ms)
    return clock


def check(database: Database, key: str, scope: str = "audit", site: str = SITE) -> str:
    return auth.check_key(database, site, scope, f"Bearer {key}")


def test_a_key_opens_its_scopes_on_its_site(database: Database) -> None:
    key, info = auth.issue_key(database, SITE, "auditor", ["audit", "manage"])
    assert auth.KEY.fullmatch(key)
    assert check(database, key) == check(database, key, "manage") == info.key_id
    with pytest.raises(ScopeMissing, match="audit, manage, and this needs publish"):
        check(database, key, "publish")


def test_a_key_is_worth_nothing_elsewhere(database: Database) -> None:
    key, _ = auth.issue_key(database, SITE, "auditor", ["audit"])
    sites.add_site(database, "other", "Other", ["https://other.example"])
    with pytest.raises(Unauthenticated):
        check(database, key, site="other")


def test_the_secret_is_in_no_file(database: Database, data: Path) -> None:
    key, info = auth.issue_key(database, SITE, "auditor", ["audit"])
    secret = key.rsplit("_", 1)[-1].encode() if key.count("_") == 2 else key[17:].encode()
    check(database, key)
    contents = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert info.key_id.encode() in contents  # the search can find what is there
    assert secret not in contents


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic clk_000000000000_" + "A" * 43,
        "Bearer clk_000000000000_" + "A" * 43,
        "Bearer clk_000000000000_" + "A" * 42,
        "Bearer " + "0" * 32,
        "Bearer ' OR 1=1 --",
        "Bearer \u00fc",
    ],
)
def test_anything_else_is_no_key(database: Database, header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        auth.check_key(database, SITE, "audit", header)


def test_a_wrong_secret_behind_a_real_id_is_no_key(database: Database) -> None:
    key, _ = auth.issue_key(database, SITE, "auditor", ["audit"])
    forged = key[:-1] + ("A" if key[-1] != "A" else "B")
    with pytest.raises(Unauthenticated):
        check(database, forged)


def test_secrets_are_compared_in_constant_time_even_for_unknown_keys(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("consent_ledger.auth.hmac.compare_digest", compare)
    key, _ = auth.issue_key(database, SITE, "auditor", ["audit"])
    check(database, key)
    with pytest.raises(Unauthenticated):
        check(database, "clk_000000000000_" + "A" * 43)
    with pytest.raises(Unauthenticated):
        check(database, "nothing")
    assert [len(one) == len(other) == 32 for one, other in compared] == [True] * 3


def test_an_expired_key_is_refused_from_its_moment_on(database: Database, clock: Clock) -> None:
    key, _ = auth.issue_key(database, SITE, "short", ["audit"], lifetime_ms=1000)
    clock.ms += 999
    check(database, key)
    clock.ms += 1
    with pytest.raises(Unauthenticated, match="expired"):
        check(database, key)


def test_a_revoked_key_is_refused_and_stays_listed(database: Database, clock: Clock) -> None:
    key, info = auth.issue_key(database, SITE, "auditor", ["audit"])
    first = auth.revoke_key(database, SITE, info.key_id)
    clock.ms += 5
    assert auth.revoke_key(database, SITE, info.key_id) == first
    with pytest.raises(Unauthenticated, match="revoked"):
        check(database, key)
    assert [found.state(clock.ms) for found in auth.list_keys(database, SITE)] == ["revoked"]


def test_rotation_leaves_both_keys_valid_for_the_overlap(database: Database, clock: Clock) -> None:
    old, old_info = auth.issue_key(database, SITE, "auditor", ["audit"])
    new, new_info = auth.issue_key(
        database, SITE, "auditor", ["audit"], replaces=old_info.key_id, overlap_ms=HOUR_MS
    )
    assert new_info.replaces == old_info.key_id
    clock.ms += HOUR_MS - 1
    check(database, old)
    check(database, new)
    clock.ms += 1
    check(database, new)
    with pytest.raises(Unauthenticated, match="expired"):
        check(database, old)


def test_rotation_does_not_prolong_a_key(database: Database, clock: Clock) -> None:
    _, old = auth.issue_key(database, SITE, "short", ["audit"], lifetime_ms=10)
    auth.issue_key(database, SITE, "new", ["audit"], replaces=old.key_id, overlap_ms=HOUR_MS)
    assert auth.get_key(database, SITE, old.key_id).expires_ms == old.expires_ms


def test_only_a_valid_key_can_be_replaced(database: Database) -> None:
    with pytest.raises(NotFound, match="has no key 'x'"):
        auth.issue_key(database, SITE, "new", ["audit"], replaces="x")
    _, old = auth.issue_key(database, SITE, "old", ["audit"])
    auth.revoke_key(database, SITE, old.key_id)
    with pytest.raises(Conflict, match="is revoked"):
        auth.issue_key(database, SITE, "new", ["audit"], replaces=old.key_id)
    assert len(auth.list_keys(database, SITE)) == 1


def test_the_last_use_is_known_to_the_hour_and_written_once_in_it(
    database: Database, clock: Clock
) -> None:
    key, info = auth.issue_key(database, SITE, "auditor", ["audit"])
    assert info.last_used_ms is None
    changes = database.connection().total_changes
    for _ in range(5):
        check(database, key)
    assert database.connection().total_changes == changes + 1
    used = auth.get_key(database, SITE, info.key_id).last_used_ms
    assert used == clock.ms - clock.ms % HOUR_MS
    clock.ms += HOUR_MS
    check(database, key)
    assert auth.get_key(database, SITE, info.key_id).last_used_ms == used + HOUR_MS


def test_a_database_that_cannot_be_written_does_not_refuse_readers(database: Database) -> None:
    key, _ = auth.issue_key(database, SITE, "auditor", ["audit"])
    database.execute_sql("PRAGMA query_only = 1")
    check(database, key)
    database.execute_sql("PRAGMA query_only = 0")


@pytest.mark.parametrize(
    ("label", "scopes", "field"),
    [
        ("", ["audit"], "label"),
        ("a\nb", ["audit"], "label"),
        ("x" * 101, ["audit"], "label"),
        ("x", [], "scopes"),
        ("x", ["everything"], "scopes"),
    ],
)
def test_wrong_wishes_are_told_under_their_field(
    database: Database, label: str, scopes: list[str], field: str
) -> None:
    with pytest.raises(InvalidFields) as raised:
        auth.issue_key(database, SITE, label, scopes)
    assert list(raised.value.fields or {}) == [field]


def test_an_unknown_site_has_no_keys(database: Database) -> None:
    with pytest.raises(SiteUnknown):
        auth.issue_key(database, "nowhere", "x", ["audit"])
    with pytest.raises(SiteUnknown):
        auth.list_keys(database, "nowhere")


def test_what_is_shown_of_a_key_holds_no_hash(database: Database) -> None:
    _, info = auth.issue_key(database, SITE, "auditor", ["publish", "audit"])
    assert info.to_dict()["scopes"] == ["audit", "publish"]
    assert "secret_hash" not in info.to_dict()
    (row,) = ApiKey.select(ApiKey.secret_hash).tuples().execute(database)
    assert len(row[0]) == 32
