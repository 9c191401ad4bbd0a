# SPDX-License-Identifier: MIT
"""`publish`: a built banner's notice becomes part of the site's log."""

from pathlib import Path
from typing import Any

import click

from consent_ledger.cli.common import Shell, key_file, read_key
from consent_ledger.errors import InvalidRequest, SetupError


@click.command()
@click.argument(
    "directory", metavar="[DIST]", default="dist", type=click.Path(path_type=Path, file_okay=False)
)
@click.option("--site", "site_id", metavar="SITE", help="Site id [default: the notice's].")
@click.option("--to", "url", metavar="URL", help="A running ledger, instead of the data directory.")
@key_file
@click.pass_obj
def publish(
    shell: Shell, directory: Path, site_id: str | None, url: str | None, key_file: Path | None
) -> None:
    """Publish what `consent-banner build` wrote, so that records may name it.

    DIST holds notice.json and build.json [default: dist]. Publishing again changes nothing.

    \b
    Example:
      consent-ledger publish dist
      CONSENT_LEDGER_KEY=clk_… consent-ledger publish dist --to https://ledger.example.com
    """
    from consent_ledger.schemas import PublicationSchema

    publication = {
        "notice": _read(directory, "notice.json"),
        "build": _read(directory, "build.json"),
    }
    loaded = PublicationSchema().load(publication)
    site = site_id or loaded["notice"].site_id
    if url is not None:
        from consent_ledger.client import Remote

        answer, created = Remote(url, read_key(shell, key_file)).publish(site, publication)
    else:
        answer, created = _publish_here(shell, site, loaded)
    verb = "published" if created else "was published already:"
    click.echo(
        f"{site}: {verb} notice {answer['notice'][:12]}… with build {answer['build'][:12]}… "
        f"as entry {answer['index']}, {answer['published_at']}"
    )
    if loaded["notice"].document["ledger"] is None:
        click.echo(
            f"warning: the banner in {directory} sends nothing to any ledger; "
            "set `url` under [ledger] in banner.toml and build again",
            err=True,
        )


def _publish_here(shell: Shell, site: str, loaded: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    from consent_ledger.batch import commit
    from consent_ledger.log_writer import LogWriter
    from consent_ledger.notices import check_publication
    from consent_ledger.signing import SigningKeys

    work = check_publication(site, loaded["notice"], loaded["build"])
    with shell.database() as database:
        writer = LogWriter(SigningKeys.read(shell.settings().data))
        (done,) = commit(database, writer, [work])
    if done.error is not None:
        raise done.error
    return done.result.to_dict(), done.result.created


def _read(directory: Path, name: str) -> Any:
    from consent_ledger.strict_json import parse_json

    try:
        return parse_json((directory / name).read_bytes())
    except OSError as error:
        raise SetupError(
            f"{directory / name} cannot be read ({error.strerror}); "
            "name the directory that `consent-banner build` wrote"
        ) from None
    except InvalidRequest as error:
        raise SetupError(f"{directory / name}: {error.detail}") from None
