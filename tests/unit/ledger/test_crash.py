# SPDX-License-Identifier: MIT
"""A hundred crashes: the server is killed with SIGKILL at random moments, under a mixed load.

Visitors decide, change their minds and are forgotten, while the server dies. What was answered
holds after each restart: every acknowledged decision is in the log once and as its receipt says,
every acknowledged erasure stays, nothing is doubled, and what had no answer can be sent again.
"""

from __future__ import annotations

import base64
import random
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from consent_ledger.tlog.merkle import CompactRange, leaf_hashes
from consent_ledger.tlog.receipts import VerifiedReceipt, verify_receipt
from harness import LedgerProcess, sample_decision, write_dist

ROUNDS = 10  # crashes of one ledger
LEDGERS = 10
THREADS = 6
LONGEST_S = 0.25  # from the first answer of a round to the crash


@dataclass
class Visitor:
    """One browser, as far as it knows what became of what it sent."""

    token: str
    seq: int = 0
    receipts: dict[str, bytes] = field(default_factory=dict)  # by record id
    verified: dict[str, VerifiedReceipt] = field(default_factory=dict)  # of those, what they say
    unanswered: list[dict[str, Any]] = field(default_factory=list)
    is_forgotten: bool = False  # answered so
    may_be_forgotten: bool = False  # asked for, and perhaps not answered

    def act(self, ledger: LedgerProcess, chance: random.Random) -> None:
        """Sends what waits, or else something new. Raises: OSError when the server is gone."""
        if self.is_forgotten:
            return
        if self.may_be_forgotten or (self.receipts and chance.random() < 0.15):
            self.may_be_forgotten = True
            headers = {"Authorization": f"Bearer {self.token}"}
            path = f"/v1/sites/{ledger.site}/consents"
            reply = ledger.request("DELETE", path, headers=headers)
            assert reply.status in (200, 202), reply.body
            self.is_forgotten = True
            return
        if not self.unanswered:
            self.seq += 1
            self.unanswered.append(sample_decision(token=self.token, seq=self.seq))
        decision = self.unanswered[0]
        reply = ledger.post(decision)
        assert reply.status in (200, 201), reply.body
        self.receipts[decision["id"]] = reply.body
        del self.unanswered[0]


def until_killed(
    ledger: LedgerProcess, groups: list[list[Visitor]], chance: random.Random
) -> list[str]:
    """Lets each group act in a thread of its own, and kills the server at a random moment.

    Returns what went wrong: answers that were none of those expected.
    """
    wrong: list[str] = []
    answered = threading.Event()

    def act(visitors: list[Visitor], chance: random.Random) -> None:
        while True:
            if len(visitors) < 40 and chance.random() < 0.3:
                visitors.append(Visitor(secrets.token_hex(16)))
            try:
                chance.choice(visitors).act(ledger, chance)
            except OSError:
                return  # the server is gone
            except AssertionError as error:
                wrong.append(str(error))
                return
            answered.set()

    moment = chance.uniform(0, LONGEST_S)
    with ThreadPoolExecutor(len(groups)) as pool:
        for group in groups:
            pool.submit(act, group, random.Random(chance.random()))
        assert answered.wait(30), "the load did not come about"
        time.sleep(moment)
        ledger.kill()
    return wrong


def check(ledger: LedgerProcess, visitors: list[Visitor], vkey: str) -> None:
    """Everything that was answered holds in the ledger as it stands now."""
    entries = ledger.entries()
    assert [entry["index"] for entry in entries] == list(range(len(entries)))
    tree, roots = CompactRange(), []
    for leaf in leaf_hashes(base64.b64decode(entry["entry"]) for entry in entries):
        tree.extend([leaf])
        roots.append(tree.root())
    opened = [entry for entry in entries if entry["kind"] == 1 and entry["subject"]]
    stored = {entry["subject"]["part"]["id"]: entry for entry in opened}
    assert len(stored) == len(opened), "a decision is stored twice"
    for visitor in visitors:
        for record, receipt in visitor.receipts.items():
            # What its bytes say does not change from crash to crash; what the ledger holds may.
            if record not in visitor.verified:
                visitor.verified[record] = verify_receipt(receipt, [vkey])
            verified = visitor.verified[record]
            checkpoint = verified.opened.checkpoint
            assert roots[checkpoint.size - 1] == checkpoint.root, "the history was rewritten"
            if not visitor.may_be_forgotten:
                entry = stored[record]
                assert entry["index"] == verified.index
                assert entry["subject"]["part"] == verified.subject
                assert entry["evidence"]["part"] == verified.evidence
            if visitor.is_forgotten:
                assert record not in stored, "an erased record came back"
                assert entries[verified.index]["evidence"] is None


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(LEDGERS))
def test_what_was_answered_survives_every_crash(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    ledger = LedgerProcess(tmp_path, dist=write_dist(tmp_path / "dist"))
    ledger.prepare()
    vkey = ledger.run("signing-key", "show", ledger.site).strip()
    groups = [[Visitor(secrets.token_hex(16))] for _ in range(THREADS)]
    for _ in range(ROUNDS):
        ledger.start()
        assert until_killed(ledger, groups, chance) == []
        check(ledger, [visitor for group in groups for visitor in group], vkey)
    ledger.start()  # and it goes on
    for visitor in (visitor for group in groups for visitor in group):
        while not visitor.is_forgotten and (visitor.unanswered or visitor.may_be_forgotten):
            visitor.act(ledger, chance)
    check(ledger, [visitor for group in groups for visitor in group], vkey)
    ledger.stop()
    bundle = tmp_path / "all.zip"
    ledger.run("export", ledger.site, "--format", "bundle", "--parts", "all", "-o", str(bundle))
    assert "VERIFIED" in ledger.run("verify", str(bundle), "--key", vkey)
