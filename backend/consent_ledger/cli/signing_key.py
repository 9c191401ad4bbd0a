# SPDX-License-Identifier: MIT
"""`signing-key`: the keys that sign the logs."""

import click

from consent_ledger.cli.common import Shell, as_json, print_json


@click.group(name="signing-key")
def signing_key() -> None:
    """Show or change the keys that logs are signed with, or make the secret they come from.

    \b
    Example:
      consent-ledger signing-key show meridian
    """


@signing_key.command()
@click.pass_obj
def create(shell: Shell) -> None:
    """Make the secret of a ledger that has none: one from before checkpoints were signed.

    `init` makes it for a new ledger. It is refused where a log was signed already: then the lost
    file has to be put back.

    \b
    Example:
      consent-ledger signing-key create
    """
    from consent_ledger.db import check_unsigned
    from consent_ledger.signing import make_seed

    directory = shell.settings().data
    check_unsigned(directory)
    click.echo(f"made {make_seed(directory)}; keep a copy of it where backups do not go")


@signing_key.command()
@click.argument("site_id", metavar="SITE")
@as_json
@click.pass_obj
def show(shell: Shell, site_id: str, json_: bool) -> None:
    """Print the public keys that sign a site's log now, the newest first.

    There are two of them for a while after a rotation. --json tells every key that ever signed, of
    each generation of the log, with the entries that it covers.

    \b
    Example:
      consent-ledger signing-key show meridian
    """
    from consent_ledger.log_keys import list_keys, read_keys
    from consent_ledger.signing import SigningKeys
    from consent_ledger.sites import get_site

    with shell.database() as database:
        site = get_site(database, site_id)
        keys = read_keys(
            database,
            SigningKeys.read(shell.settings().data),
            site_id,
            site.generation,
            site.log_origin,
        )
        known = list_keys(database, site_id)
    in_use = [signer.key.vkey for signer in reversed(keys.signers)]
    if json_:
        print_json(
            {
                "site": site_id,
                "log": site.log_origin,
                "key": in_use[0],
                "keys": [info.to_dict() for info in known],
            }
        )
    else:
        click.echo("\n".join(in_use))


@signing_key.command()
@click.argument("site_id", metavar="SITE")
@click.option(
    "--overlap-days",
    type=click.IntRange(1, 3650),
    default=30,
    show_default=True,
    help="How long the old key signs beside the new one.",
)
@click.option("--now", "at_once", is_flag=True, help="Drop the old key at once: it got out.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rotate(shell: Shell, site_id: str, overlap_days: int, at_once: bool, yes: bool) -> None:
    """Give a site's log a new key, with a public entry that names it.

    Until the overlap ends both keys sign, so whoever knows only the old one verifies as before.
    Tell them the new one in that time. A running server takes the new key up by itself.

    \b
    Example:
      consent-ledger signing-key rotate meridian
    """
    from consent_ledger.batch import commit
    from consent_ledger.rotation import Rotate
    from consent_ledger.timestamps import DAY_MS, moment

    if not yes:
        ends = "at once" if at_once else f"in {overlap_days} days"
        click.confirm(
            f"The log of {site_id} gets a new key for good, and the old one ends {ends}. Go on?",
            abort=True,
            err=True,
        )
    with shell.writing() as (database, writer):
        (done,) = commit(database, writer, [Rotate(site_id, overlap_days * DAY_MS, at_once)])
    if done.error is not None:
        raise done.error
    rotated = done.result
    click.echo(rotated.key)
    ends = "signs no more" if at_once else f"signs beside it until {moment(rotated.until_ms)}"
    click.echo(
        f"entry {rotated.index} of {rotated.origin} names the new key; the old one {ends}",
        err=True,
    )
