# SPDX-License-Identifier: MIT
"""The journal: what a restored database must not make a ledger forget.

It stands beside the database and in no backup of it. For each log it keeps the last head that was
signed, and for each site the indexes whose parts were erased. It knows nothing of the database.

<data>/journal/<site>.<generation>.head   two slots of 512 bytes, the larger size counts:
    <SHA-256 hex of the rest> <size> <base64 root> <origin>, padded with spaces, and a newline
<data>/journal/<site>.erased              a line for each range, first and last inclusive:
    <SHA-256 hex of the rest> <origin> <part> <reason> <first>-<last>
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from consent_ledger.disk import sync_file, sync_folder
from consent_ledger.errors import LogHalted, SetupError
from consent_ledger.tlog.encoding import format_base64, parse_decimal, parse_hash
from consent_ledger.tlog.errors import ProofError

FOLDER = "journal"
LOCK = "lock"
SLOT_BYTES = 512
LINE_BYTES = 1024  # more than two lines about an erasure take, as a rule

_HEAD_FILE = re.compile(r"(?P<site>[a-z][a-z0-9-]*)\.(?P<generation>[1-9][0-9]*)\.head")
_ERASED = re.compile(
    r"(?P<origin>[!-~]+) (?P<part>subject|evidence) (?P<reason>visitor|owner|retention)"
    r" (?P<first>0|[1-9][0-9]{0,18})-(?P<last>0|[1-9][0-9]{0,18})"
)


class SignedSize(NamedTuple):
    """The head of a log: *root* is the hash of the tree of its first *size* entries."""

    origin: str
    size: int
    root: bytes


class Erased(NamedTuple):
    """Indexes *first* to *last*, inclusive, of the log *origin* whose *part* is destroyed."""

    origin: str
    part: str  # subject or evidence
    reason: str  # visitor, owner or retention
    first: int
    last: int


class Journal:
    """The journal of one data directory. Any number of threads and processes may use it at once;
    nothing is kept in memory or open between two calls."""

    def __init__(self, directory: Path) -> None:
        """Use `open` or `make`."""
        self._folder = directory / FOLDER

    @classmethod
    def open(cls, directory: Path) -> Journal:
        """The journal of a data directory. Raises: SetupError when there is none."""
        journal = cls(directory)
        if not journal._folder.is_dir():
            raise SetupError(
                f"{journal._folder} is missing: it holds what the logs of this ledger last signed; "
                "put it back as it was when the ledger last ran, or run `consent-ledger continue`"
            )
        return journal

    @classmethod
    def make(cls, directory: Path) -> Journal:
        """The same, made for this user only when there is none. Raises: SetupError."""
        journal = cls(directory)
        try:
            journal._folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(directory)
        except OSError as error:
            raise SetupError(f"{journal._folder} cannot be made: {error.strerror}") from None
        return journal

    # Heads

    def head(self, site: str, generation: int) -> SignedSize | None:
        """The last head that was kept of a log, or None when there never was one.

        Raises: SetupError for a file without a whole slot, which no interrupted write leaves.
        """
        return next(iter(self.heads(site, generation)), None)

    def heads(self, site: str, generation: int) -> list[SignedSize]:
        """The last head, and the one before it as long as its slot holds it."""
        path = self._head_file(site, generation)
        try:
            return [head for _, head in _whole_slots(path, path.read_bytes())]
        except FileNotFoundError:
            return []

    def generations(self, site: str) -> list[int]:
        """The generations of the site's log of which a head was kept, in order."""
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        matches = map(_HEAD_FILE.fullmatch, names)
        return sorted(int(match["generation"]) for match in matches if match and match[1] == site)

    def keep_head(self, site: str, generation: int, origin: str, size: int, root: bytes) -> None:
        """Returns when a head is on the disk. One smaller than what is kept changes nothing:
        another process was faster, and its log continues this one.

        Raises: LogHalted when another history was signed: the same size with another root, or
            another origin; SetupError as `head`; OSError when the disk fails.
        """
        new = SignedSize(origin, size, root)
        path = self._head_file(site, generation)
        if len(_slot(new)) != SLOT_BYTES:
            raise SetupError(
                f"the origin {origin[:80]}… has {len(origin)} characters, too many for the "
                "journal; the ledger needs a shorter log name"
            )
        with self._alone():
            try:
                handle = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                self._begin(path, new)
                return
            try:
                at, kept = _whole_slots(path, os.pread(handle, 2 * SLOT_BYTES + 1, 0))[0]
                if not kept.size and origin != kept.origin:
                    self._begin(path, new)  # nothing was signed under the other name
                    return
                if _is_other_history(kept, new):
                    raise LogHalted(
                        f"the log {kept.origin} was signed at size {kept.size} with another "
                        "history; its operator has to restart the ledger"
                    )
                if new.size > kept.size:
                    # The kept one stays whole until the new one is.
                    at, kept = SLOT_BYTES - at, new
                # What is there already was perhaps never synced: its writer may have been killed.
                os.pwrite(handle, _slot(kept), at)
                sync_file(handle)
            finally:
                os.close(handle)

    def _begin(self, path: Path, head: SignedSize) -> None:
        """The first head of a log: the file has its name only when it is whole."""
        half = path.with_suffix(".new")
        handle = os.open(half, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        try:
            os.write(handle, _slot(head) + b" " * (SLOT_BYTES - 1) + b"\n")
            sync_file(handle)
        finally:
            os.close(handle)
        half.rename(path)
        sync_folder(self._folder)

    def holds(self, site: str, generation: int, size: int) -> bool:
        """Whether a head of at least *size* was kept of the log. Raises: as `head`."""
        kept = self.head(site, generation)
        return kept is not None and kept.size >= size

    def _head_file(self, site: str, generation: int) -> Path:
        return self._folder / f"{site}.{generation}.head"

    # Erasures

    def erased(self, site: str) -> list[Erased]:
        """What was erased of the site's logs, in the order in which it was kept.

        Raises: SetupError naming file and line for a damaged one; a last line that was never
            written to its end is passed over.
        """
        path = self._erased_file(site)
        try:
            with path.open("rb") as file:
                lines = file.readlines()
        except FileNotFoundError:
            return []
        found: list[Erased] = []
        for number, line in enumerate(lines, 1):
            entry = _parse_erased(line)
            if entry is not None:
                found.append(entry)
            elif number < len(lines):
                raise _damaged(path, f"line {number}")
        return found

    def keep_erased(self, site: str, entries: Iterable[tuple[str, str, str, int, int]]) -> None:
        """Returns when each (origin, part, reason, first, last) is on the disk.

        However much was erased before, nothing but the last lines is read: whoever wants to keep a
        head waits for this.
        Raises: SetupError when the last line but one is damaged; OSError when the disk fails.
        """
        lines = b"".join(_erased_line(Erased(*entry)) for entry in entries)
        if not lines:
            return
        path = self._erased_file(site)
        with self._alone():
            is_new = not path.exists()
            handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
            try:
                # Nothing may be glued to half a line.
                os.ftruncate(handle, _whole_lines(path, handle))
                while lines:
                    lines = lines[os.write(handle, lines) :]
                sync_file(handle)
            finally:
                os.close(handle)
            if is_new:
                sync_folder(self._folder)

    def _erased_file(self, site: str) -> Path:
        return self._folder / f"{site}.erased"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Against other threads as well: each call opens the lock file for itself."""
        handle = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _is_other_history(kept: SignedSize, new: SignedSize) -> bool:
    return new.origin != kept.origin or (new.size == kept.size and new.root != kept.root)


def _slot(head: SignedSize) -> bytes:
    text = f"{head.size} {format_base64(head.root)} {head.origin}"
    line = f"{hashlib.sha256(text.encode()).hexdigest()} {text}".encode()
    return line.ljust(SLOT_BYTES - 1) + b"\n"


def _parse_slot(slot: bytes) -> SignedSize | None:
    """None for anything but what `_slot` makes."""
    try:
        _, size, root, origin = slot.decode("ascii").rstrip("\n").rstrip(" ").split(" ")
        head = SignedSize(origin, parse_decimal(size, "size"), parse_hash(root, "root"))
    except (UnicodeDecodeError, ValueError, ProofError):
        return None
    return head if _slot(head) == slot else None


def _whole_slots(path: Path, data: bytes) -> list[tuple[int, SignedSize]]:
    """Where a whole slot starts, and what it says; the larger size first, and at least one."""
    slots = [(at, _parse_slot(data[at : at + SLOT_BYTES])) for at in (0, SLOT_BYTES)]
    whole = [(at, head) for at, head in slots if head is not None]
    if len(data) != 2 * SLOT_BYTES or not whole:
        raise SetupError(
            f"{path} is damaged: none of its two slots is whole; "
            "put the file back as it was when the ledger last ran, or remove it and run "
            "`consent-ledger continue`"
        )
    return sorted(whole, key=lambda slot: slot[1].size, reverse=True)


def _erased_line(entry: Erased) -> bytes:
    text = f"{entry.origin} {entry.part} {entry.reason} {entry.first}-{entry.last}"
    if not _ERASED.fullmatch(text) or not entry.first <= entry.last:
        raise AssertionError(f"_erased_line: {text!r} is no erasure")
    return f"{hashlib.sha256(text.encode()).hexdigest()} {text}\n".encode()


def _parse_erased(line: bytes) -> Erased | None:
    """None for anything but what `_erased_line` makes."""
    digest, _, text = line.decode("utf-8", "replace").rstrip("\n").partition(" ")
    match = _ERASED.fullmatch(text)
    if match is None or not line.endswith(b"\n"):
        return None
    if hashlib.sha256(text.encode()).hexdigest() != digest:
        return None
    first, last = int(match["first"]), int(match["last"])
    return Erased(match["origin"], match["part"], match["reason"], first, last)


def _whole_lines(path: Path, handle: int) -> int:
    """Where the last whole line of a list of erasures ends. Raises: SetupError as `keep_erased`."""
    size = os.fstat(handle).st_size
    taken = LINE_BYTES
    while True:
        start = max(0, size - taken)
        *lines, half = os.pread(handle, taken, start).split(b"\n")
        if start:
            lines = lines[1:]  # the first one begins further up
        elif not lines:
            return 0
        if not lines:
            taken *= 2
            continue
        end = size - len(half)
        if _parse_erased(lines[-1] + b"\n") is not None:
            return end
        if half:
            raise _damaged(path, "its last whole line")
        return end - len(lines[-1]) - 1  # it was never filled


def _damaged(path: Path, where: str) -> SetupError:
    return SetupError(
        f"{path} is damaged in {where}; put the file back as it was when the ledger last ran"
    )
