# SPDX-License-Identifier: MIT
"""The whole ledger, whatever happens in whatever order: decisions, erasures, expiry, rotations,
publications, crashes, restored copies. An auditor who keeps everything ever handed out finds one
history, each part accounted for, and nothing else missing than what a restored copy had lost.

`World` is a plain model of what the database should hold; it is copied with each backup.
"""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

import peewee
import pytest
from consent_banner import canonical
from consent_banner.notice import Notice
from consent_ledger import batch, sites
from consent_ledger.bundle import Bundle as ExportBundle
from consent_ledger.db import initialise
from consent_ledger.eraser import Eraser
from consent_ledger.erasing import ForgetRecord, ForgetVisitor
from consent_ledger.errors import (
    Conflict,
    LogHalted,
    NoticeUnknown,
    RecordConflict,
    RecordUnknown,
    SetupError,
    VisitorForgotten,
    VisitorUnknown,
)
from consent_ledger.export import prepare_export
from consent_ledger.export_range import EVERYTHING, Range
from consent_ledger.forgotten import LIFETIME_MS
from consent_ledger.history import read_history, read_preferences
from consent_ledger.log_writer import LogWriter
from consent_ledger.models import TABLES, Entry, Hour, Log, LogKey, Pending, Record
from consent_ledger.notices import Publications, Publish, PutInForce
from consent_ledger.records import Decision
from consent_ledger.rotation import OVERLAP_DAYS, Rotate
from consent_ledger.signing import SigningKeys
from consent_ledger.succession import continue_unjournaled, open_for_writing
from consent_ledger.timestamps import DAY_MS, HOUR_MS
from consent_ledger.tlog import merkle
from consent_ledger.tlog.checkpoint import open_checkpoint
from consent_ledger.tlog.entry import (
    Kind,
    evidence_commitment,
    parse_entry,
    subject_commitment,
)
from consent_ledger.tlog.note import VerifierKey, parse_note
from consent_ledger.tlog.receipts import read_receipt, verify_receipt
from consent_ledger.verify.bundle import verify_bundle
from consent_ledger.verify.report import FAILED, VERIFIED, Report
from consent_ledger.verify.single import verify_receipt_file
from consent_ledger.verify.trust import Pinned
from consent_ledger.visitors import subject_hash
from harness import ORIGIN, SITE, checked, sample_choices, sample_decision, sample_notice
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

NOW_MS = 1_795_300_000_123
NOTICE = Notice.load(sample_notice())
BODY = sample_decision(decided_at_ms=NOW_MS)
TOKENS = ["a" * 32, "b" * 32]
SUBJECT_MS, EVIDENCE_MS = 1095 * DAY_MS, 1825 * DAY_MS  # what a site keeps unless it says otherwise
OWNER_KEY = "0123456789ab"

tokens = st.sampled_from(TOKENS)
seqs = st.integers(1, 3)  # few, so that they often tie or come late
builds = st.integers(0, 7)

Place = tuple[int, int]  # generation and index


class CrashError(Exception):
    """The process dies: nothing after this point is executed."""


class Stored(NamedTuple):
    """A decision as the ledger recorded it."""

    decision: Decision
    place: Place
    recorded_ms: int


@dataclass
class World:
    """What the database should hold."""

    newest: int = 1  # generation
    sizes: dict[int, int] = field(default_factory=lambda: {1: 0})  # by generation
    lost: dict[int, tuple[int, int]] = field(default_factory=dict)  # held of signed, by generation
    keys: dict[int, int] = field(default_factory=lambda: {1: 1})  # version of the newest
    last_ms: int = 0
    overlap_until_ms: int = 0
    published: list[str] = field(default_factory=list)  # builds; the last one is in force
    records: dict[str, Stored] = field(default_factory=dict)  # those whose subject part is there
    stored: dict[Place, Stored] = field(default_factory=dict)  # and all that ever were
    erased: dict[tuple[Place, str], str] = field(default_factory=dict)  # part to reason
    marks: dict[bytes, int] = field(default_factory=dict)  # subject or record id, until when
    sent: dict[str, list[Stored]] = field(default_factory=dict)  # what preferences follow from

    def copied(self) -> World:
        """Another that changes by itself; what was stored is shared, since that never changes."""
        made = {each.name: copy.copy(getattr(self, each.name)) for each in fields(self)}
        return World(**made | {"sent": {token: [*each] for token, each in self.sent.items()}})

    def of(self, token: str) -> list[Stored]:
        subject = subject_hash(SITE, token)
        found = [each for each in self.records.values() if each.decision.subject == subject]
        return sorted(found, key=lambda each: each.place)

    def is_marked(self, now_ms: int, *names: bytes) -> bool:
        return any(self.marks.get(name, 0) > now_ms for name in names)

    def mark(self, now_ms: int, *names: bytes) -> None:
        self.marks.update(dict.fromkeys(names, now_ms + LIFETIME_MS))

    def destroy(self, each: Stored, part: str, reason: str) -> None:
        """One part; the preferences that rest on it go with a subject part."""
        self.erased.setdefault((each.place, part), reason)
        if part == "subject":
            self.records.pop(each.decision.record_id, None)
            token = token_of(each)
            rests_on = named(self.sent[token]) if self.sent.get(token) else None
            if rests_on is not None and rests_on.place == each.place:
                self.sent[token] = []


