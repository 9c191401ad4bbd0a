# SPDX-License-Identifier: MIT
"""Who signed: checkpoints, the keys that cover them, and the way from a pinned key to a newer one.

A pinned key vouches for the log when it signed the bundle's checkpoint, or when it signed a
checkpoint whose last entry names the next key, and that one leads on in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consent_ledger.tlog.checkpoint import Checkpoint, parse_checkpoint
from consent_ledger.tlog.cosignature import CosignerKey, cosigned_at_s
from consent_ledger.tlog.errors import FormatError, MissingHashError, ProofError, SignatureError
from consent_ledger.tlog.note import Note, Verifier, VerifierKey, parse_note, verified_signatures
from consent_ledger.verify.members import CHECKPOINT, log_path

if TYPE_CHECKING:
    from consent_ledger.verify.faults import Faults
    from consent_ledger.verify.manifest import KeyRange, LogPart

ReadRoot = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Pinned:
    """The keys that whoever verifies has from somewhere else than the file."""

    logs: tuple[VerifierKey, ...] = ()
    witnesses: tuple[CosignerKey, ...] = ()

    @classmethod
    def read(cls, arguments: Iterable[str]) -> Pinned:
        """Each of *arguments* is a vkey, or a file with one on each line and # comments.

        Raises: FormatError; OSError.
        """
        logs: dict[VerifierKey, None] = {}
        witnesses: dict[CosignerKey, None] = {}
        for argument in arguments:
            for vkey in _vkeys(argument):
                try:
                    logs[VerifierKey.parse(vkey)] = None
                except FormatError as error:
                    try:
                        witnesses[CosignerKey.parse(vkey)] = None
                    except FormatError:
                        raise error from None
        return cls(tuple(logs), tuple(witnesses))

    def of(self, origin: str) -> list[VerifierKey]:
        return [key for key in self.logs if key.name == origin]


def _vkeys(argument: str) -> list[str]:
    path = Path(argument)
    if argument.count("+") >= 2 and not path.exists():
        return [argument]
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FormatError(f"file {argument}", "bytes that are no text", "verifier keys") from None
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    found = [line for line in lines if line]
    if not found:
        raise FormatError(f"file {argument}", "no line", "a verifier key on each line")
    return found


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A checkpoint with the keys that signed it."""

    note: Note
    checkpoint: Checkpoint
    signers: frozenset[VerifierKey]


def read_head(data: bytes, keys: Iterable[VerifierKey]) -> SignedHead:
    """The checkpoint in *data*, and which of *keys* signed it; perhaps none.

    Raises: FormatError; SignatureError for a bad signature by one of them.
    """
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    signers = set()
    for key in dict.fromkeys(keys):
        if verified_signatures(note, [key]):
            signers.add(key)
    return SignedHead(note, checkpoint, frozenset(signers))


