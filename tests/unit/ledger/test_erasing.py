# SPDX-License-Identifier: MIT
"""Erasing in the log's one transaction: what is destroyed, what is kept, and how it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from consent_ledger import batch, sites
from consent_ledger.accounting import Announce, NoteAccess, announce_pending, merge
from consent_ledger.batch import Batch
from consent_ledger.db import Database
from consent_ledger.erasing import STEP, Expire, ForgetRecord, ForgetVisitor, destroy_parts
from consent_ledger.errors import (
    LedgerError,
    LogHalted,
    RecordUnknown,
    VisitorForgotten,
    VisitorUnknown,
)
from consent_ledger.foresight import foresee, foresee_expiry
from consent_ledger.journal import Erased
from consent_ledger.opening import Opening
from consent_ledger.records import Decision
from consent_ledger.timestamps import DAY_MS, HOUR_MS
from consent_ledger.tlog import entry
from harness import SITE, commit, sample_choices, writer_of

from .conftest import NOW_MS, decide

ORIGIN_1 = f"ledger.test/{SITE}/1"
REFUSED = sample_choices(settings=False, counter=False, speed=False)


class Ledger:
    """Writes at a time that the test sets."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now_ms = NOW_MS
        self._writer = writer_of(database)

    def together(self, *works: Any) -> list[Any]:
        """Results of *works*, or the errors with which they were refused."""
        done = batch.commit(self.database, self._writer, works, lambda: self.now_ms)
        return [one.error or one.result for one in done]

    def run(self, work: Any) -> Any:
        (result,) = self.together(work)
        if isinstance(result, Exception):
            raise result
        return result

    def rows(self, columns: str, table: str = "record", order: str = "entry_index") -> list[Any]:
        rows = self.database.execute_sql(f"SELECT {columns} FROM {table} ORDER BY {order}")
        return [row[0] if len(row) == 1 else row for row in rows]

    def held(self) -> dict[int, str]:
        """Which parts are left of each decision: s, e, both or neither."""
        left = "iif(subject_part IS NULL, '', 's') || iif(evidence_part IS NULL, '', 'e')"
        return dict(self.rows(f"entry_index, {left}", "record WHERE kind = 1"))

    def pending(self) -> list[tuple[int, str, str]]:
        return self.rows("entry_index, part, reason", "pending", "entry_index, part")

    def announced(self) -> list[Any]:
        """The evidence parts of the erasure entries."""
        return [json.loads(part) for part in self.rows("evidence_part", "record WHERE kind = 2")]

    def preference(self, decision: Decision) -> dict[str, Any] | None:
        sql = "SELECT state FROM preference WHERE subject = ?"
        row = self.database.execute_sql(sql, (decision.subject,)).fetchone()
        return row and json.loads(row[0])


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def both(index: int, reason: str) -> list[tuple[int, str, str]]:
    return [(index, "evidence", reason), (index, "subject", reason)]


def test_a_visitor_is_forgotten_with_all_that_names_or_tells_of_them(ledger: Ledger) -> None:
    token = "ab" * 16
    one, two, other = decide(token=token), decide(token=token, seq=2), decide()
    ledger.together(one, two, other)
    destroyed = ledger.run(ForgetVisitor(SITE, one.subject))
    assert destroyed.records == 2
    assert set(destroyed.ranges) == {
        Erased(ORIGIN_1, "subject", "visitor", 1, 2),
        Erased(ORIGIN_1, "evidence", "visitor", 1, 2),
    }
    columns = "record_id, subject, subject_part, subject_salt, evidence_part, evidence_salt"
    assert ledger.rows(columns)[:2] == [(None,) * 6] * 2
    assert None not in ledger.rows(columns)[2]
    assert ledger.pending() == both(1, "visitor") + both(2, "visitor")
    assert ledger.preference(one) is None
    assert ledger.preference(other)


def test_the_entry_keeps_its_bytes_and_the_log_its_root(ledger: Ledger) -> None:
    one = decide()
    ledger.run(one)
    before = ledger.rows("entry", "entry"), ledger.rows("size, root, checkpoint", "log", "site")
    ledger.run(ForgetVisitor(SITE, one.subject))
    assert before == (
        ledger.rows("entry", "entry"),
        ledger.rows("size, root, checkpoint", "log", "site"),
    )


def test_whoever_is_unknown_cannot_be_erased(ledger: Ledger) -> None:
    unknown = decide()
    for work, refusal in (
        (ForgetVisitor(SITE, unknown.subject), VisitorUnknown),
        (ForgetRecord(SITE, bytes(16)), RecordUnknown),
        (ForgetRecord(SITE, bytes(16), only=True, key="0" * 12), RecordUnknown),
    ):
        with pytest.raises(refusal):
            ledger.run(work)
    assert ledger.rows("count(*)", "entry", "1") == [1]
    assert ledger.rows("count(*)", "forgotten", "1") == [0]


