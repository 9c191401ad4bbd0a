# SPDX-License-Identifier: MIT
"""What is published of a log: nothing that a restored database could make the ledger forget."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from consent_ledger import publishing
from consent_ledger.errors import LogHalted
from consent_ledger.journal import Journal
from consent_ledger.proofs import SignedHead
from consent_ledger.publishing import PublishedHeads
from harness import SITE

ORIGIN = f"ledger.test/{SITE}/1"


def head(size: int) -> SignedHead:
    return SignedHead(SITE, 1, ORIGIN, size, bytes([size]) * 32, b"a note")


def keep(journal: Journal, size: int) -> None:
    journal.keep_head(SITE, 1, ORIGIN, size, head(size).root)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.make(tmp_path)


def test_a_head_is_not_published_before_the_journal_holds_it(journal: Journal) -> None:
    published = PublishedHeads(journal, 0)
    keep(journal, 1)
    assert published.of(head(1)).size == 1
    assert published.of(head(2)).size == 1
    keep(journal, 2)
    assert published.of(head(2)).size == 2
    keep(journal, 5)
    assert published.of(head(3)).size == 3


def test_the_first_head_waits_for_the_journal(journal: Journal) -> None:
    timer = threading.Timer(0.05, keep, (journal, 1))
    timer.start()
    assert PublishedHeads(journal, 0).of(head(1)).size == 1
    timer.join()


def test_a_head_that_never_gets_into_the_journal_is_not_published(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "PATIENCE_S", 0.02)
    with pytest.raises(LogHalted):
        PublishedHeads(journal, 0).of(head(1))
    keep(journal, 1)
    (tmp_path / "journal" / f"{SITE}.1.head").write_bytes(b"damaged")
    with pytest.raises(LogHalted):
        PublishedHeads(journal, 0).of(head(1))
