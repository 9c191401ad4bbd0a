# SPDX-License-Identifier: MIT
"""One history: whatever happens in whatever order, each checkpoint of a log continues every earlier
one, even when the database is put back to an older copy."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

import peewee
import pytest
from consent_banner.notice import Notice
from consent_ledger import batch, sites
from consent_ledger.db import Database, initialise, open_database
from consent_ledger.errors import Conflict, SetupError
from consent_ledger.log_writer import LogWriter
from consent_ledger.models import Entry, Log, LogKey, Record
from consent_ledger.notices import Publish
from consent_ledger.proofs import SignedHead, StoredProver, tiles_of
from consent_ledger.records import Decision, Recorded, check_decision
from consent_ledger.rotation import Rotate
from consent_ledger.signing import SigningKeys
from consent_ledger.succession import continue_unjournaled, open_for_writing
from consent_ledger.timestamps import DAY_MS
from consent_ledger.tlog.checkpoint import Checkpoint, open_checkpoint
from consent_ledger.tlog.errors import UnknownSignerError
from consent_ledger.tlog.merkle import (
    EMPTY_ROOT,
    CompactRange,
    consistency_proof,
    leaf_hashes,
    verify_consistency,
)
from consent_ledger.tlog.note import VerifierKey
from consent_ledger.tlog.receipts import verify_receipt
from consent_ledger.tlog.tile_reader import TileReader
from harness import ORIGIN, SITE, sample_choices, sample_decision, sample_notice
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

NOW_MS = 1_795_300_000_123
NOTICE = Notice.load(sample_notice())
BODY = sample_decision(decided_at_ms=NOW_MS)

tokens = st.sampled_from(["a" * 32, "b" * 32, "c" * 32])
seqs = st.integers(1, 5)


def sent(token: str, seq: int, action: str, wanted: bool) -> Decision:
    body = BODY | {
        "id": secrets.token_hex(16),
        "token": token,
        "seq": seq,
        "action": action,
        "control": "accept_all" if wanted else "reject_all",
        "choices": sample_choices(settings=wanted, counter=wanted, speed=wanted),
    }
    return check_decision(SITE, ORIGIN, body, NOTICE)


def _id(decision: Decision) -> str:
    return decision.record_id


class Auditor:
    """Keeps every entry, checkpoint and receipt that was ever handed out, by the log's origin."""

    def __init__(self) -> None:
        self.entries: dict[str, list[bytes]] = {}
        self.checkpoints: dict[str, dict[int, Checkpoint]] = {}
        self.receipts: dict[tuple[str, str], dict[int, bytes]] = {}  # by record, then by tree size

    def see_entries(self, origin: str, entries: list[bytes]) -> None:
        """No index of a log ever gets a second entry."""
        known = self.entries.setdefault(origin, [])
        assert entries[: len(known)] == known[: len(entries)]
        known += entries[len(known) :]

    def see_checkpoint(self, checkpoint: Checkpoint) -> None:
        kept = self.checkpoints.setdefault(checkpoint.origin, {})
        assert kept.setdefault(checkpoint.size, checkpoint) == checkpoint

    def see_receipt(self, receipt: bytes, vkeys: list[str]) -> None:
        """It verifies with each of the keys that sign now."""
        for vkey in vkeys:
            verified = verify_receipt(receipt, [vkey])
        checkpoint = verified.opened.checkpoint
        record = (checkpoint.origin, verified.subject["id"])
        self.receipts.setdefault(record, {})[checkpoint.size] = receipt
        self.see_checkpoint(checkpoint)

    def check_everything(self, vkeys: dict[str, list[str]]) -> None:
        """Each checkpoint is the start of every later one; each receipt says one thing only."""
        for origin, checkpoints in self.checkpoints.items():
            tree, roots = CompactRange(), [EMPTY_ROOT]
            for leaf in leaf_hashes(self.entries[origin]):
                tree.extend([leaf])
                roots.append(tree.root())
            assert all(roots[size] == one.root for size, one in checkpoints.items())
        for (origin, _), receipts in self.receipts.items():
            found = [verify_receipt(receipt, vkeys[origin]) for receipt in receipts.values()]
            assert len({(one.index, str(one.subject), str(one.evidence)) for one in found}) == 1


