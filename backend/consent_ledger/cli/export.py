# SPDX-License-Identifier: MIT
"""`export`: every entry of a site's log, for an auditor or a spreadsheet."""

from pathlib import Path

import click

from consent_ledger.cli.common import Shell, key_file, output, read_key, shown_progress


@click.command()
@click.argument("site_id", metavar="SITE")
@click.option(
    "--format", "form", type=click.Choice(["ndjson", "csv"]), default="ndjson", show_default=True
)
@click.option(
    "--parts",
    type=click.Choice(["evidence", "all"]),
    default="evidence",
    show_default=True,
    help="`all` adds the subject parts, which single out people.",
)
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, which appears when it is complete [default: standard output].",
)
@click.option(
    "--from-url", "url", metavar="URL", help="A running ledger, instead of the data directory."
)
@key_file
@click.pass_obj
def export(
    shell: Shell,
    site_id: str,
    form: str,
    parts: str,
    path: Path | None,
    url: str | None,
    key_file: Path | None,
) -> None:
    """Export a site's log, entry by entry.

    \b
    Example:
      consent-ledger export meridian -o meridian.ndjson
      consent-ledger export meridian --from-url https://ledger.example.com --key-file audit.key
    """
    if url is not None:
        from consent_ledger.client import Remote

        pieces = Remote(url, read_key(shell, key_file)).export(site_id, form, parts)
        with output(path) as file:
            for piece in shown_progress(pieces, None):
                file.write(piece)
        return
    from consent_ledger.export import prepare_export

    with shell.database() as database, output(path) as file:
        prepared = prepare_export(database, site_id, with_subjects=parts == "all")
        for piece in shown_progress(prepared.write(form), prepared.size):
            file.write(piece)