def token_of(each: Stored) -> str:
    return next(
        token
        for token in [*TOKENS, "d" * 32, "e" * 32]
        if subject_hash(SITE, token) == each.decision.subject
    )


def granted(decision: Decision) -> dict[str, bool]:
    return {**decision.categories, **decision.services}


def tied(sent: list[Stored]) -> list[Stored]:
    """Those with the highest number: two tabs can use the same one."""
    top = max(each.decision.seq for each in sent)
    return [each for each in sent if each.decision.seq == top]


def named(sent: list[Stored]) -> Stored:
    return min(
        tied(sent),
        key=lambda each: (sum(granted(each.decision).values()), each.decision.record_id),
    )


def statuses(sent: list[Stored]) -> dict[str, str]:
    """The refusal wins, and what came late changes nothing but what was given before."""
    last = tied(sent)
    top = last[0].decision.seq
    found = {}
    for key in granted(last[0].decision):
        if all(granted(each.decision)[key] for each in last):
            found[key] = "given"
        elif any(each.decision.seq < top and granted(each.decision)[key] for each in sent):
            found[key] = "withdrawn"
        else:
            found[key] = "refused"
    return found


class Auditor:
    """Keeps all that was ever handed out, and believes only the first key of each log."""

    def __init__(self) -> None:
        self.pinned: dict[str, str] = {}
        self.receipts: dict[tuple[str, bytes], bytes] = {}  # by their origin and last checkpoint
        self.checkpoints: dict[tuple[str, int], bytes] = {}
        self.links: dict[str, list[tuple[str, str, bytes]]] = {}  # old key, new key, both signed
        self.roots: dict[str, list[bytes]] = {}  # at each size, of the entries as they were seen
        self.trees: dict[str, merkle.CompactRange] = {}

    def see(self, origin: str, first: int, entries: list[bytes]) -> None:
        """Takes in entries from *first* on; those seen before must make the same tree."""
        roots = self.roots.setdefault(origin, [merkle.EMPTY_ROOT])
        tree = self.trees.setdefault(origin, merkle.CompactRange())
        assert first == len(roots) - 1
        for entry in entries:
            tree.extend([merkle.leaf_hash(entry)])
            roots.append(tree.root())

    def keep(self, origin: str, note: bytes) -> None:
        found = open_checkpoint(note, origin, self.trusted(origin)).checkpoint
        kept = self.checkpoints.setdefault((origin, found.size), note)
        known = open_checkpoint(kept, origin, self.trusted(origin)).checkpoint
        assert known == found, "two trees of the same size were signed"

    def trusted(self, origin: str) -> list[VerifierKey]:
        """The pinned key, and each that it leads to by a checkpoint that two keys signed."""
        keys = [VerifierKey.parse(self.pinned[origin])]
        for old, new, note in self.links.get(origin, []):
            introduced = VerifierKey.parse(new)
            assert keys[-1].vkey == old
            assert open_checkpoint(note, origin, [keys[-1]]) is not None
            assert open_checkpoint(note, origin, [introduced]) is not None
            keys.append(introduced)
        return keys


def log_name(generation: int) -> str:
    return f"ledger.test/{SITE}/{generation}"


