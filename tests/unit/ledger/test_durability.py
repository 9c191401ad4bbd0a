# SPDX-License-Identifier: MIT
"""A 2xx survives a power cut: shown on the real server, and shown to fail on servers that cheat.

Two checks. *Synced*: seen from outside the process, a sync of the write-ahead log and then one of
the journal lie wholly between each request and its answer. *Kept*: after kill -9 under load
everything that was acknowledged is there, once. The second alone is not enough, because what the
system has buffered survives a killed process, but not a power cut.

The first check needs strace, and so Linux. There it fails where strace is missing, rather than be
left out unnoticed; on other systems pytest's summary says that it was left out, and why.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from consent_ledger.tlog.merkle import CompactRange, leaf_hashes
from consent_ledger.tlog.receipts import verify_receipt
from harness import COMMAND, LedgerProcess, sample_decision, write_dist

needs_strace = pytest.mark.skipif(
    sys.platform != "linux", reason="syncs are counted with strace, which is for Linux only"
)

# Servers that cheat. Each is the real one with one thing changed before it starts.
FROM_MEMORY = """
from consent_ledger.committer import Committer
from consent_ledger.opening import Receipt
from consent_ledger.records import Decision, Recorded
import threading, time
submit = Committer.submit
def remember(self, work):
    if not isinstance(work, Decision):
        return submit(self, work)
    opening = work.seal(0)
    threading.Timer(0.5, lambda: submit(self, work)).start()
    return Recorded(Receipt("ledger.test/meridian/1", 1, opening.entry(), opening), True)