def test_what_waits_in_the_same_batch_is_erased_too(ledger: Ledger) -> None:
    token = "ab" * 16
    stored, before, after = (decide(token=token, seq=seq) for seq in (1, 2, 3))
    ledger.run(stored)
    forget = ForgetVisitor(SITE, stored.subject)
    results = ledger.together(before, forget, after, before, forget)
    assert results[1].records == 2
    assert [type(result) for result in results[2:4]] == [VisitorForgotten] * 2
    assert results[4].records == 0
    assert ledger.held() == {1: "", 2: ""}
    assert ledger.preference(stored) is None
    assert ledger.pending() == both(1, "visitor") + both(2, "visitor")


def test_the_owner_erases_the_visitor_behind_a_record(ledger: Ledger) -> None:
    token = "ab" * 16
    one, two, other = decide(token=token), decide(token=token, seq=2), decide()
    ledger.together(one, two, other)
    work = ForgetRecord(SITE, bytes.fromhex(one.record_id))
    assert foresee(ledger.database, work) == (2, "2026-11-21T22Z", "2026-11-21T22Z")
    assert ledger.run(work).records == 2
    assert foresee(ledger.database, work) is None
    assert ledger.held() == {1: "", 2: "", 3: "se"}
    assert ledger.pending() == both(1, "owner") + both(2, "owner")
    assert ledger.run(work).records == 0  # asked again
    for late in (one, two, decide(token=token, seq=3)):
        with pytest.raises(VisitorForgotten):
            ledger.run(late)


def test_only_one_record_is_erased_and_does_not_come_back(ledger: Ledger) -> None:
    token = "ab" * 16
    one, two = decide(token=token), decide(token=token, seq=2, action="withdraw", choices=REFUSED)
    ledger.together(one, two)
    work = ForgetRecord(SITE, bytes.fromhex(one.record_id), only=True)
    assert foresee(ledger.database, work).records == 1
    assert ledger.together(work, work, one)[1].records == 0
    assert ledger.held() == {1: "", 2: "se"}
    with pytest.raises(VisitorForgotten):
        ledger.run(one)
    state = ledger.preference(two)
    assert state
    assert state["record"] == two.record_id  # the newest stays in force
    assert one.record_id not in json.dumps(state)
    assert ledger.run(decide(token=token, seq=3)).created  # and the visitor goes on


def test_erasing_a_withdrawal_does_not_put_the_acceptance_before_in_force(ledger: Ledger) -> None:
    token = "ab" * 16
    one, two = decide(token=token), decide(token=token, seq=2, action="withdraw", choices=REFUSED)
    ledger.together(one, two)
    ledger.run(ForgetRecord(SITE, bytes.fromhex(two.record_id), only=True))
    assert ledger.preference(one) is None
    assert ledger.held() == {1: "se", 2: ""}


def test_marks_name_nobody_and_end(ledger: Ledger) -> None:
    one = decide()
    ledger.run(one)
    ledger.run(ForgetVisitor(SITE, one.subject))
    ((mark, until_ms),) = ledger.rows("mark, until_ms", "forgotten", "mark")
    assert len(mark) == 32
    assert one.subject != mark
    assert until_ms == NOW_MS + 31 * DAY_MS
    elsewhere = batch.Batch(ledger.database, writer_of(ledger.database), lambda: until_ms - 1)
    assert elsewhere.is_forgotten(SITE, one.subject)  # in another process, with the same seed
    ledger.now_ms = until_ms
    assert ledger.run(decide(token="cd" * 16)).created
    assert not batch.Batch(
        ledger.database, writer_of(ledger.database), lambda: until_ms
    ).is_forgotten(SITE, one.subject)


def test_a_halted_log_does_not_hinder_a_visitor(ledger: Ledger, database: Database) -> None:
    one = decide()
    ledger.run(one)
    database.execute_sql("UPDATE tile SET hashes = zeroblob(32)")
    other = Ledger(database)
    assert other.run(ForgetVisitor(SITE, one.subject)).records == 1
    with pytest.raises(LogHalted):
        other.run(Announce(SITE))
    assert len(other.pending()) == 2  # until it is repaired


def test_a_work_that_fails_later_in_the_batch_takes_nothing_with_it(ledger: Ledger) -> None:
    class Failing:
        def apply(self, work: Batch) -> None:
            raise LedgerError("no")

    one = decide()
    ledger.run(one)
    results = ledger.together(ForgetVisitor(SITE, one.subject), Failing(), decide())
    assert results[0].records == 1
    assert isinstance(results[1], LedgerError)
    assert ledger.held() == {1: "", 2: "se"}


# Announcing


