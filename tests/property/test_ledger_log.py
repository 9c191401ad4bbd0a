# SPDX-License-Identifier: MIT
"""One history: whatever happens in whatever order, each checkpoint continues every earlier one."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import Any

import peewee
import pytest
from consent_banner.notice import Notice
from consent_ledger import batch, sites
from consent_ledger.db import Database, initialise, open_database
from consent_ledger.log_writer import LogWriter
from consent_ledger.models import Entry, Log
from consent_ledger.notices import Publish
from consent_ledger.proofs import SignedHead, StoredProver, tiles_of
from consent_ledger.records import Decision, Recorded, check_decision
from consent_ledger.signing import SigningKeys
from consent_ledger.tlog.checkpoint import Checkpoint, open_checkpoint
from consent_ledger.tlog.merkle import (
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
LOG = f"ledger.test/{SITE}/1"

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


class OneHistory(RuleBasedStateMachine):
    """A ledger on a disk, and an auditor who keeps every checkpoint and receipt ever handed out."""

    made = Bundle("made")

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.data = Path(self.directory.name) / "data"
        initialise(self.data, "ledger.test")
        self.key: VerifierKey = SigningKeys.read(self.data).signer(LOG).key
        self.checkpoints: dict[int, Checkpoint] = {}
        self.receipts: dict[str, dict[int, bytes]] = {}  # by record, then by tree size
        self.builds = 0
        self.open()
        sites.add_site(self.database, SITE, "Meridian", [ORIGIN])
        self.publish()

    def open(self) -> None:
        self.database: Database = open_database(self.data)
        self.database.connect()
        self.writer = LogWriter.open(self.data)

    def write(self, *works: batch.Work) -> list[Any]:
        done = batch.commit(self.database, self.writer, works, lambda: NOW_MS)
        assert not [one.error for one in done if one.error]
        results = [one.result for one in done]
        for result in results:
            if isinstance(result, Recorded):
                receipt = result.receipt.to_json()
                verified = verify_receipt(receipt, [self.key.vkey])
                kept = self.receipts.setdefault(verified.subject["id"], {})
                kept[verified.opened.checkpoint.size] = receipt
                self.keep(verified.opened.checkpoint)
        return results

    def keep(self, checkpoint: Checkpoint) -> None:
        assert self.checkpoints.setdefault(checkpoint.size, checkpoint) == checkpoint

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

    @rule(decisions=st.lists(made, min_size=1, max_size=4), token=tokens)
    def deliver_late_and_again(self, decisions: list[Decision], token: str) -> None:
        """Repeats in one group with a new one, before and behind it."""
        new = sent(token, 1, "accept_all", True)
        results = self.write(*decisions, new, new)
        assert [result.created for result in results] == [False] * len(decisions) + [True, False]

    @rule(count=st.integers(100, 300))
    def crowd(self, count: int) -> None:
        """Enough at once to fill tiles."""
        self.write(*(sent("d" * 32, 1, "accept_all", True) for _ in range(count)))

    @rule()
    def publish(self) -> None:
        self.builds += 1
        self.write(Publish(SITE, NOTICE, f"{self.builds:064x}", "c" * 64, "sha384-" + "A" * 64))

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
        self.database.close_all()
        self.open()

    @invariant()
    def the_signed_head_is_the_root_of_the_entries(self) -> None:
        query = Log.select(Log.size, Log.root, Log.checkpoint).tuples()
        size, root, checkpoint = query.get(self.database)
        opened = open_checkpoint(checkpoint, LOG, [self.key]).checkpoint
        assert (opened.size, opened.root) == (size, root)
        self.keep(opened)
        rows = Entry.select(Entry.entry_index, Entry.entry).order_by(Entry.entry_index)
        entries = list(rows.tuples().execute(self.database))
        assert [index for index, _ in entries] == list(range(size))
        whole = CompactRange()
        whole.extend(leaf_hashes(entry for _, entry in entries))
        assert whole.root() == root

    def teardown(self) -> None:
        if not hasattr(self, "database"):
            return
        try:
            self.check_the_whole_history()
        finally:
            self.database.close_all()
            self.directory.cleanup()

    def check_the_whole_history(self) -> None:
        kept = sorted(self.checkpoints)
        last = self.checkpoints[kept[-1]]
        tree = TileReader(last.size, tiles_of(self.database, SITE, 1))
        for at, old in enumerate(kept):
            for new in kept[at:]:
                proof = consistency_proof(old, new, tree.at(new))
                verify_consistency(
                    old, new, proof, self.checkpoints[old].root, self.checkpoints[new].root
                )
        head = SignedHead(SITE, 1, LOG, last.size, last.root, b"")
        prover = StoredProver(self.database, head)
        for receipts in self.receipts.values():
            found = [verify_receipt(receipt, [self.key.vkey]) for receipt in receipts.values()]
            assert len({(one.index, str(one.subject), str(one.evidence)) for one in found}) == 1
            query = Entry.select(Entry.entry).where(Entry.entry_index == found[0].index).tuples()
            assert prover.prove(found[0].index, query.get(self.database)[0]) is not None


TestOneHistory = OneHistory.TestCase
TestOneHistory.settings = settings(
    max_examples=12,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
