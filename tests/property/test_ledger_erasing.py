# SPDX-License-Identifier: MIT
"""The audit invariant: whatever happens in whatever order, each part is opened or accounted for."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from consent_banner.notice import Notice
from consent_ledger import batch, sites
from consent_ledger.accounting import Announce, NoteAccess
from consent_ledger.db import Database, initialise, open_database
from consent_ledger.erasing import Expire, ForgetRecord, ForgetVisitor
from consent_ledger.errors import RecordUnknown, VisitorForgotten, VisitorUnknown
from consent_ledger.log_writer import LogWriter
from consent_ledger.notices import Publish
from consent_ledger.opening import Opening
from consent_ledger.records import Decision
from consent_ledger.timestamps import DAY_MS
from consent_ledger.tlog.entry import Kind
from harness import ORIGIN, SITE, checked, sample_choices, sample_decision, sample_notice
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

NOTICE = Notice.load(sample_notice())
BODY = sample_decision(decided_at_ms=1_795_300_000_123)
TOKENS = ["a" * 32, "b" * 32, "c" * 32]
SUBJECT_DAYS, EVIDENCE_DAYS = 400, 500

tokens = st.sampled_from(TOKENS)
REFUSALS = (VisitorUnknown, RecordUnknown, VisitorForgotten)


def sent(token: str, seq: int, wanted: bool) -> Decision:
    choices = sample_choices(settings=wanted, counter=wanted, speed=wanted)
    body = BODY | {"id": secrets.token_hex(16), "token": token, "seq": seq, "choices": choices}
    body |= {"action": "customise", "control": "save"}
    return checked(body, NOTICE)


class Accounted(RuleBasedStateMachine):
    """A ledger on a disk, and a model of what each of its decisions should be."""

    made = Bundle("made")

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.data = Path(self.directory.name) / "data"
        initialise(self.data, "ledger.test")
        self.now_ms = 1_795_300_000_123
        self.database: Database = open_database(self.data)
        self.database.connect()
        self.writer = LogWriter.open(self.data)
        days = {"subject_days": SUBJECT_DAYS, "evidence_days": EVIDENCE_DAYS}
        sites.add_site(self.database, SITE, "Meridian", [ORIGIN], **days)
        self.stored: dict[str, Decision] = {}  # by record id: recorded, and not erased on request
        self.recorded_ms: dict[str, int] = {}
        self.write(Publish(SITE, NOTICE, "b" * 64, "c" * 64, "sha384-" + "A" * 64))

    def write(self, *works: Any) -> list[Any]:
        done = batch.commit(self.database, self.writer, works, lambda: self.now_ms)
        for one in done:
            assert one.error is None or isinstance(one.error, REFUSALS), one.error
        for work, one in zip(works, done, strict=True):
            if one.error is None:
                self.learn(work)
        return [one.error or one.result for one in done]

    def learn(self, work: Any) -> None:
        """What the model makes of a piece of work that was not refused."""
        if isinstance(work, Decision):
            if work.record_id not in self.stored:  # else it is only told again
                self.recorded_ms[work.record_id] = self.now_ms
            self.stored[work.record_id] = work
        elif isinstance(work, ForgetRecord) and work.only:
            self.stored.pop(work.record_id.hex(), None)
        elif isinstance(work, ForgetRecord):
            behind = self.stored.get(work.record_id.hex())
            if behind is not None:
                self.forget(behind.subject)
        elif isinstance(work, ForgetVisitor):
            self.forget(work.subject)

    def forget(self, subject: bytes) -> None:
        self.stored = {
            name: decision for name, decision in self.stored.items() if decision.subject != subject
        }

    @rule(target=made, token=tokens, seq=st.integers(1, 5), wanted=st.booleans())
    def decide(self, token: str, seq: int, wanted: bool) -> Decision:
        decision = sent(token, seq, wanted)
        self.write(decision)
        return decision

    @rule(decisions=st.lists(made, min_size=1, max_size=3))
    def deliver_again(self, decisions: list[Decision]) -> None:
        """What is stored is not stored twice, and what was erased does not come back."""
        recent = [one for one in decisions if one.record_id in self.recorded_ms]
        size = self.size()
        expired = self.now_ms - SUBJECT_DAYS * DAY_MS
        recent = [one for one in recent if self.recorded_ms[one.record_id] > expired]
        known, recorded_ms = set(self.stored), dict(self.recorded_ms)
        results = self.write(*recent)
        for decision, result in zip(recent, results, strict=True):
            if decision.record_id in known:
                assert not getattr(result, "created", False)
            elif not isinstance(result, VisitorForgotten):
                # only once its mark has ended
                assert self.now_ms - recorded_ms[decision.record_id] > 31 * DAY_MS
        assert self.size() >= size

    @rule(token=tokens)
    def forget_me(self, token: str) -> None:
        self.write(ForgetVisitor(SITE, sent(token, 1, True).subject))

    @rule(decision=made, only=st.booleans())
    def forget_them(self, decision: Decision, only: bool) -> None:
        self.write(ForgetRecord(SITE, bytes.fromhex(decision.record_id), only, "0" * 12))

    @rule(token=tokens, decision=made, order=st.permutations(range(6)))
    def all_at_once(self, token: str, decision: Decision, order: list[int]) -> None:
        """In one batch, in any order."""
        new = sent(token, 3, True)
        works = [
            new,
            ForgetVisitor(SITE, new.subject),
            sent(token, 4, False),
            ForgetRecord(SITE, bytes.fromhex(decision.record_id), only=True),
            Announce(SITE),
            Expire(SITE),
        ]
        self.write(*(works[at] for at in order))

    @rule()
    def announce(self) -> None:
        self.write(Announce(SITE), NoteAccess(SITE, "0" * 12, "audit", "export", ("evidence",)))

    @rule(days=st.sampled_from([1, 40, 250]))
    def let_time_pass_and_expire(self, days: int) -> None:
        self.now_ms += days * DAY_MS
        (expired,) = self.write(Expire(SITE))
        while expired.more:
            (expired,) = self.write(Expire(SITE))
        kept = self.now_ms - (SUBJECT_DAYS + 1) * DAY_MS
        self.stored = {
            name: one for name, one in self.stored.items() if self.recorded_ms[name] > kept
        }

    @rule()
    def restart(self) -> None:
        self.database.close_all()
        self.database = open_database(self.data)
        self.database.connect()
        self.writer = LogWriter.open(self.data)

    def size(self) -> int:
        return sites.get_site(self.database, SITE).size

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.database.execute_sql(sql).fetchall()

    @invariant()
    def each_part_is_opened_or_accounted_for_exactly_once(self) -> None:
        if not hasattr(self, "database"):
            return
        told: Counter[tuple[int, str]] = Counter()
        sql = "SELECT entry_index, kind, evidence_part FROM record WHERE kind = 2"
        for at, _, part in self.rows(sql):
            for item in json.loads(part)["erased"]:
                assert item["origin"] == f"ledger.test/{SITE}/1"
                for first, last in item["indexes"]:
                    assert last < at  # by a later entry
                    told.update((index, item["part"]) for index in range(first, last + 1))
        told.update(self.rows("SELECT entry_index, part FROM pending"))
        left = self.rows(
            "SELECT entry_index, kind, entry, subject_part, subject_salt, evidence_part, "
            "evidence_salt FROM record JOIN entry USING (site, generation, entry_index)"
        )
        erased = set()
        for at, kind, data, *opening in left:
            for part, (payload, salt) in (("subject", opening[:2]), ("evidence", opening[2:])):
                assert (payload is None) == (salt is None)
                if payload is None:
                    erased.add((at, part))
            if None not in opening:
                assert Opening(*opening).entry(Kind(kind)) == data
        assert told == Counter(erased)
        assert len(left) == self.size() - 1  # all but the publication have a row

    @invariant()
    def what_is_stored_is_what_nobody_erased(self) -> None:
        if not hasattr(self, "database"):
            return
        ids = {bytes(name).hex() for (name,) in self.rows("SELECT record_id FROM record") if name}
        passed = self.now_ms - (SUBJECT_DAYS + 1) * DAY_MS
        young = {name for name in self.stored if self.recorded_ms[name] > passed}
        assert young <= ids <= set(self.recorded_ms)
        assert all(name in self.stored for name in ids)

    @invariant()
    def preferences_rest_on_a_stored_decision(self) -> None:
        if not hasattr(self, "database"):
            return
        for subject, state in self.rows(
            "SELECT subject, state FROM preference WHERE length(state) > 0"
        ):
            found = json.loads(state)
            decision = self.stored[found["record"]]
            assert decision.subject == subject
            assert decision.seq == found["seq"]

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close_all()
            self.directory.cleanup()


TestAccounted = Accounted.TestCase
TestAccounted.settings = settings(
    max_examples=25,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