def test_erasures_are_announced_together_and_once(ledger: Ledger) -> None:
    decisions = [decide() for _ in range(6)]
    ledger.together(*decisions)
    for number in (0, 1, 3):
        ledger.run(ForgetVisitor(SITE, decisions[number].subject))
    ledger.run(ForgetRecord(SITE, bytes.fromhex(decisions[4].record_id)))
    assert announce_pending(ledger.run, SITE) == 8
    assert announce_pending(ledger.run, SITE) == 0
    assert ledger.pending() == []
    (told,) = ledger.announced()
    assert told == {
        "schema": "consent-ledger/erasure/v1",
        "recorded_hour": "2026-11-21T22Z",
        "erased": [
            {"origin": ORIGIN_1, "part": part, "reason": reason, "indexes": indexes}
            for part in ("evidence", "subject")
            for reason, indexes in (("owner", [[5, 5]]), ("visitor", [[1, 2], [4, 4]]))
        ],
    }


def test_the_entry_of_an_announcement_is_what_was_committed_to(ledger: Ledger) -> None:
    one = decide()
    ledger.run(one)
    ledger.run(ForgetVisitor(SITE, one.subject))
    ledger.together(Announce(SITE), NoteAccess(SITE, "0" * 12, "manage", "erase", ("evidence",)))
    columns = "subject_part, subject_salt, evidence_part, evidence_salt"
    rows = ledger.rows(f"kind, record_id, subject, {columns}", "record WHERE kind <> 1")
    stored = ledger.rows("entry", "entry WHERE entry_index > 1")
    assert [row[:3] for row in rows] == [(2, None, None), (3, None, None)]
    assert [Opening(*row[3:]).entry(entry.Kind(row[0])) for row in rows] == stored
    assert [json.loads(row[3]) for row in rows] == [
        {"recorded_at": "2026-11-21T22:26:40.123Z"},
        {"recorded_at": "2026-11-21T22:26:40.123Z", "key": "0" * 12},
    ]
    assert json.loads(rows[1][5]) == {
        "schema": "consent-ledger/access/v1",
        "scope": "manage",
        "operation": "erase",
        "parts": ["evidence"],
        "recorded_hour": "2026-11-21T22Z",
    }


