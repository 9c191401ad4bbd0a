# SPDX-License-Identifier: MIT
"""The journal: what was signed and erased, kept beside the database whatever is interrupted."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from consent_ledger import journal as journal_module
from consent_ledger.config import MAX_LOG_NAME, Settings
from consent_ledger.errors import LogHalted, SetupError
from consent_ledger.journal import SLOT_BYTES, Erased, Journal, SignedSize
from consent_ledger.tlog.encoding import format_base64

SITE = "meridian"
ORIGIN = "ledger.test/meridian/1"
VISITOR = Erased(ORIGIN, "subject", "visitor", 3, 3)
OWNER = Erased(ORIGIN, "evidence", "owner", 3, 4)
EXPIRED = Erased("ledger.test/meridian/2", "subject", "retention", 0, 4_000_000)


def root(size: int) -> bytes:
    return hashlib.sha256(str(size).encode()).digest()


def head(size: int) -> SignedSize:
    return SignedSize(ORIGIN, size, root(size))


def keep(journal: Journal, size: int) -> None:
    journal.keep_head(SITE, 1, *head(size))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.make(tmp_path)


def head_file(directory: Path) -> Path:
    return directory / "journal" / f"{SITE}.1.head"


def erased_file(directory: Path) -> Path:
    return directory / "journal" / f"{SITE}.erased"


def test_the_head_kept_last_is_read_again(journal: Journal, tmp_path: Path) -> None:
    assert journal.head(SITE, 1) is None
    for size in (0, 1, 2, 3, 70_000):
        keep(journal, size)
        assert Journal.open(tmp_path).head(SITE, 1) == head(size)


def test_a_slot_is_as_it_is_described(journal: Journal, tmp_path: Path) -> None:
    keep(journal, 7)
    keep(journal, 9)
    data = head_file(tmp_path).read_bytes()
    assert len(data) == 1024
    for at, size in ((0, 7), (512, 9)):
        text = f"{size} {format_base64(root(size))} {ORIGIN}"
        line = f"{hashlib.sha256(text.encode()).hexdigest()} {text}"
        assert data[at : at + 512].decode() == line.ljust(511) + "\n"


def test_generations_and_sites_have_heads_of_their_own(journal: Journal) -> None:
    keep(journal, 5)
    journal.keep_head(SITE, 12, "ledger.test/meridian/12", 1, root(1))
    journal.keep_head("meridian-two", 3, "ledger.test/meridian-two/3", 2, root(2))
    assert journal.head(SITE, 1) == head(5)
    assert journal.head(SITE, 2) is None
    assert journal.generations(SITE) == [1, 12]
    assert journal.generations("meridian-two") == [3]
    assert journal.generations("other") == []


def test_a_smaller_head_of_a_slower_process_changes_nothing(journal: Journal) -> None:
    keep(journal, 5)
    keep(journal, 4)
    keep(journal, 5)
    assert journal.head(SITE, 1) == head(5)


def test_another_history_is_refused_and_nothing_changes(journal: Journal) -> None:
    keep(journal, 5)
    with pytest.raises(LogHalted, match="signed at size 5 with another history"):
        journal.keep_head(SITE, 1, ORIGIN, 5, root(6))
    for size in (4, 5, 6):
        with pytest.raises(LogHalted):
            journal.keep_head(SITE, 1, "other.test/meridian/1", size, root(size))
    assert journal.head(SITE, 1) == head(5)


def test_a_write_torn_at_any_byte_leaves_the_head_before_it(
    journal: Journal, tmp_path: Path
) -> None:
    keep(journal, 7)
    keep(journal, 8)
    before = head_file(tmp_path).read_bytes()
    keep(journal, 9)
    after = head_file(tmp_path).read_bytes()
    for torn in range(SLOT_BYTES):
        mixed = after[:torn] + before[torn:]
        head_file(tmp_path).write_bytes(mixed)
        # Every byte up to the padding counts; what is equal in both is not torn.
        assert journal.head(SITE, 1) == head(9 if mixed == after else 8), torn
        keep(journal, 10)
        assert journal.head(SITE, 1) == head(10)
    for torn in range(SLOT_BYTES):
        head_file(tmp_path).write_bytes(before[:torn] + b"\0" * (SLOT_BYTES - torn) + before[512:])
        assert journal.head(SITE, 1) == head(8)


@pytest.mark.parametrize("damage", [b"", b"x" * 1024, b"x" * 2000, b" " * 1023])
def test_a_head_file_without_a_whole_slot_is_named(
    journal: Journal, tmp_path: Path, damage: bytes
) -> None:
    keep(journal, 7)
    head_file(tmp_path).write_bytes(damage)
    with pytest.raises(SetupError, match=r"meridian\.1\.head is damaged"):
        journal.head(SITE, 1)
    with pytest.raises(SetupError, match=r"meridian\.1\.head is damaged"):
        keep(journal, 8)


@pytest.mark.parametrize("size", [7, 8, 9])
def test_what_was_never_synced_is_synced_by_whoever_finds_it(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A process may have been killed between its write and its sync."""
    keep(journal, 8)
    synced: list[int] = []
    monkeypatch.setattr(journal_module, "sync_file", synced.append)
    keep(journal, size)
    assert len(synced) == 1