class WholeLedger(RuleBasedStateMachine):
    made = Bundle("made")

    # --- the ledger -------------------------------------------------------------------------------

    @initialize(target=made)
    def begin(self) -> MultipleResults[Decision]:
        """There is a decision of each visitor, and a copy that holds them."""
        self.directory = tempfile.TemporaryDirectory()
        self.data = Path(self.directory.name) / "data"
        self.now_ms = NOW_MS
        self.count = 0
        self.world = World()
        self.auditor = Auditor()
        self.signed: dict[int, int] = {}  # the last size told to anybody, by generation
        self.copies: list[World] = []
        self.ever_erased: dict[tuple[Place, str], str] = {}
        self.ever_stored: dict[Place, Stored] = {}
        initialise(self.data, "ledger.test")
        self.pin(1)
        self.open()
        sites.add_site(self.database, SITE, "Meridian", [ORIGIN])
        self.publish()
        decisions = [self.decide(token, 1, "accept_all", True, 0) for token in TOKENS]
        self.send(*decisions)
        self.back_up()
        return multiple(*decisions)

    def pin(self, generation: int) -> None:
        origin = log_name(generation)
        self.auditor.pinned[origin] = SigningKeys.read(self.data).signer(origin).key.vkey

    def open(self) -> None:
        """A process begins; what one before it left unfinished is the server's to finish."""
        self.database, self.writer = open_for_writing(self.data, 4, clock=lambda: self.now_ms)
        self.eraser = Eraser(self.database, self.run, self.writer.journal)
        self.publications = Publications(self.database)

    def close(self) -> None:
        self.database.close_all()

    def run(self, work: Any) -> Any:
        (done,) = batch.commit(self.database, self.writer, [work], lambda: self.now_ms)
        if done.error is not None:
            raise done.error
        return done.result

    def write(self, *works: batch.Work) -> list[batch.Done]:
        return batch.commit(self.database, self.writer, works, lambda: self.now_ms)

    @property
    def time_ms(self) -> int:
        """Server time of what is written now."""
        return max(self.now_ms, self.world.last_ms)

    # --- decisions --------------------------------------------------------------------------------

    def decide(self, token: str, seq: int, action: str, wanted: bool, build: int) -> Decision:
        self.count += 1
        body = BODY | {
            "id": hashlib.sha256(b"%d" % self.count).hexdigest()[:32],
            "token": token,
            "seq": seq,
            "action": action,
            "control": "accept_all" if wanted else "reject_all",
            "choices": sample_choices(settings=wanted, counter=wanted, speed=wanted),
            "build": self.world.published[build % len(self.world.published)],
        }
        return checked(body, NOTICE)

    def appended(self, entries: int = 1) -> Place:
        """The place of the first of so many entries that were written now."""
        world = self.world
        place = world.newest, world.sizes[world.newest]
        world.sizes[world.newest] += entries
        world.last_ms = self.time_ms
        return place

    def store(self, decision: Decision) -> None:
        """The model takes in what the ledger appended."""
        time_ms = self.time_ms
        stored = Stored(decision, self.appended(), time_ms)
        world = self.world
        world.records[decision.record_id] = stored
        world.stored[stored.place] = self.ever_stored[stored.place] = stored
        world.sent.setdefault(token_of(stored), []).append(stored)

    def send(self, *decisions: Decision) -> list[Any]:
        """Posts a group; each gets the answer that the model foresees, or there is a fault."""
        known = [each for each in decisions if self.is_published(each)]
        done = self.write(*known)
        for decision, one in zip(known, done, strict=True):
            world, record = self.world, bytes.fromhex(decision.record_id)
            kept = world.records.get(decision.record_id)
            if world.is_marked(self.now_ms, decision.subject, record):
                assert isinstance(one.error, VisitorForgotten), one
            elif kept is None:
                assert one.error is None, one.error
                assert one.result.created
                self.store(decision)
            elif granted(kept.decision) != granted(decision):
                assert isinstance(one.error, RecordConflict), one
            else:
                assert one.error is None, one.error
                assert not one.result.created
                assert one.result.receipt.index == kept.place[1]
        self.take_receipts(done)
        return done

    def is_published(self, decision: Decision) -> bool:
        """What the ledger asks before it takes a decision in."""
        is_known = decision.build in self.world.published
        # Remembered ones are of this process, which a restored copy ends.
        try:
            shown = self.publications.shown(SITE, decision.build[: 16 + 3 * decision.seq])
        except NoticeUnknown:
            assert not is_known
            return False
        assert (shown.build, shown.notice.sha256) == (decision.build, decision.notice)
        assert is_known
        return True

    def take_receipts(self, done: list[batch.Done], most: int = 8) -> None:
        for one in [each for each in done if each.error is None][:most]:
            receipt = one.result.receipt.to_json()
            read = read_receipt(receipt)
            self.auditor.receipts[read.origin, receipt] = receipt
            self.auditor.keep(read.origin, read.file.checkpoint)
            if one.result.created:
                self.check_signers(read.origin, read.file.checkpoint)

    def check_signers(self, origin: str, note: bytes) -> None:
        """Until an overlap ends the key before the newest signs as well, and after it no more."""
        keys = self.auditor.trusted(origin)
        is_overlapping = len(keys) > 1 and self.time_ms < self.world.overlap_until_ms
        in_use = keys[-2:] if is_overlapping else keys[-1:]
        signatures = parse_note(note).signatures
        assert [each.key_id for each in signatures] == [key.key_id for key in in_use]

    @rule(target=made, token=tokens, seq=seqs, build=builds)
    def accept(self, token: str, seq: int, build: int) -> Decision:
        decision = self.decide(token, seq, "accept_all", True, build)
        self.send(decision)
        return decision

    @rule(target=made, token=tokens, seq=seqs, wanted=st.booleans(), build=builds)
    def change(self, token: str, seq: int, wanted: bool, build: int) -> Decision:
        decision = self.decide(token, seq, "customise", wanted, build)
        self.send(decision)
        return decision

    @rule(target=made, token=tokens, seq=seqs, build=builds)
    def withdraw(self, token: str, seq: int, build: int) -> Decision:
        decision = self.decide(token, seq, "withdraw", False, build)
        self.send(decision)
        return decision

    @rule(decisions=st.lists(made, min_size=1, max_size=4), token=tokens)
    def deliver_late_and_again(self, decisions: list[Decision], token: str) -> None:
        """Repeats in one group with a new one, before and behind it."""
        new = self.decide(token, 1, "accept_all", True, 0)
        self.send(*decisions, new, new)

    @rule(decision=made)
    def send_other_content_with_the_same_id(self, decision: Decision) -> None:
        wanted = not all(granted(decision).values())
        body = BODY | {
            "id": decision.record_id,
            "token": TOKENS[0],
            "action": "customise",
            "control": "save",
            "choices": sample_choices(settings=wanted, counter=wanted, speed=wanted),
            "build": decision.build,
        }
        self.send(checked(body, NOTICE))

    @rule(count=st.integers(100, 300))
    def crowd(self, count: int) -> None:
        """Enough at once to fill tiles, by visitors who leave at once."""
        crowd = [self.decide("d" * 32, 1, "accept_all", True, -1) for _ in range(count)]
        self.send(*crowd)

    # --- erasing ----------------------------------------------------------------------------------

    def forget(self, held: list[Stored], reason: str, *names: bytes) -> None:
        self.world.mark(self.now_ms, *names)
        for each in held:
            for part in ("subject", "evidence"):
                self.world.destroy(each, part, reason)
                self.ever_erased.setdefault((each.place, part), reason)

    @rule(token=tokens)
    def erase_visitor(self, token: str) -> None:
        subject = subject_hash(SITE, token)
        held = self.world.of(token)
        if not held and not self.world.is_marked(self.now_ms, subject):
            with pytest.raises(VisitorUnknown):
                self.eraser.erase(ForgetVisitor(SITE, subject))
            return
        answer = self.eraser.erase(ForgetVisitor(SITE, subject))
        assert answer.gone
        assert answer.records == len(held)
        if held:
            self.forget(held, "visitor", subject)
            self.world.sent[token] = []

    @rule(
        token=tokens,
        which=st.integers(0, 2),
        only=st.booleans(),
        key=st.sampled_from(["", OWNER_KEY]),
    )
    def erase_by_owner(self, token: str, which: int, only: bool, key: str) -> None:
        """One of the visitor's decisions, the newest first, or one that they once made."""
        held = self.world.of(token) or self.once_made_by(token)
        record = bytes.fromhex(held[-1 - which % len(held)].decision.record_id)
        work = ForgetRecord(SITE, record, only, key)
        found = self.world.records.get(record.hex())
        if found is None and not self.world.is_marked(self.now_ms, record):
            with pytest.raises(RecordUnknown):
                self.eraser.erase(work)
            return
        held = [] if found is None else [found] if only else self.world.of(token_of(found))
        answer = self.eraser.erase(work)
        assert answer.gone
        assert answer.records == len(held)
        if key:
            self.appended()  # its use stands in the log
        if found is None:
            return
        names = [record] if only else [record, found.decision.subject]
        self.forget(held, "owner", *names)
        if not only:
            self.world.sent[token_of(found)] = []

    def once_made_by(self, token: str) -> list[Stored]:
        return [each for each in self.ever_stored.values() if token_of(each) == token]

    @rule(token=tokens)
    def decide_and_erase_in_one_group(self, token: str) -> None:
        decision = self.decide(token, 3, "accept_all", True, -1)
        if self.world.is_marked(self.now_ms, decision.subject):
            return
        held = self.world.of(token)

        def run(work: Any) -> Any:
            if not isinstance(work, ForgetVisitor):
                return self.run(work)
            first, erased, again = self.write(decision, work, decision)
            assert isinstance(again.error, VisitorForgotten)
            self.take_receipts([first])
            return erased.result

        eraser = Eraser(self.database, run, self.writer.journal)
        answer = eraser.erase(ForgetVisitor(SITE, decision.subject))
        assert answer == (len(held) + 1, True)
        self.store(decision)
        self.forget(self.world.of(token), "visitor", decision.subject)
        self.world.sent[token] = []

    @rule(years=st.sampled_from([0, 0, 1, 3.1, 5.1]))
    def purge(self, years: float) -> None:
        """After a while. Hours go as a whole, so nothing of the one that is just ending."""
        self.now_ms += int(years * 365) * DAY_MS
        self.eraser.expire(SITE)
        assert self.eraser.clear()
        self.eraser.drop_marks(self.now_ms)
        for part, kept_ms in (("subject", SUBJECT_MS), ("evidence", EVIDENCE_MS)):
            limit = (self.now_ms - kept_ms) // HOUR_MS
            for place, each in self.world.stored.items():
                is_there = (place, part) not in self.world.erased
                if is_there and each.recorded_ms // HOUR_MS < limit:
                    self.world.destroy(each, part, "retention")
                    self.ever_erased.setdefault((place, part), "retention")

    @rule()
    def announce(self) -> None:
        is_pending = bool(self.pending())
        self.eraser.announce_pending(SITE)
        if is_pending:
            self.appended()

    def pending(self) -> set[tuple[Place, str]]:
        query = Pending.select(Pending.generation, Pending.entry_index, Pending.part)
        return {((g, i), part) for g, i, part in query.tuples().execute(self.database)}

    @rule(step=st.sampled_from([-HOUR_MS, 20_000, HOUR_MS, 32 * DAY_MS, 400 * DAY_MS]))
    def wait(self, step: int) -> None:
        """Or set the clock back, with which server time does not go."""
        self.now_ms += step

    # --- keys and publications --------------------------------------------------------------------

    @rule(at_once=st.booleans())
    def rotate(self, at_once: bool) -> None:
        world = self.world
        is_overlapping = world.keys[world.newest] > 1 and self.time_ms < world.overlap_until_ms
        (done,) = self.write(Rotate(SITE, at_once=at_once))
        if is_overlapping and not at_once:
            assert isinstance(done.error, Conflict)
            return
        assert done.error is None
        time_ms = self.time_ms
        world.overlap_until_ms = time_ms + (0 if at_once else OVERLAP_DAYS * DAY_MS)
        place = self.appended()
        world.keys[place[0]] += 1
        assert (done.result.origin, done.result.index) == (log_name(place[0]), place[1])
        query = LogKey.select(LogKey.checkpoint).where(
            (LogKey.generation == place[0]) & (LogKey.version == world.keys[place[0]])
        )
        (note,) = query.tuples().get(self.database)
        links = self.auditor.links.setdefault(done.result.origin, [])
        links.append((done.result.previous, done.result.key, bytes(note)))
        self.auditor.keep(done.result.origin, bytes(note))

    @rule()
    def publish(self) -> None:
        self.count += 1
        build = hashlib.sha256(b"build %d" % self.count).hexdigest()
        self.run(Publish(SITE, NOTICE, build, "c" * 64, "sha384-" + "A" * 64))
        self.world.published.append(build)
        self.appended()

    @rule(which=builds)
    def put_an_older_build_in_force(self, which: int) -> None:
        published = self.world.published
        build = published[which % len(published)]
        result = self.run(PutInForce(SITE, build))
        assert result.created is (build != published[-1])
        if result.created:
            published.append(build)
            self.appended()

    # --- processes that end, and copies -----------------------------------------------------------

    @rule()
    def write_elsewhere(self) -> None:
        """Another process, such as a command, writes in between."""
        mine, self.writer = self.writer, LogWriter.open(self.data)
        self.send(self.decide("e" * 32, 1, "accept_all", True, -1))
        self.writer = mine

    @rule()
    def fail(self) -> None:
        """A transaction that is rolled back after it was signed."""
        self.database.execute_sql(
            "CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        with pytest.raises(peewee.IntegrityError):
            self.write(self.decide("d" * 32, 1, "accept_all", True, -1))
        self.database.execute_sql("DROP TRIGGER full")

    @rule()
    def restart(self) -> None:
        self.close()
        self.open()

    @rule()
    def begin_to_serve(self) -> None:
        """What a server does first."""
        self.eraser.doubt()
        assert self.eraser.clear()

    @rule(
        token=tokens,
        erases=st.booleans(),
        then=st.sampled_from(["goes on", "copy", "announced, then copy"]),
    )
    def crash_between_commit_and_journal(self, token: str, erases: bool, then: str) -> None:
        """Nobody was told. Then a copy may take the database's place before it is opened again, or
        after a command has announced what the journal does not know yet."""
        before = self.world.copied()
        held = self.world.of(token)
        works: list[Any] = [self.decide("e" * 32, 1, "accept_all", True, -1)]
        if erases and held:
            works.append(ForgetVisitor(SITE, subject_hash(SITE, token)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LogWriter, "keep_head", _crash)
            with pytest.raises(CrashError):
                self.write(*works)
        self.close()
        has_copy = bool(self.copies) and len(self.signed) < 6
        if then == "copy" and has_copy:
            self.world = before
            self.put_back(len(self.copies) - 1)
            return
        self.store(works[0])
        if len(works) > 1:
            self.forget(held, "visitor", subject_hash(SITE, token))
            self.world.sent[token] = []
        self.open()
        if then == "goes on":
            self.begin_to_serve()
            return
        self.announce()
        self.all_holds()  # so that the auditor has seen it
        if has_copy:
            self.close()
            self.put_back(len(self.copies) - 1)

    @precondition(lambda self: len(self.copies) < 4)
    @rule()
    def back_up(self) -> None:
        self.close()
        shutil.copy(self.data / "ledger.db", self.copy_path(len(self.copies)))
        self.copies.append(self.world.copied())
        self.open()

    def copy_path(self, number: int) -> Path:
        return Path(self.directory.name) / f"copy-{number}"

    @precondition(lambda self: self.copies and len(self.signed) < 6)
    @rule(which=st.integers(0, 3), is_running=st.booleans(), token=st.none() | tokens)
    def restore(self, which: int, is_running: bool, token: str | None) -> None:
        """Perhaps after somebody was erased whom the copy still holds."""
        number = which % len(self.copies)
        if token is not None:
            self.erase_visitor(token)
            self.all_holds()
        if is_running:
            other = self.data / "other"
            shutil.copy(self.copy_path(number), other)
            other.rename(self.data / "ledger.db")
            (done,) = self.write(self.decide("d" * 32, 1, "accept_all", True, -1))
            assert isinstance(done.error, LogHalted)
        self.close()
        self.put_back(number)

    def put_back(self, number: int) -> None:
        """A copy takes the database's place, and a process begins."""
        for left in self.data.glob("ledger.db*"):
            left.unlink()
        shutil.copy(self.copy_path(number), self.data / "ledger.db")
        self.world = self.copies[number].copied()
        self.erase_again()
        self.succeed()
        self.open()

    def erase_again(self) -> None:
        """What was erased since the copy was made is erased in it, and marked unless it expired."""
        world = self.world
        for (place, part), reason in self.ever_erased.items():
            stored = world.stored.get(place)
            if stored is None or stored != self.ever_stored[place] or (place, part) in world.erased:
                continue
            world.destroy(stored, part, reason)
            if reason != "retention":
                record = bytes.fromhex(stored.decision.record_id)
                world.mark(self.now_ms, stored.decision.subject, record)

    def succeed(self) -> None:
        """The log goes on as its next generation when the copy lacks what was told."""
        world = self.world
        behind = {
            generation: size
            for generation, size in self.signed.items()
            if generation >= world.newest and size > world.sizes.get(generation, 0)
        }
        if not behind:
            return
        for generation in behind:
            world.lost[generation] = world.sizes.get(generation, 0), behind[generation]
        self.begin_generation(max(self.signed) + 1, len(behind))  # an anchor for each

    def begin_generation(self, generation: int, anchors: int) -> None:
        world = self.world
        world.newest = generation
        world.sizes[generation] = anchors
        world.keys[generation] = 1
        world.last_ms = self.time_ms
        self.pin(generation)

    @precondition(lambda self: len(self.signed) < 6 and self.signed == self.world.sizes)
    @rule()
    def lose_the_journal(self) -> None:
        """Nobody knows then what was signed last, so the log goes on as its next generation."""
        self.close()
        shutil.rmtree(self.data / "journal")
        with pytest.raises(SetupError):
            self.open()
        self.begin_generation(self.world.newest + 1, 1)
        found = continue_unjournaled(self.data, lambda: self.now_ms)
        assert found == [log_name(self.world.newest)]
        # What was erased in another copy, and not in this one, nobody knows any more either.
        self.ever_erased = dict(self.world.erased)
        self.open()
        self.begin_to_serve()

    # --- what holds after each step ---------------------------------------------------------------

    @invariant()
    def all_holds(self) -> None:
        self.there_is_one_history()
        self.each_part_opens_its_entry_or_is_accounted_for()
        self.visitors_are_told_what_the_model_says()
        self.what_was_erased_is_in_no_table()

    def there_is_one_history(self) -> None:
        """The signed head is the root of the entries, and continues all that was ever seen."""
        generation = self.world.newest
        origin, size = log_name(generation), self.world.sizes[generation]
        query = Log.select(Log.origin, Log.generation, Log.size, Log.root, Log.checkpoint)
        (*head, root, checkpoint) = (
            query.order_by(Log.generation.desc()).tuples().first(self.database)
        )
        assert head == [origin, generation, size]
        seen = len(self.auditor.roots.get(origin, [b""])) - 1
        rows = Entry.select(Entry.entry_index, Entry.entry).order_by(Entry.entry_index)
        new = rows.where((Entry.generation == generation) & (Entry.entry_index >= seen))
        entries = list(new.tuples().execute(self.database))
        assert [index for index, _ in entries] == list(range(seen, size))
        self.auditor.see(origin, seen, [bytes(entry) for _, entry in entries])
        assert self.auditor.roots[origin][size] == root
        self.auditor.keep(origin, checkpoint)
        self.signed[generation] = size
        assert self.writer.journal.head(SITE, generation) == (origin, size, root)

    def each_part_opens_its_entry_or_is_accounted_for(self) -> None:
        accounted = self.pending() | self.announced()
        rows = self.database.execute_sql(
            "SELECT generation, entry_index, entry, subject_part, subject_salt, evidence_part, "
            "evidence_salt, record_id, subject FROM record JOIN entry "
            "USING (site, generation, entry_index)"
        )
        erased = set()
        for generation, index, entry, *parts in rows:
            place, parsed = (generation, index), parse_entry(bytes(entry))
            subject, subject_salt, evidence, evidence_salt, *names = parts
            if subject is None:
                assert [subject_salt, *names] == [None, None, None]
                erased.add((place, "subject"))
            else:
                found = subject_commitment(subject_salt, subject)
                assert found == parsed.subject_commitment
            if evidence is None:
                assert evidence_salt is None
                erased.add((place, "evidence"))
            else:
                found = evidence_commitment(evidence_salt, evidence)
                assert found == parsed.evidence_commitment
        assert erased <= accounted
        assert erased == self.world.erased.keys()

    def announced(self) -> set[tuple[Place, str]]:
        """What erasure entries name, each of them after what it names."""
        query = Record.select(Record.generation, Record.entry_index, Record.evidence_part)
        found = set()
        rows = query.where(Record.kind == Kind.ERASURE).tuples().execute(self.database)
        for generation, index, evidence in rows:
            for item in json.loads(evidence)["erased"]:
                about = int(item["origin"].rpartition("/")[2])
                for first, last in item["indexes"]:
                    assert (about, last) < (generation, index)
                    places = [(about, each) for each in range(first, last + 1)]
                    found.update((place, item["part"]) for place in places)
                    for place in places:
                        if (place, item["part"]) in self.world.erased:
                            reason = self.world.erased[place, item["part"]]
                            assert reason == item["reason"]
        return found

    def visitors_are_told_what_the_model_says(self) -> None:
        for token in TOKENS:
            subject, sent = subject_hash(SITE, token), self.world.sent.get(token)
            if sent:
                told = json.loads(read_preferences(self.database, SITE, subject))
                assert told["statuses"] == statuses(sent)
                assert told["record"] == named(sent).decision.record_id
            else:
                with pytest.raises(VisitorUnknown):
                    read_preferences(self.database, SITE, subject)
            held = self.world.of(token)
            if held:
                told = json.loads(read_history(self.database, SITE, subject, 1000, None))
                records = [one["subject"]["part"]["id"] for one in told["records"]]
                assert records == [each.decision.record_id for each in reversed(held)]
            else:
                with pytest.raises(VisitorUnknown):
                    read_history(self.database, SITE, subject, 1000, None)

    def what_was_erased_is_in_no_table(self) -> None:
        world = self.world
        gone: set[bytes] = set()
        for place, part in world.erased:
            decision = world.stored[place].decision
            if part == "subject" and decision.record_id not in world.records:
                gone |= {bytes.fromhex(decision.record_id), decision.record_id.encode()}
            gone.add(decision.subject_salt if part == "subject" else decision.evidence_salt)
        # Salts stay with a decision that is sent again; then it is stored again.
        for each in world.records.values():
            gone -= {each.decision.subject_salt, each.decision.evidence_salt}
        for place, each in world.stored.items():
            if (place, "evidence") not in world.erased:
                gone.discard(each.decision.evidence_salt)
        subjects = {each.decision.subject for each in world.stored.values()}
        subjects -= {each.decision.subject for each in world.records.values()}
        gone |= subjects | {each.hex().encode() for each in subjects}
        if not gone:
            return
        stored = b"\n".join(self.values())
        assert not [each for each in gone if each in stored]

    def values(self) -> Iterator[bytes]:
        for table in TABLES:
            for row in self.database.execute_sql(f"SELECT * FROM {table._meta.table_name}"):
                for value in row:
                    if isinstance(value, str):
                        yield value.encode()
                    elif isinstance(value, bytes):
                        yield value

    # --- what an auditor finds --------------------------------------------------------------------

    @rule(with_subjects=st.booleans())
    def audit(self, with_subjects: bool) -> None:
        self.check_export(with_subjects, EVERYTHING)

    def check_export(self, with_subjects: bool, wanted: Range) -> Report:
        """Exports, verifies with the pinned keys and all checkpoints, and finds what is lost."""
        path = Path(self.directory.name) / "export.zip"
        is_pending = bool(self.pending())
        prepared = prepare_export(self.database, SITE, with_subjects=with_subjects, wanted=wanted)
        bundle = ExportBundle(prepared, lambda: self.eraser.announce_pending(SITE))
        path.write_bytes(b"".join(bundle.pieces()))
        if is_pending:
            self.appended()
        pinned = Pinned.read(self.auditor.pinned.values())
        held = {
            f"{origin} {size}": note
            for (origin, size), note in self.auditor.checkpoints.items()
            if self.is_held(origin, size)
        }
        previous = held if wanted.is_all else None
        report = verify_bundle(str(path), pinned, previous)
        self.check_report(report)
        return report

    def is_held(self, origin: str, size: int) -> bool:
        generation = int(origin.rpartition("/")[2])
        return size <= self.world.sizes.get(generation, 0)

    def check_report(self, report: Report) -> None:
        expected = {
            (
                log_name(generation),
                f"entries {kept} to {signed - 1} were signed and are not held",
            )
            for generation, (kept, signed) in self.world.lost.items()
        }
        found = {(fault.log, fault.found) for fault in report.faults.first}
        assert found == expected, report.to_dict()["faults"]  # as long as all of them are shown
        assert report.faults.total == len(expected)
        assert report.verdict == (FAILED if expected else VERIFIED)

    def teardown(self) -> None:
        if not hasattr(self, "database"):
            return
        try:
            self.check_the_end()
        finally:
            self.close()
            self.directory.cleanup()

    def check_the_end(self) -> None:
        hours = [
            hour for (hour,) in Hour.select(Hour.hour).distinct().tuples().execute(self.database)
        ]
        hours.sort()
        middle = hours[len(hours) // 2]
        self.check_export(False, EVERYTHING)
        self.check_export(True, EVERYTHING)
        self.check_export(False, Range(middle, hours[-1] + 1))
        self.check_export(True, Range(hours[0], middle + 1))
        self.all_holds()
        self.check_the_whole_history()

    def check_the_whole_history(self) -> None:
        """Each checkpoint is of the entries that were seen, so each continues those before it; and
        every receipt is one of these entries, by the first key or one that it leads to."""
        auditor = self.auditor
        for (origin, size), note in auditor.checkpoints.items():
            found = open_checkpoint(note, origin, auditor.trusted(origin)).checkpoint
            assert found.root == auditor.roots[origin][size]
        for (origin, _), receipt in auditor.receipts.items():
            keys = Pinned.read(key.vkey for key in auditor.trusted(origin))
            report = verify_receipt_file(receipt, keys)
            assert report.verdict == VERIFIED, report.faults.first
        for token in TOKENS:
            if self.world.of(token):
                subject = subject_hash(SITE, token)
                told = json.loads(read_history(self.database, SITE, subject, 1000, None))
                for receipt in told["records"]:  # with a proof out of the stored tiles
                    keys = [key.vkey for key in auditor.trusted(receipt["origin"])]
                    verify_receipt(canonical.dumps(receipt), keys)


def _crash(*_: object) -> None:
    raise CrashError


TestWholeLedger = pytest.mark.timeout(900)(WholeLedger.TestCase)  # shrinking takes its time
TestWholeLedger.settings = settings(
    max_examples=30,
    stateful_step_count=20,
    # The same runs every time: what a random one finds is worth a test of its own.
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
