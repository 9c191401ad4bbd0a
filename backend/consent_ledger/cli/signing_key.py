# SPDX-License-Identifier: MIT
"""`signing-key`: the keys that sign the logs."""

import click

from consent_ledger.cli.common import Shell, as_json, print_json


@click.group(name="signing-key")
def signing_key() -> None:
    """Show the keys that logs are signed with, or make the secret they come from.

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
    """Print the public key of a site's log, for whoever verifies it.

    \b
    Example:
      consent-ledger signing-key show meridian
    """
    from consent_ledger.signing import SigningKeys
    from consent_ledger.sites import get_site

    with shell.database() as database:
        origin = get_site(database, site_id).log_origin
    key = SigningKeys.read(shell.settings().data).signer(origin).key
    if json_:
        print_json({"site": site_id, "log": origin, "key": key.vkey})
    else:
        click.echo(key.vkey)