def test_the_first_head_has_its_name_only_when_it_is_whole(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(journal_module, "sync_file", stop)
    with pytest.raises(OSError, match="Input/output"):
        keep(journal, 1)
    monkeypatch.undo()
    assert journal.head(SITE, 1) is None
    keep(journal, 1)
    assert journal.head(SITE, 1) == head(1)
    assert sorted(path.name for path in (tmp_path / "journal").iterdir()) == [
        "lock",
        "meridian.1.head",
    ]


def test_an_origin_that_fits_no_slot_is_refused(journal: Journal) -> None:
    with pytest.raises(SetupError, match="a shorter log name"):
        journal.keep_head(SITE, 1, "l" * 400, 1, root(1))


def test_the_longest_origin_that_a_ledger_can_have_fits(journal: Journal) -> None:
    log_name = "l/" + "p" * (MAX_LOG_NAME - 2)
    Settings.load({}, log_name=log_name)
    origin = f"{log_name}/{'s' * 63}/{2**31}"
    longest = SignedSize(origin, 2**63 - 1, root(1))
    journal.keep_head("s" * 63, 2**31, *longest)
    assert journal.head("s" * 63, 2**31) == longest


def test_everything_is_for_this_user_only(journal: Journal, tmp_path: Path) -> None:
    keep(journal, 1)
    journal.keep_erased(SITE, [VISITOR])
    folder = tmp_path / "journal"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_missing_journal_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"journal is missing.*put it back"):
        Journal.open(tmp_path)
    Journal.make(tmp_path)
    Journal.make(tmp_path)
    Journal.open(tmp_path)


def test_erasures_are_read_in_the_order_they_were_kept(journal: Journal, tmp_path: Path) -> None:
    assert journal.erased(SITE) == []
    journal.keep_erased(SITE, [VISITOR, OWNER])
    journal.keep_erased(SITE, [])
    journal.keep_erased(SITE, [tuple(EXPIRED)])
    assert Journal.open(tmp_path).erased(SITE) == [VISITOR, OWNER, EXPIRED]
    assert journal.erased("other") == []
    text = f"{ORIGIN} evidence owner 3-4"
    line = f"{hashlib.sha256(text.encode()).hexdigest()} {text}\n"
    assert erased_file(tmp_path).read_text().splitlines(keepends=True)[1] == line


