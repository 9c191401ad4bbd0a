# SPDX-License-Identifier: MIT
"""An export bundle, verified from its first byte to its last; what holds together is not stopped.

ZIP profile, manifest, signatures, tree, entries, openings, erasures, times, notices, derived files,
file hashes, keys, generations, and the checkpoints kept from last time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from consent_ledger.tlog.checkpoint import parse_checkpoint
from consent_ledger.tlog.errors import FormatError, ProofError
from consent_ledger.tlog.note import parse_note
from consent_ledger.tlog.tile import WIDTH
from consent_ledger.verify.archive import Archive
from consent_ledger.verify.erasures import Erasures, gather
from consent_ledger.verify.faults import Faults
from consent_ledger.verify.generations import check_generations
from consent_ledger.verify.log_walk import walk
from consent_ledger.verify.manifest import LogPart, Manifest, parse_manifest
from consent_ledger.verify.members import (
    CHECKPOINT,
    CONTEXT,
    MANIFEST,
    OPENINGS,
    README,
    check_order,
    is_tile,
    log_path,
)
from consent_ledger.verify.report import Report
from consent_ledger.verify.state import Publications, State
from consent_ledger.verify.tree import Tree
from consent_ledger.verify.trust import LogTrust, Pinned
from consent_ledger.verify.zip_directory import DirectoryError

MISSING_ENTRIES = 1 << 22  # as many may be missing before nothing of the log is looked at

Progress = Callable[[int, int], None]  # entries checked so far, of how many


def verify_bundle(
    path: str,
    pinned: Pinned,
    previous: Mapping[str, bytes] | None = None,
    progress: Progress = lambda done, total: None,
) -> Report:
    """The report on the bundle at *path*; *previous* are signed notes kept from last time, by name.

    Memory: the directory of the ZIP, and little more than a byte for each entry.
    Raises: OSError for a file that cannot be read.
    """
    faults = Faults()
    report = Report("bundle", faults, is_authenticated=False)
    try:
        archive = Archive(path)
    except DirectoryError as error:
        faults.add_error(error, path=error.path)
        return report
    with archive:
        try:
            check_order(archive.members)
            manifest = _read_manifest(archive)
        except FormatError as error:
            faults.add_error(error, path=MANIFEST)
            return report
        report.site = manifest.site
        _check_names(archive, manifest, faults)
        logs = [log for log in manifest.logs if _is_covered(archive, log, faults)]
        if len(logs) == len(manifest.logs):
            _check(report, archive, manifest, pinned, previous or {}, progress)
    return report


def _read_manifest(archive: Archive) -> Manifest:
    for name in (README, MANIFEST):
        if name not in archive:
            raise FormatError(name, "no such member", "a part of every bundle")
    return parse_manifest(archive.read(MANIFEST))


def _check_names(archive: Archive, manifest: Manifest, faults: Faults) -> None:
    """Every member is either a tile of a log that the manifest names, or named itself."""
    starts = tuple(f"logs/{log.generation}/" for log in manifest.logs)
    for name in archive.members:
        if name.startswith("logs/") and not name.startswith(starts):
            faults.add("member", "one of a log that the manifest does not name", "none", path=name)
    listed = [file.path for file in manifest.files]
    present = [name for name in archive.members if not is_tile(name) and name != MANIFEST]
    if listed != present:
        for name in sorted(set(present).symmetric_difference(listed)):
            where = "in the bundle" if name in archive else "in the manifest"
            faults.add("file", f"one {where} only", "one in the bundle and its manifest", path=name)
        if sorted(listed) == sorted(present):
            faults.add("files", "another order", "that of the members", path=MANIFEST)
    for log in manifest.logs:
        path = log_path(log.generation, CHECKPOINT)
        if path not in archive:
            faults.add("file", "no such member", "the signed root", log=log.origin, path=path)


def _is_covered(archive: Archive, log: LogPart, faults: Faults) -> bool:
    """Whether as many entries as the manifest claims can be there, before memory is taken."""
    start = log_path(log.generation, "tile/entries/")
    bundles = sum(name.startswith(start) for name in archive.members)
    most = bundles * WIDTH
    if log.end - log.first > max(most, MISSING_ENTRIES):
        faults.add(
            "entries",
            f"{bundles} entry bundles, so at most {most} entries",
            f"{log.end - log.first}, as the manifest says",
            log=log.origin,
        )
        return False
    return True


def _check(
    report: Report,
    archive: Archive,
    manifest: Manifest,
    pinned: Pinned,
    previous: Mapping[str, bytes],
    progress: Progress,
) -> None:
    faults = report.faults
    total = sum(log.end - log.first for log in manifest.logs)
    done = 0

    def advance(entries: int) -> None:
        nonlocal done
        done += entries
        progress(done, max(total, done))

    erasures = Erasures(manifest.logs)
    for log in manifest.logs:
        _gather_erasures(archive, erasures, log)
    state = State(
        archive, manifest, faults, erasures, Publications(archive, manifest.site), advance
    )
    _check_hashes(state)
    trees: dict[str, Tree] = {}
    trusts: dict[str, LogTrust] = {}
    for log in manifest.logs:
        trust = trusts[log.origin] = LogTrust(log, pinned, faults)
        path = log_path(log.generation, CHECKPOINT)
        if path in archive:
            data = _read(state, path)
            if data is not None:
                trust.read_checkpoint(data)
                report.checkpoint = data
        root = log.root if trust.head is None else trust.head.checkpoint.root
        tree = trees[log.origin] = Tree(archive, log, root, faults)
        tree.check()
        result = walk(state, log, tree)
        report.logs.append(result)
        trust.check_rotations(result.rotations, lambda name: _read(state, name), tree.root_at)
        if log.end == log.size:
            trust.check_cosignatures(state.clock.last)
        if pinned.logs:
            trust.check_authenticated()
    report.is_authenticated = bool(pinned.logs) and all(
        trust.is_authenticated() for trust in trusts.values()
    )
    check_generations(report.logs, faults)
    _check_published(state)
    _check_files(state)
    for name, data in previous.items():
        _check_previous(name, data, trusts, trees, faults)


def _read(state: State, path: str) -> bytes | None:
    """A small member, whose hashes are kept for the manifest; None where it is not, or damaged."""
    if path not in state.archive:
        return None
    stream = state.archive.stream(path)
    try:
        data = b"".join(stream.pieces())
    except FormatError:
        data = None
    state.finish(stream)
    return data


def _gather_erasures(archive: Archive, erasures: Erasures, log: LogPart) -> None:
    """Takes in a log's erasure entries in their order: some of the context stand on each side."""
    for name, among in (
        (CONTEXT, range(log.first)),
        (OPENINGS, range(log.first, log.end)),
        (CONTEXT, range(log.end, log.size)),
    ):
        path = log_path(log.generation, name)
        if path in archive:
            try:
                gather(erasures, log, archive.stream(path).glance(), among)
            except FormatError:
                continue  # damage is reported when the file is checked


