# SPDX-License-Identifier: MIT
"""`key`: API keys for publishing and auditing."""

import click

from consent_ledger.cli.common import Shell, as_json, print_json, print_table

COLUMNS = ("key", "label", "scopes", "state", "created", "expires", "last_used", "replaces")
DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@click.group()
def key() -> None:
    """Issue, list and revoke API keys.

    \b
    Example:
      consent-ledger key list meridian
    """


@key.command()
@click.argument("site_id", metavar="SITE")
@click.option("--label", required=True, help="Who or what will use the key.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["audit", "manage", "publish"]),
    help="What it may do: publish notices, read exports (audit), or manage; several are possible.",
)
@click.option(
    "--days", type=click.IntRange(1, 3650), help="Days until it expires [default: never]."
)
@click.option("--replaces", metavar="KEY", help="The key it takes over from.")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 8760),
    default=24,
    show_default=True,
    help="How long the replaced key still works.",
)
@as_json
@click.pass_obj
def issue(
    shell: Shell,
    site_id: str,
    label: str,
    scopes: tuple[str, ...],
    days: int | None,
    replaces: str | None,
    overlap_hours: int,
    json_: bool,
) -> None:
    """Issue a key. It is printed now and never again: only its hash is kept.

    \b
    Example:
      consent-ledger key issue meridian --label "build server" --scope publish --days 365
      consent-ledger key issue meridian --label auditor --scope audit --replaces 0123456789ab
    """
    from consent_ledger.auth import issue_key

    with shell.database() as database:
        secret, info = issue_key(
            database,
            site_id,
            label,
            list(scopes),
            lifetime_ms=None if days is None else days * DAY_MS,
            replaces=replaces,
            overlap_ms=overlap_hours * HOUR_MS,
        )
    if json_:
        print_json({**info.to_dict(), "secret": secret})
    else:
        click.echo(
            f"key {info.key_id} for {', '.join(info.scopes)}; keep it, it is not stored:", err=True
        )
        click.echo(secret)


@key.command(name="list")
@click.argument("site_id", metavar="SITE")
@as_json
@click.pass_obj
def list_(shell: Shell, site_id: str, json_: bool) -> None:
    """List a site's keys, without their secrets.

    \b
    Example:
      consent-ledger key list meridian --json
    """
    from consent_ledger.auth import list_keys

    with shell.database() as database:
        rows = [info.to_dict() for info in list_keys(database, site_id)]
    if json_:
        print_json(rows)
    else:
        print_table(rows, COLUMNS, f"{site_id} has no keys; `consent-ledger key issue` makes one")


@key.command()
@click.argument("site_id", metavar="SITE")
@click.argument("key_id", metavar="KEY")
@click.pass_obj
def revoke(shell: Shell, site_id: str, key_id: str) -> None:
    """Revoke a key; the next request with it is refused.

    \b
    Example:
      consent-ledger key revoke meridian 0123456789ab
    """
    from consent_ledger.auth import revoke_key

    with shell.database() as database:
        revoke_key(database, site_id, key_id)
    click.echo(f"revoked {key_id}")