def test_a_last_line_torn_at_any_byte_is_passed_over_and_written_over(
    journal: Journal, tmp_path: Path
) -> None:
    journal.keep_erased(SITE, [VISITOR])
    before = erased_file(tmp_path).read_bytes()
    journal.keep_erased(SITE, [OWNER])
    after = erased_file(tmp_path).read_bytes()
    for torn in range(len(before), len(after)):
        for rest in (b"", b"\0" * (len(after) - torn)):  # cut off, or never filled
            erased_file(tmp_path).write_bytes(after[:torn] + rest)
            assert journal.erased(SITE) == [VISITOR]
            journal.keep_erased(SITE, [EXPIRED])
            assert journal.erased(SITE) == [VISITOR, EXPIRED]


def test_a_damaged_line_elsewhere_is_named(journal: Journal, tmp_path: Path) -> None:
    journal.keep_erased(SITE, [VISITOR, OWNER, EXPIRED])
    lines = erased_file(tmp_path).read_bytes().splitlines(keepends=True)
    for damaged in (lines[1].replace(b"3-4", b"3-5"), lines[1][1:], b"\n", b"\xff\n"):
        erased_file(tmp_path).write_bytes(lines[0] + damaged + lines[2])
        with pytest.raises(SetupError, match=r"meridian\.erased is damaged in line 2"):
            journal.erased(SITE)
        journal.keep_erased(SITE, [VISITOR])  # what is erased meanwhile is not lost
        assert erased_file(tmp_path).read_bytes().endswith(lines[2] + lines[0])
    erased_file(tmp_path).write_bytes(lines[0] + b"\n\n")
    with pytest.raises(SetupError, match="damaged in line 2"):
        journal.erased(SITE)
    half = lines[0] + lines[1][1:] + lines[2][:9]
    erased_file(tmp_path).write_bytes(half)
    with pytest.raises(SetupError, match="damaged in its last whole line"):
        journal.keep_erased(SITE, [VISITOR])
    assert erased_file(tmp_path).read_bytes() == half


def test_however_much_was_erased_little_of_it_is_read_to_keep_more(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [OWNER._replace(first=index, last=index) for index in range(3000)]
    journal.keep_erased(SITE, many)
    read: list[int] = []
    pread = os.pread

    def counted(handle: int, count: int, at: int) -> bytes:
        read.append(len(found := pread(handle, count, at)))
        return found

    monkeypatch.setattr(os, "pread", counted)
    journal.keep_erased(SITE, [VISITOR])
    assert 0 < sum(read) < 4096
    assert journal.erased(SITE) == [*many, VISITOR]
    with erased_file(tmp_path).open("ab") as file:
        file.write(b"\0" * 5000)  # never filled, and longer than what is read at first
    journal.keep_erased(SITE, [EXPIRED])
    assert journal.erased(SITE) == [*many, VISITOR, EXPIRED]


@pytest.mark.parametrize(
    "wrong",
    [
        VISITOR._replace(part="both"),
        VISITOR._replace(reason="why not"),
        VISITOR._replace(first=4),
        VISITOR._replace(origin="two words"),
    ],
)
def test_what_is_no_erasure_is_never_written(
    journal: Journal, tmp_path: Path, wrong: Erased
) -> None:
    with pytest.raises(AssertionError, match="is no erasure"):
        journal.keep_erased(SITE, [wrong])
    assert not erased_file(tmp_path).exists()


def write_many(directory: Path, start: int) -> None:
    journal = Journal.open(directory)
    for size in range(start, 200, 2):
        keep(journal, size)
        journal.keep_erased(SITE, [VISITOR._replace(first=size, last=size)])


def test_two_processes_lose_nothing_of_each_other(journal: Journal, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write_many, args=(tmp_path, start)) for start in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert journal.head(SITE, 1) == head(199)
    assert sorted(entry.first for entry in journal.erased(SITE)) == list(range(200))


def test_nothing_stays_open(journal: Journal) -> None:
    keep(journal, 1)
    opened = len(os.listdir("/dev/fd"))
    for size in range(2, 20):
        keep(journal, size)
        journal.keep_erased(SITE, [VISITOR])
        journal.head(SITE, 1)
    assert len(os.listdir("/dev/fd")) == opened