Committer.submit = remember
"""
NOT_SYNCED = """
from consent_ledger import db
db.PRAGMAS = tuple((name, "normal" if name == "synchronous" else to) for name, to in db.PRAGMAS)
"""
NOT_JOURNALED = """
from consent_ledger import journal
journal.sync_file = lambda handle: None
"""


def cheating(change: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"{change}\nfrom consent_ledger.cli import main; main()")


# Synced


@dataclass(frozen=True)
class Span:
    """Seconds since 1970 at which something began and ended."""

    began: float
    ended: float


WHOLE = re.compile(r"^\d+ +([\d.]+) f(?:data)?sync\(\d+<([^>]*)>\) += 0 <([\d.]+)>", re.M)
BEGUN = re.compile(r"^(\d+) +([\d.]+) f(?:data)?sync\(\d+<([^>]*)> <unfinished", re.M)
ENDED = re.compile(r"^(\d+) +([\d.]+) <\.\.\. f(?:data)?sync resumed>.* = 0 <", re.M)


WAL, HEAD = "-wal", ".head"  # how names of write-ahead logs and of heads in the journal end


def read_syncs(trace: str, name: str = WAL) -> list[Span]:
    """Each finished sync of a file with that ending in the output of `strace -f -y -ttt -T`."""
    found = [
        Span(float(began), float(began) + float(took))
        for began, path, took in WHOLE.findall(trace)
        if path.endswith(name)
    ]
    events = [(float(at), pid, path) for pid, at, path in BEGUN.findall(trace)]
    events += [(float(at), pid, "") for pid, at in ENDED.findall(trace)]
    open_: dict[str, tuple[float, str]] = {}
    for at, pid, path in sorted(events):
        if path:
            open_[pid] = (at, path)
        elif pid in open_:
            began, path = open_.pop(pid)
            if path.endswith(name):
                found.append(Span(began, at))
    return found


def unsynced(answers: Sequence[Span], *syncs: Sequence[Span]) -> int:
    """How many answers had no whole sync of each kind, one after the other in that order, between
    their request and themselves."""
    return sum(not _in_order(answer, syncs) for answer in answers)


def _in_order(answer: Span, kinds: Sequence[Sequence[Span]]) -> bool:
    at = answer.began
    for syncs in kinds:
        at = min((sync.ended for sync in syncs if at <= sync.began), default=answer.ended + 1)
    return at <= answer.ended


def watch(directory: Path, threads: int, command: Sequence[str] = COMMAND) -> tuple[int, int]:
    """Decisions that were acknowledged, and how many of them without a sync."""
    if shutil.which("strace") is None:
        pytest.fail("this check watches the server with strace, which is not installed here")
    trace = directory / "trace"
    tracer = ("strace", "-f", "-qq", "-y", "-ttt", "-T", "-e", "trace=fsync,fdatasync")
    wrapper = (*tracer, "-o", str(trace))
    dist = write_dist(directory / "dist")
    ledger = LedgerProcess(directory, dist=dist, wrapper=wrapper, command=command)

    def post(_: int) -> Span:
        decision = sample_decision()
        began = time.time()
        assert ledger.post(decision).status == 201
        return Span(began, time.time())

    with ledger, ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(post, range(12 * threads)))
    text = trace.read_text(errors="replace")
    return len(answers), unsynced(answers, read_syncs(text, WAL), read_syncs(text, HEAD))


@needs_strace
@pytest.mark.parametrize("threads", [1, 8])
def test_a_sync_lies_between_each_request_and_its_answer(tmp_path: Path, threads: int) -> None:
    assert watch(tmp_path, threads) == (12 * threads, 0)


@needs_strace
@pytest.mark.parametrize(
    "change",
    [FROM_MEMORY, NOT_SYNCED, NOT_JOURNALED],
    ids=["from memory", "not synced", "not journaled"],
)
def test_a_server_that_does_not_wait_for_the_disk_is_found_out(tmp_path: Path, change: str) -> None:
    answered, without = watch(tmp_path, 1, cheating(change))
    assert without > answered / 2


def test_the_reader_of_traces_knows_both_ways_a_call_is_written() -> None:
    trace = (
        "7 100.5 fdatasync(8</d/ledger.db-wal>) = 0 <0.25>\n"
        "7 101.0 fdatasync(8</d/ledger.db-wal> <unfinished ...>\n"
        "9 101.1 fsync(9</d/ledger.db>) = 0 <0.1>\n"
        "7 101.5 <... fdatasync resumed>)      = 0 <0.5>\n"
        "7 102.0 fdatasync(8</d/ledger.db-wal>) = -1 EIO (Input/output error) <0.1>\n"
    )
    assert read_syncs(trace) == [Span(100.5, 100.75), Span(101.0, 101.5)]
    answers = [Span(100.4, 100.8), Span(100.6, 100.8), Span(100.4, 100.7), Span(100.9, 101.5)]
    assert unsynced(answers, read_syncs(trace)) == 2


def test_the_journal_is_synced_after_the_database_and_not_before() -> None:
    trace = (
        "7 100.1 fdatasync(8</d/journal/a.1.head>) = 0 <0.1>\n"
        "7 100.3 fdatasync(8</d/ledger.db-wal>) = 0 <0.1>\n"
        "7 100.5 fdatasync(8</d/journal/a.1.head>) = 0 <0.1>\n"
    )
    kinds = read_syncs(trace, WAL), read_syncs(trace, HEAD)
    answers = [Span(100.0, 100.7), Span(100.0, 100.45), Span(100.35, 100.7), Span(100.2, 100.55)]
    assert [unsynced([answer], *kinds) for answer in answers] == [0, 1, 1, 1]


# Kept


@dataclass
class Load:
    """Threads that post decisions and remember what was acknowledged."""

    ledger: LedgerProcess
    acknowledged: list[str] = field(default_factory=list)
    receipts: list[bytes] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def _post(self) -> None:
        while not self._stop.is_set():
            decision = sample_decision()
            try:
                reply = self.ledger.post(decision)
            except OSError:
                return  # the server is gone
            if reply.status == 201:
                self.acknowledged.append(decision["id"])
                self.receipts.append(reply.body)

    def until_killed(self, threads: int, at_least: int) -> None:
        """Posts from *threads*, and kills the server when *at_least* were acknowledged."""
        with ThreadPoolExecutor(threads) as pool:
            running = [pool.submit(self._post) for _ in range(threads)]
            target = len(self.acknowledged) + at_least
            deadline = time.monotonic() + 60
            while len(self.acknowledged) < target and time.monotonic() < deadline:
                time.sleep(0.005)
            self.ledger.kill()
            self._stop.set()
            for one in running:
                one.result()
        self._stop.clear()
        assert len(self.acknowledged) >= target, "the load did not come about"


def lost(ledger: LedgerProcess, acknowledged: Sequence[str]) -> int:
    """How many acknowledged decisions are not stored; what is stored is checked to be whole."""
    entries = ledger.entries()
    assert [entry["index"] for entry in entries] == list(range(len(entries)))
    assert all(len(base64.b64decode(entry["entry"])) == 89 for entry in entries[1:])
    stored = [entry["subject"]["part"]["id"] for entry in entries if entry["kind"] == 1]
    assert len(stored) == len(set(stored)), "a decision is stored twice"
    return len(set(acknowledged) - set(stored))


def unproved(ledger: LedgerProcess, receipts: Sequence[bytes], vkey: str) -> list[int]:
    """Indexes of receipts that the log, as it stands on the disk, does not bear out.

    Each must verify by itself, and its checkpoint must be the start of the stored entries.
    """
    entries = [base64.b64decode(entry["entry"]) for entry in ledger.entries()]
    tree, roots = CompactRange(), []
    for leaf in leaf_hashes(entries):
        tree.extend([leaf])
        roots.append(tree.root())
    wrong = []
    for receipt in receipts:
        verified = verify_receipt(receipt, [vkey])
        checkpoint = verified.opened.checkpoint
        if checkpoint.size > len(roots) or roots[checkpoint.size - 1] != checkpoint.root:
            wrong.append(verified.index)
    return wrong


def test_kill_9_under_load_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    ledger = LedgerProcess(tmp_path, dist=write_dist(tmp_path / "dist"))
    ledger.prepare()
    load = Load(ledger)
    vkey = ledger.run("signing-key", "show", ledger.site).strip()
    for _ in range(3):
        ledger.start()
        load.until_killed(threads=12, at_least=60)
        assert lost(ledger, load.acknowledged) == 0
        assert unproved(ledger, load.receipts, vkey) == []
    ledger.start()  # and it goes on
    assert ledger.post(sample_decision()).status == 201
    ledger.stop()


DIES_BEFORE_JOURNAL = """
from consent_ledger.journal import Journal
import os, signal
keep = Journal.keep_head
def die(self, site, generation, origin, size, root):
    if size == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    keep(self, site, generation, origin, size, root)
