# SPDX-License-Identifier: MIT
"""`erase`: the decisions of a visitor who wrote to the owner with a receipt."""

import re
import sys
from pathlib import Path

import click

from consent_ledger.cli.common import Shell
from consent_ledger.errors import InvalidFields, RecordUnknown


@click.command()
@click.argument("site_id", metavar="SITE")
@click.option("--record", metavar="ID", help="Id of one of their records, 32 hexadecimal digits.")
@click.option(
    "--receipt",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with one of their receipts, which holds the id.",
)
@click.option("--only", is_flag=True, help="Erase this record only, and not all of its visitor's.")
@click.option("--dry-run", is_flag=True, help="Only show what would be erased.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase(
    shell: Shell,
    site_id: str,
    record: str | None,
    receipt: Path | None,
    only: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Erase every decision of the visitor behind a record; the proofs of the log stay valid.

    It cannot be undone. A visitor who still has their browser's token does it themselves.

    \b
    Example:
      consent-ledger erase meridian --receipt receipt.json --dry-run
      consent-ledger erase meridian --record 0123456789abcdef0123456789abcdef --yes
    """
    from consent_ledger.cli.erasing import open_eraser
    from consent_ledger.eraser import KEPT
    from consent_ledger.erasing import ForgetRecord
    from consent_ledger.foresight import foresee
    from consent_ledger.sites import get_site

    if (record is None) == (receipt is None):
        raise click.UsageError("give --record or --receipt")
    work = ForgetRecord(site_id, _record_id(record, receipt), only)
    with open_eraser(shell) as (database, eraser):
        get_site(database, site_id)
        found = foresee(database, work)
        if found is not None:
            click.echo(
                f"{site_id}: {found.records} decision(s), recorded from {found.first_hour} "
                f"to {found.last_hour}",
                err=not dry_run,
            )
        elif dry_run:
            raise RecordUnknown(f"site {site_id!r} has no record {work.record_id.hex()}")
        if dry_run:
            click.echo("nothing was erased: this was a dry run", err=True)
            return
        if found is not None and not yes:
            if not sys.stdin.isatty():
                raise click.UsageError("this cannot be undone; give --yes when nobody can be asked")
            click.confirm("Erase for good?", abort=True, err=True)
        done = eraser.erase(work)
    click.echo(f"{site_id}: erased {done.records} decision(s)")
    for sentence in KEPT:
        click.echo(sentence, err=True)
    if not done.gone:
        click.echo(
            "the bytes are not gone from the files yet, as somebody reads them; a running server "
            "sees to it within seconds, or run this again",
            err=True,
        )


def _record_id(record: str | None, receipt: Path | None) -> bytes:
    if receipt is not None:
        record = _from_receipt(receipt)
    if record is None or not re.fullmatch("[0-9a-f]{32}", record):
        found = (record or "")[:80]
        raise InvalidFields(f"record: found {found!r}, expected 32 lower-case hexadecimal digits")
    return bytes.fromhex(record)


def _from_receipt(path: Path) -> str:
    """The record id in a receipt; whether the receipt verifies does not matter here."""
    from consent_ledger.strict_json import parse_json

    try:
        document = parse_json(path.read_bytes())
    except OSError as error:
        raise InvalidFields(f"--receipt {path} cannot be read: {error.strerror}") from None
    try:
        found = document["subject"]["part"]["id"]
    except (KeyError, TypeError):
        found = None
    if not isinstance(found, str):
        raise InvalidFields(f"--receipt {path} is no receipt: it has no subject.part.id")
    return found
