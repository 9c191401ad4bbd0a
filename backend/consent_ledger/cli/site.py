# SPDX-License-Identifier: MIT
"""`site`: the websites that a ledger keeps."""

import click

from consent_ledger.cli.common import Shell, as_json, print_json, print_table

COLUMNS = ("site", "name", "origins", "log", "size")

keep_subject_days = click.option(
    "--keep-subject-days",
    "subject_days",
    type=int,
    metavar="N",
    help="Days for which it is kept who decided and exactly when, at least 400 "
    "[default for a new site: 1095].",
)
keep_evidence_days = click.option(
    "--keep-evidence-days",
    "evidence_days",
    type=int,
    metavar="N",
    help="Days for which it is kept what was decided, at least as many "
    "[default for a new site: 1825].",
)


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
@keep_subject_days
@keep_evidence_days
@click.pass_obj
def add(
    shell: Shell,
    site_id: str,
    name: str,
    origins: tuple[str, ...],
    log_access: str,
    subject_days: int | None,
    evidence_days: int | None,
) -> None:
    """Add a site with an empty log, whose origin stays as it is from now on.

    \b
    Example:
      consent-ledger site add meridian --name "Meridian API" --origin https://www.example.com
    """
    from consent_ledger.models import EVIDENCE_DAYS, SUBJECT_DAYS
    from consent_ledger.sites import add_site, get_site
    from consent_ledger.succession import settle_site

    with shell.writing() as (database, writer):
        add_site(
            database,
            site_id,
            name,
            list(origins),
            log_access,
            subject_days=SUBJECT_DAYS if subject_days is None else subject_days,
            evidence_days=EVIDENCE_DAYS if evidence_days is None else evidence_days,
        )
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
        days = ("keep_subject_days", "keep_evidence_days")
        print_table([found], (*COLUMNS, "log_access", *days, "created"), "")


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
@keep_subject_days
@keep_evidence_days
@click.pass_obj
def set_(
    shell: Shell,
    site_id: str,
    name: str | None,
    origins: tuple[str, ...],
    log_access: str | None,
    subject_days: int | None,
    evidence_days: int | None,
) -> None:
    """Change a site's name, origins, who reads its log, or how long records are kept.

    A running server follows within a second, and erases what is kept no longer at its next look.

    \b
    Example:
      consent-ledger site set meridian --origin https://example.com --origin https://www.example.com
    """
    from consent_ledger.sites import set_site

    if not origins and (name, log_access, subject_days, evidence_days) == (None,) * 4:
        raise click.UsageError(
            "nothing to change; give --name, --origin, --log, --keep-subject-days or "
            "--keep-evidence-days"
        )
    with shell.database() as database:
        changed = set_site(
            database,
            site_id,
            name,
            list(origins) or None,
            log_access,
            subject_days=subject_days,
            evidence_days=evidence_days,
        )
    click.echo(
        f"{changed.site}: {changed.name}, {', '.join(changed.origins)}, log: {changed.log_access}"
    )
    if (subject_days, evidence_days) != (None, None):
        click.echo(
            f"{changed.site}: subject parts are kept {changed.subject_days} days, "
            f"evidence {changed.evidence_days} days"
        )