Journal.keep_head = die
"""


def test_a_server_that_dies_between_commit_and_journal_goes_on_as_the_same_log(
    tmp_path: Path,
) -> None:
    dist = write_dist(tmp_path / "dist")
    dying = LedgerProcess(tmp_path, dist=dist, command=cheating(DIES_BEFORE_JOURNAL))
    dying.prepare()
    vkey = dying.run("signing-key", "show", dying.site).strip()
    dying.start()
    receipts = [dying.post(sample_decision()).body for _ in range(4)]
    unanswered = sample_decision()
    with pytest.raises(ConnectionError):
        dying.post(unanswered)
    dying.kill()
    with LedgerAsItIs(tmp_path) as ledger:
        again = ledger.post(unanswered)
        assert again.status == 200  # it was stored, and nobody had been told
        new = ledger.post(sample_decision())
    assert unproved(ledger, [*receipts, again.body, new.body], vkey) == []


class LedgerAsItIs(LedgerProcess):
    """One that is prepared already."""

    def prepare(self) -> None:
        """Leaves it as it is."""


def test_a_server_that_acknowledges_from_memory_loses_decisions(tmp_path: Path) -> None:
    dist = write_dist(tmp_path / "dist")
    ledger = LedgerProcess(tmp_path, dist=dist, command=cheating(FROM_MEMORY))
    ledger.prepare()
    load = Load(ledger)
    ledger.start()
    load.until_killed(threads=4, at_least=30)
    assert lost(ledger, load.acknowledged) > 0


def test_a_log_that_forgot_signed_entries_is_found_out(tmp_path: Path) -> None:
    """The check of receipts, on a database that lost what it had acknowledged."""
    ledger = LedgerProcess(tmp_path, dist=write_dist(tmp_path / "dist"))
    ledger.prepare()
    vkey = ledger.run("signing-key", "show", ledger.site).strip()
    before = (ledger.data / "ledger.db").read_bytes()
    ledger.start()
    receipts = [ledger.post(sample_decision()).body for _ in range(3)]
    ledger.stop()
    assert unproved(ledger, receipts, vkey) == []
    (ledger.data / "ledger.db").write_bytes(before)
    assert unproved(ledger, receipts, vkey) == [1, 2, 3]


def test_the_check_itself_can_see_a_loss(tmp_path: Path) -> None:
    ledger = LedgerProcess(tmp_path, dist=write_dist(tmp_path / "dist"))
    ledger.prepare()
    assert lost(ledger, ["0" * 32]) == 1


@needs_strace
def test_strace_may_watch_processes_here() -> None:
    """Says so plainly when it may not: then the syncs could not be counted."""
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=fsync", "-o", "/dev/null", "true"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"strace cannot watch processes here: {done.stderr}"