class LogTrust:
    """The signatures of one log of a bundle."""

    def __init__(self, log: LogPart, pinned: Pinned, faults: Faults) -> None:
        self._log, self._pinned, self._faults = log, pinned, faults
        self._own = pinned.of(log.origin)
        self._links: set[int] = set()  # keys, by number, that the one before introduced
        self.head: SignedHead | None = None

    def read_checkpoint(self, data: bytes) -> None:
        """Takes in the log's checkpoint and checks it against the manifest; faults are added."""
        log, path = self._log, log_path(self._log.generation, CHECKPOINT)
        keys = [*(each.key for each in log.keys), *self._own]
        try:
            head = read_head(data, keys)
        except SignatureError as error:
            self._faults.add_error(error, log=log.origin, path=path)
            head = read_head(data, ())
        except FormatError as error:
            self._faults.add_error(error, log=log.origin, path=path)
            return
        self.head = head
        found = head.checkpoint
        for field, value, expected in (
            ("origin", found.origin, log.origin),
            ("tree size", str(found.size), str(log.size)),
            ("root hash", found.root.hex(), log.root.hex()),
        ):
            if value != expected:
                self._fault(field, value, f"{expected}, as the manifest says", path)
        for key in log.keys:
            self._check_covers(key, head, path)

    def _check_covers(self, key: KeyRange, head: SignedHead, path: str) -> None:
        has_signed = key.key in head.signers
        if has_signed is not key.covers(self._log.size - 1):
            name = f"key {key.key.key_id.hex()}"
            self._fault(
                f"signature by {name}",
                "one" if has_signed else "none",
                f"{'none' if has_signed else 'one'}, as its indexes in the manifest are "
                f"{key.first} to {'now' if key.last is None else key.last}",
                path,
            )

    # --- from one key to the next --------------------------------------------------------------

    def check_rotations(
        self,
        entries: Mapping[int, Mapping[str, Any]],
        read: Callable[[str], bytes | None],
        root_at: ReadRoot,
    ) -> None:
        """Checks that each key but the first was introduced by an entry that the one before signed.

        *entries* are the documents of kind 17 by index; *read* gives a member, None where there is
        none.
        """
        log = self._log
        if log.keys[0].first != 0:
            self._fault("keys[0].first", str(log.keys[0].first), "0", None)
        introduced = {key.first for key in log.keys[1:]}
        for index in sorted(entries.keys() - introduced):
            self._fault("keys", "none from this entry on", "the key it names", None, index)
        for number, (old, new) in enumerate(zip(log.keys, log.keys[1:], strict=False), 1):
            path = log_path(log.generation, f"rotations/{new.first}.checkpoint")
            document = entries.get(new.first)
            if document is None:
                self._fault(f"keys[{number}]", "no entry that names it", "one", path, new.first)
            elif (document["previous"], document["key"]) != (old.key.vkey, new.key.vkey):
                self._fault(
                    f"keys[{number}]",
                    f"{new.key.vkey} after {old.key.vkey}",
                    f"{document['key']} after {document['previous']}, as the entry says",
                    path,
                    new.first,
                )
            elif self._check_rotation(old, new, path, read(path), root_at):
                self._links.add(number)
            if old.last is not None and not new.first <= old.last < log.size:
                self._fault(
                    f"keys[{number - 1}].last",
                    str(old.last),
                    f"{new.first} to {log.size - 1}",
                    None,
                )
            elif old.last is None and number < len(log.keys) - 1:
                self._fault(f"keys[{number - 1}].last", "none", "the last index it covers", None)
        if log.keys[-1].last is not None:
            self._fault(
                f"keys[{len(log.keys) - 1}].last", str(log.keys[-1].last), "none: it signs", None
            )

    def _check_rotation(
        self, old: KeyRange, new: KeyRange, path: str, data: bytes | None, root_at: ReadRoot
    ) -> bool:
        """Whether both keys signed the tree that ends with the entry that names the new one."""
        origin, size = self._log.origin, new.first + 1
        if data is None:
            self._fault("file", "no such member", "the checkpoint that both keys signed", path)
            return False
        try:
            head = read_head(data, (old.key, new.key))
            expected = Checkpoint(origin, size, root_at(size))
        except ProofError as error:
            self._faults.add_error(error, log=origin, index=new.first, path=path)
            return False
        if head.checkpoint != expected:
            self._fault(
                "checkpoint",
                f"{head.checkpoint.origin} of {head.checkpoint.size}, "
                f"root {head.checkpoint.root.hex()}",
                f"{origin} of {size}, root {expected.root.hex()}",
                path,
                new.first,
            )
            return False
        for key in (old.key, new.key):
            if key not in head.signers:
                self._fault("signature", f"none by {key.key_id.hex()}", "one by it", path)
        return len(head.signers) == 2

    # --- what follows --------------------------------------------------------------------------

    def is_authenticated(self) -> bool:
        """Whether a pinned key vouches for the checkpoint; ask after the rotations."""
        if self.head is None:
            return False
        if self.head.signers.intersection(self._own):
            return True
        keys = self._log.keys
        reached = False
        for number, each in enumerate(keys):
            reached = each.key in self._own or (reached and number in self._links)
            if reached and each.key in self.head.signers:
                return True
        return False

    def check_authenticated(self) -> None:
        """Adds a fault unless a pinned key vouches for the checkpoint."""
        if self.head is None or self.is_authenticated():
            return
        signers = ", ".join(sorted(key.vkey for key in self.head.signers)) or "none of its keys"
        expected = ", ".join(key.vkey for key in self._own) or f"a pinned key of {self._log.origin}"
        path = log_path(self._log.generation, CHECKPOINT)
        self._fault("signer", signers, f"{expected}, or one it leads to", path)

    def check_cosignatures(self, last: str) -> None:
        """Holds the cosignatures of pinned witnesses against *last*, the newest entry's time."""
        if self.head is None:
            return
        path = log_path(self._log.generation, CHECKPOINT)
        keys: list[Verifier] = list(self._pinned.witnesses)
        try:
            found = verified_signatures(self.head.note, keys)
        except ProofError as error:
            self._faults.add_error(error, log=self._log.origin, path=path)
            return
        for each in found:
            at = _moment(cosigned_at_s(each))
            if at[:19] < last[:19]:
                self._fault(f"cosignature of {each.name}", at, f"{last} or later", path)

    def check_previous(self, data: bytes, path: str, root_at: ReadRoot) -> None:
        """Holds the checkpoint that was kept from last time against this tree; faults are added."""
        log = self._log
        try:
            head = read_head(data, [*(key.key for key in log.keys), *self._own])
            if not head.signers:
                self._fault("signatures", "none by a key of this log", "one", path)
                return
            kept = head.checkpoint
            if kept.size > log.size:
                self._fault(
                    "tree size",
                    f"{log.size}: an older checkpoint than the one you kept",
                    f"{kept.size} or more",
                    path,
                )
                return
            root = root_at(kept.size)
        except MissingHashError as error:
            found = f"it cannot be checked, as this export has no {error.field}"
            self._fault(f"root hash at {kept.size}", found, "the tiles; ask for all of it", path)
            return
        except ProofError as error:
            self._faults.add_error(error, log=log.origin, path=path)
            return
        if root != kept.root:
            self._fault(
                f"root hash at {kept.size}",
                root.hex(),
                f"{kept.root.hex()}, as in the checkpoint you kept",
                path,
            )

    def _fault(
        self, field: str, found: str, expected: str, path: str | None, index: int | None = None
    ) -> None:
        self._faults.add(field, found, expected, log=self._log.origin, index=index, path=path)


def _moment(seconds: int) -> str:
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s after 1970"
