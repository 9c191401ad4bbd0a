# SPDX-License-Identifier: MIT
"""`continue`: the way on after the journal was lost."""

import click

from consent_ledger.cli.common import Shell


@click.command(name="continue")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def continue_(shell: Shell, yes: bool) -> None:
    """Go on after the journal was lost, each log as its next generation.

    Without the journal nobody knows whether the database is the newest copy, so no log may be
    signed on as it is: each one with entries gets a new origin and a new key, and its first entry
    names the last head that the database knows. Old receipts and checkpoints stay valid. Whoever
    verifies needs the new keys. Put the journal back instead whenever you can.

    \b
    Example:
      consent-ledger continue
    """
    from consent_ledger.succession import continue_unjournaled, find_unjournaled

    directory = shell.settings().data
    found = find_unjournaled(directory)
    if not found:
        click.echo("the journal knows every log; there is nothing to do", err=True)
        return
    if not yes:
        click.echo("these logs end here, and go on under a new origin with a new key:", err=True)
        for origin in found:
            click.echo(f"  {origin}", err=True)
        click.confirm("The journal cannot be put back?", abort=True, err=True)
    for origin in continue_unjournaled(directory):
        click.echo(f"goes on as {origin}")
