# SPDX-License-Identifier: MIT
"""`purge`: what sites keep no longer."""

import click

from consent_ledger.cli.common import Shell


@click.command()
@click.argument("site_id", metavar="[SITE]", required=False)
@click.option("--dry-run", is_flag=True, help="Only show what would be erased.")
@click.option(
    "--announce",
    is_flag=True,
    help="Also account in the log for what was erased, instead of within the hour.",
)
@click.pass_obj
def purge(shell: Shell, site_id: str | None, dry_run: bool, announce: bool) -> None:
    """Erase what has passed the time for which its site keeps it; of all sites, or of one.

    A running server does this by itself. `site set --keep-subject-days` and
    `--keep-evidence-days` say how long parts of records are kept.

    \b
    Example:
      consent-ledger purge --dry-run
      consent-ledger purge meridian --announce
    """
    from consent_ledger.cli.erasing import open_eraser
    from consent_ledger.cli.progress import Progress
    from consent_ledger.erasing import PARTS
    from consent_ledger.foresight import foresee_expiry
    from consent_ledger.sites import get_site, list_sites
    from consent_ledger.timestamps import now_ms

    with open_eraser(shell) as (database, eraser):
        sites = [get_site(database, site_id)] if site_id else list_sites(database)
        for info in sites:
            due = foresee_expiry(database, info.site, now_ms())
            told = ", ".join(f"{due[part]} {part} parts" for part in PARTS)
            if dry_run:
                click.echo(f"{info.site}: {told} would be erased")
                continue
            with Progress(due.total(), "parts") as progress:
                done = eraser.expire(info.site, progress.add)
            told = ", ".join(f"{done[part]} {part} parts" for part in PARTS)
            announced = eraser.announce_pending(info.site) if announce else 0
            click.echo(
                f"{info.site}: erased {told}"
                + (f"; accounted for {announced} in the log" if announce else "")
            )
        if not dry_run and not eraser.clear():
            click.echo(
                "the bytes are not gone from the files yet, as somebody reads them; a running "
                "server sees to it within seconds, or run this again",
                err=True,
            )
