# SPDX-License-Identifier: MIT
"""`site`: the websites that a ledger keeps."""

import click

from consent_ledger.cli.common import Shell, as_json, print_json, print_table

COLUMNS = ("site", "name", "origins", "log", "size")


@click.group()
def site() -> None:
    """Add, list, show and change sites.

    \b
    Example:
      consent-ledger site list
    """


@site.command()
@click.argument("site_id", metavar="SITE")
@click.option("--name", required=True, help="What people call the site.")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    required=True,
    help="An origin of its pages, such as https://www.example.com; may be given several times.",
)
@click.option(
    "--log",
    "log_access",
    type=click.Choice(["public", "audit"]),
    default="public",
    show_default=True,
    help="Who reads the log's tiles and checkpoint: everybody, or holders of an audit key.",
)
@click.pass_obj
def add(shell: Shell, site_id: str, name: str, origins: tuple[str, ...], log_access: str) -> None:
    """Add a site with an empty log, whose origin stays as it is from now on.

    \b
    Example:
      consent-ledger site add meridian --name "Meridian API" --origin https://www.example.com
    """
    from consent_ledger.sites import add_site, get_site
    from consent_ledger.succession import settle_site

    with shell.writing() as (database, writer):
        add_site(database, site_id, name, list(origins), log_access)
        settle_site(database, writer, site_id)  # there may have been a log before this database
        made = get_site(database, site_id)
    click.echo(f"added {made.site} with the log {made.log_origin}")


@site.command(name="list")
@as_json
@click.pass_obj
def list_(shell: Shell, json_: bool) -> None:
    """List all sites.

    \b
    Example:
      consent-ledger site list --json
    """
    from consent_ledger.sites import list_sites

    with shell.database() as database:
        rows = [found.to_dict() for found in list_sites(database)]
    if json_:
        print_json(rows)
    else:
        print_table(rows, COLUMNS, "no site yet; `consent-ledger site add` adds one")


@site.command()
@click.argument("site_id", metavar="SITE")
@as_json
@click.pass_obj
def show(shell: Shell, site_id: str, json_: bool) -> None:
    """Show one site.

    \b
    Example:
      consent-ledger site show meridian
    """
    from consent_ledger.sites import get_site

    with shell.database() as database:
        found = get_site(database, site_id).to_dict()
    if json_:
        print_json(found)
    else:
        print_table([found], (*COLUMNS, "log_access", "created"), "")


@site.command(name="set")
@click.argument("site_id", metavar="SITE")
@click.option("--name", help="What people call the site.")
@click.option(
    "--origin", "origins", multiple=True, help="All its origins; those it had are replaced."
)
@click.option(
    "--log",
    "log_access",
    type=click.Choice(["public", "audit"]),
    help="Who reads the log's tiles and checkpoint: everybody, or holders of an audit key.",
)
@click.pass_obj
def set_(
    shell: Shell,
    site_id: str,
    name: str | None,
    origins: tuple[str, ...],
    log_access: str | None,
) -> None:
    """Change a site's name, origins or who reads its log; a running server follows within a second.

    \b
    Example:
      consent-ledger site set meridian --origin https://example.com --origin https://www.example.com
    """
    from consent_ledger.sites import set_site

    if name is None and not origins and log_access is None:
        raise click.UsageError("nothing to change; give --name, --origin or --log")
    with shell.database() as database:
        changed = set_site(database, site_id, name, list(origins) or None, log_access)
    click.echo(
        f"{changed.site}: {changed.name}, {', '.join(changed.origins)}, log: {changed.log_access}"
    )
