# SPDX-License-Identifier: MIT
"""A log changes its key in public: both sign for a while, and everything verifies with either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from consent_ledger import batch, sites
from consent_ledger.db import Database, open_database
from consent_ledger.errors import Conflict, LogHalted, SiteUnknown
from consent_ledger.log_keys import KeyInfo, list_keys, read_keys
from consent_ledger.log_writer import LogWriter
from consent_ledger.models import Entry, Log, LogKey
from consent_ledger.rotation import Rotate, Rotated
from consent_ledger.signing import SigningKeys
from consent_ledger.timestamps import DAY_MS, moment
from consent_ledger.tlog.checkpoint import Checkpoint, open_checkpoint
from consent_ledger.tlog.entry import Kind, PublicEntry, parse_entry
from consent_ledger.tlog.errors import UnknownSignerError
from consent_ledger.tlog.note import VerifierKey, parse_note
from consent_ledger.tlog.receipts import verify_receipt
from harness import ORIGIN, SITE, writer_of

from .conftest import NOW_MS, decide

LOG = f"ledger.test/{SITE}/1"


class Now:
    """A clock that the test moves, in days."""

    days = 0.0

    def __call__(self) -> int:
        return NOW_MS + int(self.days * DAY_MS)


class Bench:
    """One writer on the database, and what it last signed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.writer = writer_of(database)
        self.now = Now()

    def write(self, *works: batch.Work) -> list[Any]:
        done = batch.commit(self.database, self.writer, works, self.now)
        for one in done:
            if one.error is not None:
                raise one.error
        return [one.result for one in done]

    def rotate(self, **options: Any) -> Rotated:
        (rotated,) = self.write(Rotate(SITE, **options))
        assert isinstance(rotated, Rotated)
        return rotated

    def receipt(self) -> bytes:
        receipt: bytes = self.write(decide())[0].receipt.to_json()
        return receipt

    def signers(self) -> list[str]:
        """Verifier keys of the head's checkpoint, in the order in which they signed."""
        (checkpoint,) = (
            Log.select(Log.checkpoint).where(Log.site == SITE).tuples().get(self.database)
        )
        return signers_of(self.database, checkpoint)

    def known(self) -> list[KeyInfo]:
        return list_keys(self.database, SITE)


def signers_of(database: Database, checkpoint: bytes) -> list[str]:
    keys = SigningKeys.read(Path(database.database).parent)
    named = {keys.signer(LOG, at).key.key_id: keys.signer(LOG, at).key.vkey for at in range(1, 9)}
    return [named[signature.key_id] for signature in parse_note(checkpoint).signatures]


def opened(checkpoint: bytes, vkey: str) -> Checkpoint:
    return open_checkpoint(checkpoint, LOG, [VerifierKey.parse(vkey)]).checkpoint


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database)


def test_the_first_key_is_stored_with_the_first_entry(bench: Bench) -> None:
    (first,) = bench.known()
    assert (first.log, first.version, first.first, first.last) == (LOG, 1, 0, None)
    assert bench.signers() == [first.vkey]
    sites.add_site(bench.database, "other", "Other", [ORIGIN])
    assert list_keys(bench.database, "other") == []


def test_a_rotation_is_a_public_entry_that_names_both_keys(bench: Bench) -> None:
    rotated = bench.rotate(overlap_ms=7 * DAY_MS)
    old, new = bench.known()
    (data,) = Entry.select(Entry.entry).where(Entry.entry_index == 1).tuples().get(bench.database)
    parsed = parse_entry(data)
    assert isinstance(parsed, PublicEntry)
    assert parsed.kind is Kind.SIGNING_KEY
    assert json.loads(parsed.body) == {
        "schema": "consent-ledger/signing-key/v1",
        "origin": LOG,
        "previous": old.vkey,
        "key": new.vkey,
        "overlap_until": moment(NOW_MS + 7 * DAY_MS),
        "recorded_at": moment(NOW_MS),
    }
    assert rotated == Rotated(LOG, 1, old.vkey, new.vkey, NOW_MS + 7 * DAY_MS)
    assert (new.version, new.first, new.last, new.overlap_until_ms) == (2, 1, None, None)
    assert (old.first, old.last, old.overlap_until_ms) == (0, None, NOW_MS + 7 * DAY_MS)


def test_during_the_overlap_both_sign_the_old_one_first(bench: Bench) -> None:
    rotated = bench.rotate()
    for bench.now.days in (0, 1, 29.99):
        receipt = bench.receipt()
        assert bench.signers() == [rotated.previous, rotated.key]
        for known in ([rotated.previous], [rotated.key], [rotated.previous, rotated.key]):
            verify_receipt(receipt, known)


def test_after_the_overlap_only_the_new_one_signs(bench: Bench) -> None:
    rotated = bench.rotate()
    last = bench.receipt()
    bench.now.days = 30
    receipt = bench.receipt()
    assert bench.signers() == [rotated.key]
    verify_receipt(receipt, [rotated.key])
    with pytest.raises(UnknownSignerError):
        verify_receipt(receipt, [rotated.previous])
    verify_receipt(last, [rotated.previous])  # what was handed out stays valid
    old, new = bench.known()
    assert (old.first, old.last) == (0, 2)  # it signed the entries 0 to 2
    assert (new.first, new.last) == (1, None)
    bench.receipt()
    assert bench.known()[0].last == 2