class OneHistory(RuleBasedStateMachine):
    """A ledger on a disk that may be put back to any older copy, and an auditor who looks on."""

    made = Bundle("made")
    copies = Bundle("copies")

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.data = Path(self.directory.name) / "data"
        self.auditor = Auditor()
        self.now_ms = NOW_MS
        self.builds = 0
        self.versions: dict[str, int] = {}  # of the newest key of each log
        self.overlaps: dict[str, int] = {}  # ms until which the one before signs as well
        initialise(self.data, "ledger.test")
        self.keys = SigningKeys.read(self.data)
        self.open()
        sites.add_site(self.database, SITE, "Meridian", [ORIGIN])
        self.publish()

    def open(self) -> None:
        self.database: Database
        self.database, self.writer = open_for_writing(self.data, clock=lambda: self.now_ms)
        self.database.connect()

    def close(self) -> None:
        self.database.close_all()

    @property
    def origin(self) -> str:
        """Of the newest generation of the log."""
        return sites.get_site(self.database, SITE).log_origin

    def in_use(self, origin: str) -> list[str]:
        """The keys that must have signed what is written now, the oldest first."""
        return self.all_keys(origin)[-2 if self.now_ms < self.overlaps.get(origin, 0) else -1 :]

    def write(self, *works: batch.Work) -> list[Any]:
        done = batch.commit(self.database, self.writer, works, lambda: self.now_ms)
        assert not [one.error for one in done if one.error]
        results = [one.result for one in done]
        for at, result in enumerate(results):
            # Of a crowd some: all of its receipts are of one checkpoint.
            if isinstance(result, Recorded) and (at < 8 or at == len(results) - 1):
                # A repeat has the head's checkpoint, of the batch before or of this one.
                origin = result.receipt.origin
                vkeys = self.in_use(origin) if result.created else self.all_keys(origin)
                receipt = result.receipt.to_json()
                if not result.created:
                    vkeys = [vkey for vkey in vkeys if _verifies(receipt, vkey)]
                    assert vkeys
                self.auditor.see_receipt(receipt, vkeys)
        return results

    def all_keys(self, origin: str) -> list[str]:
        versions = range(1, self.versions.get(origin, 1) + 1)
        return [self.keys.signer(origin, each).key.vkey for each in versions]

    def is_stored(self, decision: Decision) -> bool:
        record = bytes.fromhex(decision.record_id)
        return Record.select().where(Record.record_id == record).exists(self.database)

    @rule(target=made, token=tokens, seq=seqs)
    def accept(self, token: str, seq: int) -> Decision:
        decision = sent(token, seq, "accept_all", True)
        assert self.write(decision)[0].created
        return decision

    @rule(target=made, token=tokens, seq=seqs, wanted=st.booleans())
    def change(self, token: str, seq: int, wanted: bool) -> Decision:
        decision = sent(token, seq, "customise", wanted)
        self.write(decision)
        return decision

    @rule(target=made, token=tokens, seq=seqs)
    def withdraw(self, token: str, seq: int) -> Decision:
        decision = sent(token, seq, "withdraw", False)
        self.write(decision)
        return decision

    @rule(decisions=st.lists(made, min_size=1, max_size=4, unique_by=_id), token=tokens)
    def deliver_late_and_again(self, decisions: list[Decision], token: str) -> None:
        """Repeats in one group with a new one, before and behind it; what was lost is new again."""
        new = sent(token, 1, "accept_all", True)
        expected = [not self.is_stored(decision) for decision in decisions]
        results = self.write(*decisions, new, new)
        assert [result.created for result in results] == [*expected, True, False]

    @rule(count=st.integers(100, 300))
    def crowd(self, count: int) -> None:
        """Enough at once to fill tiles."""
        self.write(*(sent("d" * 32, 1, "accept_all", True) for _ in range(count)))

    @rule()
    def publish(self) -> None:
        self.builds += 1
        self.write(Publish(SITE, NOTICE, f"{self.builds:064x}", "c" * 64, "sha384-" + "A" * 64))

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.now_ms += days * DAY_MS

    @rule(at_once=st.booleans())
    def rotate_key(self, at_once: bool) -> None:
        origin = self.origin
        if self.now_ms < self.overlaps.get(origin, 0) and not at_once:
            (done,) = batch.commit(self.database, self.writer, [Rotate(SITE)], lambda: self.now_ms)
            assert isinstance(done.error, Conflict)
            return
        (rotated,) = self.write(Rotate(SITE, at_once=at_once))
        self.versions[origin] = self.versions.get(origin, 1) + 1
        self.overlaps[origin] = rotated.until_ms
        query = LogKey.select(LogKey.checkpoint).where(LogKey.vkey == rotated.key)
        (first,) = query.tuples().get(self.database)
        for vkey in (rotated.previous, rotated.key):
            opened = open_checkpoint(first, origin, [VerifierKey.parse(vkey)]).checkpoint
            assert opened.size == rotated.index + 1
            self.auditor.see_checkpoint(opened)

    @rule()
    def write_elsewhere(self) -> None:
        """Another process, such as a command, writes in between."""
        mine, self.writer = self.writer, LogWriter.open(self.data)
        self.write(sent("e" * 32, 1, "accept_all", True))
        self.writer = mine

    @rule()
    def fail(self) -> None:
        """A transaction that is rolled back after it was signed."""
        self.database.execute_sql(
            "CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        with pytest.raises(peewee.IntegrityError):
            batch.commit(self.database, self.writer, [sent("f" * 32, 1, "accept_all", True)])
        self.database.execute_sql("DROP TRIGGER full")

    @rule()
    def restart(self) -> None:
        self.close()
        self.open()

    @rule(target=copies)
    def back_up(self) -> bytes:
        self.close()
        copy = (self.data / "ledger.db").read_bytes()
        self.open()
        return copy

    @rule(copy=copies)
    def restore_older_copy(self, copy: bytes) -> None:
        """The log goes on under its origin only when nothing was written since the copy."""
        before = self.origin, sites.get_site(self.database, SITE).size
        self.close()
        (self.data / "ledger.db").write_bytes(copy)
        unopened = open_database(self.data)
        with unopened.connection_context():
            site = sites.get_site(unopened, SITE)
        unopened.close_all()
        self.open()
        assert (self.origin == before[0]) == ((site.log_origin, site.size) == before)

    @rule()
    def lose_journal(self) -> None:
        before = self.origin
        self.close()
        shutil.rmtree(self.data / "journal")
        with pytest.raises(SetupError):
            self.open()
        assert continue_unjournaled(self.data, lambda: self.now_ms) != [before]
        self.open()
        assert self.origin != before

    @invariant()
    def the_signed_heads_are_the_roots_of_the_entries(self) -> None:
        query = Log.select(Log.generation, Log.origin, Log.size, Log.root, Log.checkpoint)
        for generation, origin, size, root, checkpoint in query.tuples().execute(self.database):
            keys = [VerifierKey.parse(vkey) for vkey in self.all_keys(origin)]
            opened = open_checkpoint(checkpoint, origin, keys).checkpoint
            assert (opened.size, opened.root) == (size, root)
            rows = Entry.select(Entry.entry_index, Entry.entry).where(
                Entry.generation == generation
            )
            entries = list(rows.order_by(Entry.entry_index).tuples().execute(self.database))
            assert [index for index, _ in entries] == list(range(size))
            self.auditor.see_entries(origin, [entry for _, entry in entries])
            self.auditor.see_checkpoint(opened)
            whole = CompactRange()
            whole.extend(leaf_hashes(entry for _, entry in entries))
            assert whole.root() == root

    @invariant()
    def the_journal_holds_the_newest_head(self) -> None:
        site = sites.get_site(self.database, SITE)
        held = self.writer.journal.head(SITE, site.generation)
        assert held is not None
        assert held[:2] == (site.log_origin, site.size)

    def teardown(self) -> None:
        if not hasattr(self, "database"):
            return
        try:
            self.auditor.check_everything(
                {origin: self.all_keys(origin) for origin in self.auditor.entries}
            )
            self.check_proofs()
        finally:
            self.database.close_all()
            self.directory.cleanup()

    def check_proofs(self) -> None:
        """What the newest generation holds is proved from its tiles, at every size."""
        site = sites.get_site(self.database, SITE)
        origin, size = site.log_origin, site.size
        tree = TileReader(size, tiles_of(self.database, SITE, site.generation))
        checkpoints = self.auditor.checkpoints[origin]
        kept = sorted(checkpoints)
        for at, old in enumerate(kept):
            for new in kept[at:]:
                proof = consistency_proof(old, new, tree.at(new))
                verify_consistency(old, new, proof, checkpoints[old].root, checkpoints[new].root)
        head = SignedHead(SITE, site.generation, origin, size, checkpoints[size].root, b"")
        prover = StoredProver(self.database, head)
        for index, entry in enumerate(self.auditor.entries[origin]):
            assert prover.prove(index, entry) is not None


def _verifies(receipt: bytes, vkey: str) -> bool:
    try:
        verify_receipt(receipt, [vkey])
    except UnknownSignerError:
        return False
    return True


TestOneHistory = OneHistory.TestCase
TestOneHistory.settings = settings(
    max_examples=12,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
