# SPDX-License-Identifier: MIT
"""One figure of exporting or verifying, for `exports.py`: it imports only what the task needs."""

import json
import sys
import time
from pathlib import Path
from typing import Any


def one(what: str, data: str, form: str, parts: str, bundle: str, vkey: str) -> dict[str, Any]:
    """Does it once; *what* is export, hashes or openings, *parts* are evidence or all."""
    begun, cpu = time.perf_counter(), time.process_time()
    if what == "export":
        entries, written, begun, cpu = _export(Path(data), form, parts, Path(bundle))
    elif what == "hashes":
        entries, written = _check_hashes(bundle)
    else:
        from consent_ledger.verify.bundle import verify_bundle
        from consent_ledger.verify.trust import Pinned

        report = verify_bundle(bundle, Pinned.read([vkey]))
        assert report.exit_code == 0, report.faults.first
        entries, written = report.logs[0].log.size, Path(bundle).stat().st_size
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu
    return {
        "entries": entries,
        "rate": entries / seconds,
        "cpu_rate": entries / cpu_seconds,  # on a busy machine it says more
        "bytes": written,
        "peak_mb": _peak_mb(),
    }


def _export(data: Path, form: str, parts: str, bundle: Path) -> tuple[int, int, float, float]:
    from consent_ledger.bundle import Bundle
    from consent_ledger.db import open_database
    from consent_ledger.export import prepare_export
    from consent_ledger.models import Site

    database = open_database(data)
    ((site,),) = Site.select(Site.site).tuples().execute(database)
    begun, cpu = time.perf_counter(), time.process_time()
    export = prepare_export(database, site, with_subjects=parts == "all")
    pieces = Bundle(export, lambda: None).pieces() if form == "bundle" else export.lines(form)
    target = bundle if form == "bundle" else bundle.with_suffix(".out")
    with target.open("wb") as file:
        for piece in pieces:
            file.write(piece)
    written = target.stat().st_size
    if target != bundle:
        target.unlink()
    return export.size, written, begun, cpu


def _check_hashes(bundle: str) -> tuple[int, int]:
    """Tiles and entries against the root of the manifest, and nothing else."""
    from consent_ledger.verify.archive import Archive
    from consent_ledger.verify.faults import Faults
    from consent_ledger.verify.manifest import parse_manifest
    from consent_ledger.verify.tree import Tree

    with Archive(bundle) as archive:
        (log,) = parse_manifest(archive.read("manifest.json")).logs
        faults = Faults()
        tree = Tree(archive, log, log.root, faults)
        tree.check()
        for index in tree.entry_bundles():
            tree.check_leaves(index, tree.read_entries(index))
        tree.check_other_leaves()
        assert faults.total == 0, faults.first
        return log.size, archive.size_bytes


def _peak_mb() -> float:
    """The most memory this process has held."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024  # macOS: bytes


if __name__ == "__main__":
    json.dump(one(*sys.argv[1:]), sys.stdout)