def test_a_long_list_is_announced_in_several_entries(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consent_ledger.accounting.MAX_ANNOUNCED", 3)
    decisions = [decide() for _ in range(4)]
    ledger.together(*decisions)
    for decision in decisions:
        ledger.run(ForgetVisitor(SITE, decision.subject))
    results = ledger.together(Announce(SITE), Announce(SITE))  # in one batch, not twice the same
    assert [(result.parts, result.more) for result in results] == [(3, True), (0, True)]
    assert announce_pending(ledger.run, SITE) == 5
    told = [
        (item["part"], first, last)
        for each in ledger.announced()
        for item in each["erased"]
        for first, last in item["indexes"]
    ]
    indexes = [(part, at) for part, first, last in told for at in range(first, last + 1)]
    assert sorted(indexes) == [(part, at) for part in ("evidence", "subject") for at in range(1, 5)]
    assert len(ledger.announced()) == 3


@pytest.mark.parametrize(("before", "beside"), [(1, 2), (2, 1)])
@pytest.mark.parametrize("is_behind", [True, False])
def test_an_erasure_in_the_batch_of_an_announcement_is_announced_by_the_next(
    ledger: Ledger, before: int, beside: int, is_behind: bool
) -> None:
    decisions = dict(zip((1, 2), (decide(), decide()), strict=True))
    ledger.together(*decisions.values())
    ledger.run(ForgetVisitor(SITE, decisions[before].subject))
    works = [Announce(SITE), ForgetVisitor(SITE, decisions[beside].subject)]
    ledger.together(*(works if is_behind else reversed(works)))
    assert ledger.pending() == both(beside, "visitor")
    assert ledger.announced()[0]["erased"][0]["indexes"] == [[before, before]]


@pytest.mark.parametrize(
    ("indexes", "ranges"),
    [([], []), ([4], [[4, 4]]), ([0, 1, 2, 4, 6, 7], [[0, 2], [4, 4], [6, 7]])],
)
def test_ranges_are_inclusive_and_do_not_touch(indexes: list[int], ranges: list[Any]) -> None:
    assert merge(indexes) == ranges


# Retention


def expire(ledger: Ledger) -> list[tuple[int, str]]:
    """Steps until nothing is due: how many decisions each touched, of which part."""
    steps = []
    more = True
    while more:
        destroyed, part, more = ledger.run(Expire(SITE))
        steps.append((destroyed.records, part))
    return steps


def test_subject_parts_expire_before_evidence_and_by_the_hour(ledger: Ledger) -> None:
    sites.set_site(ledger.database, SITE, subject_days=400, evidence_days=500)
    first, second = decide(), decide()
    ledger.run(first)
    ledger.now_ms += HOUR_MS
    ledger.run(second)
    hour_end = NOW_MS - NOW_MS % HOUR_MS + HOUR_MS
    ledger.now_ms = hour_end + 400 * DAY_MS - 1
    assert expire(ledger) == [(0, "subject")]
    ledger.now_ms += 1
    assert foresee_expiry(ledger.database, SITE, ledger.now_ms) == {"subject": 1}
    assert expire(ledger) == [(1, "subject")]
    assert ledger.held() == {1: "e", 2: "se"}
    assert ledger.preference(first) is None
    assert ledger.preference(second)
    assert ledger.pending() == [(1, "subject", "retention")]
    ledger.now_ms = hour_end + 500 * DAY_MS
    assert expire(ledger) == [(1, "subject"), (1, "evidence")]
    assert ledger.held() == {1: "", 2: "e"}
    assert expire(ledger) == [(0, "subject")]


def test_a_visitor_who_decided_again_since_keeps_their_preferences(ledger: Ledger) -> None:
    sites.set_site(ledger.database, SITE, subject_days=400)
    token = "ab" * 16
    first = decide(token=token)
    ledger.run(first)
    ledger.now_ms += 10 * DAY_MS
    ledger.run(decide(token=token, seq=2))
    ledger.now_ms = NOW_MS + 401 * DAY_MS
    assert expire(ledger) == [(1, "subject")]
    state = ledger.preference(first)
    assert state
    assert state["seq"] == 2
    assert first.record_id not in json.dumps(state)


def test_steps_are_bounded_and_go_on_where_the_last_one_ended(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert STEP <= 1000
    monkeypatch.setattr("consent_ledger.erasing.STEP", 4)
    ledger.together(*(decide() for _ in range(9)))
    ledger.run(ForgetRecord(SITE, ledger.rows("record_id")[2]))
    ledger.now_ms = NOW_MS + 1096 * DAY_MS
    assert expire(ledger) == [(2, "subject"), (4, "subject"), (2, "subject")]
    assert ledger.rows("subjects_from, evidence_from", "log", "site") == [(10, 0)]
    ledger.run(decide())
    assert expire(ledger) == [(0, "subject")]


def test_what_was_erased_on_request_does_not_expire_again(ledger: Ledger) -> None:
    one = decide()
    ledger.run(one)
    ledger.run(ForgetVisitor(SITE, one.subject))
    ledger.now_ms = NOW_MS + 2000 * DAY_MS
    assert expire(ledger) == [(0, "subject"), (0, "evidence")]
    assert ledger.pending() == both(1, "visitor")


def test_what_the_log_says_about_itself_never_expires(ledger: Ledger) -> None:
    one = decide()
    ledger.run(one)
    ledger.run(ForgetVisitor(SITE, one.subject))
    ledger.together(Announce(SITE), NoteAccess(SITE, "0" * 12, "audit", "export", ("evidence",)))
    ledger.now_ms = NOW_MS + 4000 * DAY_MS
    expire(ledger)
    opened = "subject_part IS NOT NULL AND evidence_part IS NOT NULL"
    assert ledger.rows("kind", f"record WHERE {opened}") == [2, 3]


def test_a_log_without_hours_expires_nothing(ledger: Ledger) -> None:
    ledger.run(decide())
    ledger.database.execute_sql("DELETE FROM hour")
    ledger.now_ms = NOW_MS + 4000 * DAY_MS
    assert expire(ledger) == [(0, "subject")]
    assert ledger.held() == {1: "se"}


def test_nothing_to_destroy_leaves_no_note(ledger: Ledger) -> None:
    class Nothing:
        def apply(self, work: Batch) -> Any:
            return destroy_parts(work, SITE, [], ("subject",), "owner")

    assert ledger.run(Nothing()) == (0, ())
    assert ledger.rows("count(*)", "meta WHERE key = 'remains'", "1") == [0]


def test_a_preference_that_grows_moves_and_leaves_only_a_random_key(ledger: Ledger) -> None:
    token = "ab" * 16
    one = decide(token=token, action="reject_all", choices=REFUSED)
    ledger.run(one)
    ledger.database.execute_sql("UPDATE preference SET state = rtrim(state)")
    ledger.run(decide(token=token, seq=2))
    rows = ledger.rows("subject, length(state)", "preference", "rowid")
    assert [(subject == one.subject, length) for subject, length in rows] == [
        (False, 0),
        (True, 512),
    ]
    assert ledger.preference(one)["seq"] == 2


def test_another_process_sees_what_was_forgotten(ledger: Ledger) -> None:
    one = decide()
    ledger.run(one)
    ledger.run(ForgetVisitor(SITE, one.subject))
    (done,) = commit(ledger.database, [one], lambda: NOW_MS)
    assert isinstance(done.error, VisitorForgotten)
