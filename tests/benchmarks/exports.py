# SPDX-License-Identifier: MIT
"""How fast a log is exported and verified, and in how much memory: `python exports.py --help`.

Each figure comes from a process of its own that works on files, as the commands do, without a
server beside it. Memory is the most that the process ever held.
"""

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from tables import heading, note, number, progress, table

sys.path.insert(0, str(Path(__file__).parents[1]))

SITE = "meridian"
BATCH = 2000
RECORDS_PER_HOUR = 5000
FORMS = ("ndjson", "csv", "jsonld", "bundle")
PARTS = ("evidence", "all")
# What the figures should reach: records a second (of NDJSON and of verifying), and megabytes.
GOALS = {"ndjson": 100_000, "hashes": 100_000, "openings": 30_000}
GOAL_MB = 100
SIZES, QUICK = (10_000, 1_000_000), (2_000,)


def run(folder: Path, entries: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Prints the table for logs with so many entries; `ok` tells whether memory kept its bound."""
    heading("Export and verify")
    rows: list[dict[str, Any]] = []
    for count in entries:
        place = folder / str(count)
        progress(f"recording {count:,} decisions …")
        vkey = fill(place, count)
        bundle = place / "bundle.zip"
        for parts in PARTS:
            for form in FORMS:
                progress(f"{form} of {count:,}, {parts} …")
                rows.append(_measure("export", place, form, parts, bundle, vkey))
            for what in ("hashes", "openings"):
                progress(f"verifying {count:,}, {parts}: {what} …")
                rows.append(_measure(what, place, "bundle", parts, bundle, vkey))
    table(
        ("", "parts", "entries", "records/s", "goal", "per CPU s", "MB written", "peak MB"),
        [
            (
                f"export {row['form']}" if row["what"] == "export" else f"verify, {row['what']}",
                row["parts"],
                number(row["entries"]),
                number(row["rate"]),
                number(goal) if (goal := GOALS.get(_name(row))) else "",
                number(row["cpu_rate"]),
                f"{row['bytes'] / 1e6:,.1f}",
                f"{row['peak_mb']:.0f}",
            )
            for row in rows
        ],
        left=(1,),
    )
    exports = [row for row in rows if row["what"] == "export"]
    ok = all(row["peak_mb"] < GOAL_MB for row in exports)
    note(f"Exports stay below {GOAL_MB} MB whatever the size: {'yes' if ok else 'NO'}.")
    note("Verifying hashes: signature, tiles and entries. With openings: everything `verify` does.")
    return {"ok": ok, "rows": rows}


def _name(row: dict[str, Any]) -> str:
    return str(row["form"] if row["what"] == "export" else row["what"])


def fill(data: Path, count: int) -> str:
    """A ledger whose log has *count* decisions on one notice, of all kinds; returns its vkey."""
    from consent_banner.notice import Notice
    from consent_ledger import batch, sites
    from consent_ledger.db import initialise, open_database
    from consent_ledger.log_writer import LogWriter
    from consent_ledger.models import LogKey
    from consent_ledger.notices import Publish
    from consent_ledger.records import check_decision
    from consent_ledger.timestamps import HOUR_MS, now_ms
    from harness import ORIGIN, sample_choices, sample_decision, sample_notice

    notice = Notice.load(sample_notice(SITE))
    nothing = sample_choices(settings=False, counter=False, speed=False)
    some = sample_choices(settings=True, counter=True, speed=False)
    templates = [
        check_decision(SITE, ORIGIN, sample_decision(notice.document, **changes), notice)
        for changes in (
            {},
            {"language": "fr"},
            {"action": "reject_all", "choices": nothing},
            {"action": "customise", "choices": some, "layer": "second"},
            {"action": "withdraw", "choices": nothing, "layer": "page"},
        )
    ]
    chance = Random(count)

    def decision() -> Any:
        return replace(
            chance.choice(templates),
            record_id=secrets.token_hex(16),
            subject=secrets.token_bytes(32),
            previous=secrets.token_hex(16) if chance.random() < 0.3 else None,
            subject_salt=secrets.token_bytes(32),
            evidence_salt=secrets.token_bytes(32),
        )

    initialise(data, "ledger.test")
    database = open_database(data)
    with database.connection_context():
        sites.add_site(database, SITE, "Meridian API", [ORIGIN])
        writer = LogWriter.open(data)
        begun = now_ms() - (count // RECORDS_PER_HOUR + 1) * HOUR_MS
        publication = Publish(SITE, notice, "b" * 64, "c" * 64, "sha384-" + "A" * 64)
        batch.commit(database, writer, [publication], lambda: begun)
        for start in range(0, count, BATCH):
            at = begun + start * HOUR_MS // RECORDS_PER_HOUR
            works = [decision() for _ in range(min(BATCH, count - start))]
            done = batch.commit(database, writer, works, lambda at=at: at)  # type: ignore[misc]
            assert not [each.error for each in done if each.error]
        vkey = str(LogKey.select(LogKey.vkey).tuples().get(database)[0])
    database.close_all()
    return vkey


def _measure(
    what: str, data: Path, form: str, parts: str, bundle: Path, vkey: str
) -> dict[str, Any]:
    """One figure, taken by a fresh process that runs this file."""
    command = [sys.executable, __file__, "--one", what, str(data), form, parts, str(bundle), vkey]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return {"what": what, "form": form, "parts": parts, **found}


def one(what: str, data: str, form: str, parts: str, bundle: str, vkey: str) -> dict[str, Any]:
    """What the fresh process does."""
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

    database = open_database(data)
    begun, cpu = time.perf_counter(), time.process_time()
    export = prepare_export(database, SITE, with_subjects=parts == "all")
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


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        json.dump(one(*sys.argv[2:]), sys.stdout)
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--entries", action="append", type=int, help="decisions in a log (repeatable)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="consent-ledger-bench-") as folder:
        run(Path(folder), tuple(options.entries or SIZES))


if __name__ == "__main__":
    main()