def test_the_first_checkpoint_of_both_ties_them_together(bench: Bench) -> None:
    """Of exactly the size that the entry makes, even when more is written with it."""
    _, rotated, _ = bench.write(decide(), Rotate(SITE), decide())
    row = LogKey.select(LogKey.checkpoint).where(LogKey.version == 2).tuples().get(bench.database)
    assert signers_of(bench.database, row[0]) == [rotated.previous, rotated.key]
    assert rotated.index == 2
    assert opened(row[0], rotated.previous) == opened(row[0], rotated.key)
    assert opened(row[0], rotated.key).size == 3
    # and the tree of that size is the one that later receipts continue
    assert bench.signers() == [rotated.previous, rotated.key]
    verify_receipt(bench.receipt(), [rotated.previous])


def test_with_now_the_old_key_signs_that_one_checkpoint_and_no_more(bench: Bench) -> None:
    rotated = bench.rotate(at_once=True)
    assert rotated.until_ms == NOW_MS
    assert bench.signers() == [rotated.previous, rotated.key]
    with pytest.raises(UnknownSignerError):
        verify_receipt(bench.receipt(), [rotated.previous])
    assert bench.signers() == [rotated.key]
    assert bench.known()[0].last == 1


def test_a_second_rotation_waits_for_the_end_of_the_first(bench: Bench) -> None:
    first = bench.rotate()
    size = sites.get_site(bench.database, SITE).size
    with pytest.raises(Conflict, match=moment(NOW_MS + 30 * DAY_MS)):
        bench.rotate()
    assert sites.get_site(bench.database, SITE).size == size
    bench.now.days = 30
    second = bench.rotate()
    assert second.previous == first.key
    assert bench.signers() == [first.key, second.key]
    bench.now.days = 61
    bench.receipt()
    assert [(key.version, key.first, key.last) for key in bench.known()] == [
        (1, 0, 1),
        (2, 1, 2),
        (3, 2, None),
    ]


def test_with_now_a_rotation_ends_one_that_overlaps(bench: Bench) -> None:
    first = bench.rotate()
    bench.receipt()
    second = bench.rotate(at_once=True)
    assert bench.signers() == [first.key, second.key]  # the very first key is dropped already
    bench.receipt()
    assert bench.signers() == [second.key]
    assert [(key.version, key.first, key.last) for key in bench.known()] == [
        (1, 0, 2),
        (2, 1, 3),
        (3, 3, None),
    ]


def test_two_rotations_in_one_group_are_one_too_many(bench: Bench) -> None:
    done = batch.commit(bench.database, bench.writer, [Rotate(SITE), Rotate(SITE, at_once=True)])
    assert done[0].error is None
    assert isinstance(done[1].error, Conflict)


def test_a_log_that_was_never_signed_has_no_key_to_take_over_from(bench: Bench) -> None:
    sites.add_site(bench.database, "other", "Other", [ORIGIN])
    with pytest.raises(Conflict, match=r"nothing was signed as ledger\.test/other/1 yet"):
        bench.write(Rotate("other"))
    with pytest.raises(SiteUnknown):
        bench.write(Rotate("nowhere"))


def test_a_writer_in_another_process_takes_the_new_key_up(bench: Bench, data: Path) -> None:
    bench.receipt()
    elsewhere = open_database(data)
    with elsewhere.connection_context():
        (done,) = batch.commit(elsewhere, LogWriter.open(data), [Rotate(SITE)], bench.now)
    elsewhere.close_all()
    bench.receipt()
    assert bench.signers() == [done.result.previous, done.result.key]


def test_a_rotation_that_was_rolled_back_signs_nothing(bench: Bench) -> None:
    class Failing:
        def apply(self, work: batch.Batch) -> None:
            work.head(SITE).stored_size += 1

    (before,) = bench.signers()
    with pytest.raises(batch.HeadMovedError):
        batch.commit(bench.database, bench.writer, [Rotate(SITE), Failing()], bench.now)
    bench.receipt()
    assert bench.signers() == [before]
    assert len(bench.known()) == 1


def test_a_seed_that_did_not_sign_the_log_signs_nothing(bench: Bench) -> None:
    other = LogWriter(SigningKeys(bytes(32)), bench.writer.journal)
    (done,) = batch.commit(bench.database, other, [decide()], bench.now)
    assert isinstance(done.error, LogHalted)
    assert other.halted == [LOG]


def test_keys_are_read_once_and_not_for_each_batch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    def counted(*arguments: Any) -> Any:
        reads.append(arguments[-1])
        return read_keys(*arguments)

    monkeypatch.setattr("consent_ledger.log_writer.read_keys", counted)
    for _ in range(3):
        bench.receipt()
    bench.rotate()
    bench.now.days = 40
    for _ in range(3):
        bench.receipt()
    assert reads == [LOG]