# --- what spans logs and files -----------------------------------------------------------------


def _check_published(state: State) -> None:
    """Every notice and picture that was published is here, and nothing that was not."""
    publications, archive = state.publications, state.archive
    for what, start, end, known in (
        ("notice", "notices/", ".json", publications.needed),
        ("screenshot", "screenshots/", ".png", publications.screenshots),
    ):
        for sha256, (origin, index) in known.items():
            place: Any = {"log": origin, "index": index, "path": f"{start}{sha256}{end}"}
            if place["path"] not in archive:
                state.faults.add(what, "no such member", "every published one", **place)
            elif known is publications.needed:
                try:
                    publications.notice(sha256)
                except FormatError as error:
                    state.faults.add_error(error, **place)
        for path in archive.members:
            if path.startswith(start) and _stem(path) not in known:
                state.faults.add("file", "one that no entry published", "none", path=path)


def _check_hashes(state: State) -> None:
    """Every notice and picture is what its name says. Checked before the entries are, so that a
    damaged notice is told before each decision that was made on it."""
    for path in state.archive.members:
        if path.startswith(("notices/", "screenshots/")):
            state.finish(state.archive.stream(path))
            if path in state.hashes and state.hashes[path][1] != _stem(path):
                state.faults.add("SHA-256", state.hashes[path][1], "its name", path=path)


def _stem(path: str) -> str:
    return path.partition("/")[2].partition(".")[0]


def _check_files(state: State) -> None:
    """Every member that the manifest lists has the size and the hashes that it says."""
    for file in state.manifest.files:
        if file.path not in state.archive:
            continue
        if file.path not in state.hashes:
            state.finish(state.archive.stream(file.path))
        if file.path not in state.hashes:
            continue  # it is damaged, which was reported
        size, sha256, packed = state.hashes[file.path]
        for field, found, expected in (
            ("bytes", size, file.size_bytes),
            ("sha256", sha256, file.sha256),
            ("packed", packed, file.packed_sha256),
        ):
            if found != expected:
                state.faults.add(field, found, f"{expected}, as the manifest says", path=file.path)


def _check_previous(
    name: str,
    data: bytes,
    trusts: Mapping[str, LogTrust],
    trees: Mapping[str, Tree],
    faults: Faults,
) -> None:
    try:
        origin = parse_checkpoint(parse_note(data).text).origin
    except ProofError as error:
        faults.add_error(error, path=name)
        return
    if origin not in trusts:
        faults.add("origin", origin, "a log of this bundle", path=name)
        return
    trusts[origin].check_previous(data, name, trees[origin].root_at)
