# SPDX-License-Identifier: MIT
"""`export`: a site's log for an auditor, a spreadsheet or another program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click

from consent_ledger.cli.common import Shell, key_file, output, read_key
from consent_ledger.cli.progress import Progress

# By how a file's name ends. `export.py` names the same, but importing it takes long.
FORMATS = {".ndjson": "ndjson", ".csv": "csv", ".jsonld": "jsonld", ".zip": "bundle"}


@click.command()
@click.argument("site_id", metavar="SITE")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS.values())),
    help="`bundle` is a ZIP that an auditor verifies offline; `jsonld` speaks W3C DPV and "
    "ISO/IEC TS 27560.  [default: by the ending of -o (.csv, .jsonld, .zip), otherwise ndjson]",
)
@click.option(
    "--parts",
    type=click.Choice(["evidence", "all"]),
    default="evidence",
    show_default=True,
    help="`all` adds the subject parts, which single out people.",
)
@click.option(
    "--from",
    "start",
    metavar="TIME",
    help="Only what was recorded from then on: a day or an hour in UTC, as 2026-11-01 or "
    "2026-11-01T08Z.",
)
@click.option("--to", "stop", metavar="TIME", help="Only what was recorded before then.")
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, which appears when it is complete  [default: standard output].",
)
@click.option(
    "--from-url", "url", metavar="URL", help="A running ledger, instead of the data directory."
)
@key_file
@click.pass_obj
def export(
    shell: Shell,
    site_id: str,
    form: str | None,
    parts: str,
    start: str | None,
    stop: str | None,
    path: Path | None,
    url: str | None,
    key_file: Path | None,
) -> None:
    """Export a site's log, all of it or what was recorded in some hours.

    \b
    Example:
      consent-ledger export meridian -o meridian.zip
      consent-ledger export meridian --from 2026-11-01 --to 2026-12-01 -o november.csv
      consent-ledger export meridian --from-url https://ledger.example.com --key-file audit.key
    """
    if form is None:
        form = FORMATS.get(path.suffix.lower() if path else "", "ndjson")
    with ExitStack() as stack:
        if url is not None:
            from consent_ledger.client import Remote

            remote = Remote(url, read_key(shell, key_file))
            pieces, progress = remote.export(site_id, form, parts, start, stop), None
        else:
            pieces, progress = _prepare(shell, stack, site_id, form, parts == "all", start, stop)
        with output(path) as file, progress or Progress(None, "bytes") as shown:
            for piece in pieces:
                file.write(piece)
                if progress is None:
                    shown.add(len(piece))


def _prepare(
    shell: Shell,
    stack: ExitStack,
    site: str,
    form: str,
    with_subjects: bool,
    start: str | None,
    stop: str | None,
) -> tuple[Iterator[bytes], Progress]:
    """An export of the data directory, which *stack* closes, and how far it is."""
    from consent_ledger.export import prepare_export
    from consent_ledger.export_range import Range

    wanted = Range.parse(start, stop)
    if form != "bundle":
        database = stack.enter_context(shell.database())
        prepared = prepare_export(database, site, with_subjects=with_subjects, wanted=wanted)
        progress = Progress(prepared.size, "entries")
        return prepared.lines(form, progress.add), progress
    from consent_ledger.bundle import PASSES, Bundle
    from consent_ledger.cli.erasing import open_eraser

    database, eraser = stack.enter_context(open_eraser(shell))
    prepared = prepare_export(database, site, with_subjects=with_subjects, wanted=wanted)
    progress = Progress(prepared.size, "entries", PASSES)
    return Bundle(prepared, lambda: eraser.announce_pending(site), progress.add).pieces(), progress
