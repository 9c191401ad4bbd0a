# SPDX-License-Identifier: MIT
"""How fast a log is exported and verified, and in how much memory.

Each figure comes from a process of its own that works on files, as the commands do, without a
server beside it. Memory is the most that the process ever held.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from contenders import Ledger
from fill import GrownLogs
from tables import heading, note, number, progress, table

ONE = Path(__file__).with_name("export_one.py")
# What is measured: what, format, parts. Hashes are the same whichever parts are opened.
MEASURES = (
    *(("export", form, "evidence") for form in ("ndjson", "csv", "jsonld", "bundle")),
    ("hashes", "bundle", "evidence"),
    ("openings", "bundle", "evidence"),
    ("export", "bundle", "all"),
    ("openings", "bundle", "all"),
)
# What the figures should reach: records a second (of NDJSON and of verifying), and megabytes.
GOALS = {"ndjson": 100_000, "hashes": 100_000, "openings": 30_000}
GOAL_MB = 100


def run(folder: Path, logs: GrownLogs) -> dict[str, Any]:
    """Prints the table for *logs*, files are below *folder*; `ok` tells whether memory kept its
    bound."""
    heading("Export and verify")
    rows: list[dict[str, Any]] = []
    for count, (ledger, _) in logs.ledgers().items():
        vkey, bundle = _vkey(ledger), folder / f"{count}.zip"
        for what, form, parts in MEASURES:
            progress(f"{what} {form} of {count:,}, {parts} …")
            rows.append(_measure(what, ledger.data, form, parts, bundle, vkey))
        bundle.unlink()
    progress("")
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


def _vkey(ledger: Ledger) -> str:
    from consent_ledger.db import open_database
    from consent_ledger.models import LogKey

    database = open_database(ledger.data)
    with database.connection_context():
        vkey = str(LogKey.select(LogKey.vkey).tuples().get(database)[0])
    database.close_all()
    return vkey


def _measure(
    what: str, data: Path, form: str, parts: str, bundle: Path, vkey: str
) -> dict[str, Any]:
    """One figure, taken by a fresh process."""
    command = [sys.executable, str(ONE), what, str(data), form, parts, str(bundle), vkey]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return {"what": what, "form": form, "parts": parts, **found}
