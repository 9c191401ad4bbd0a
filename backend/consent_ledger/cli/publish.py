# SPDX-License-Identifier: MIT
"""`publish`: a built banner's notice becomes part of the site's log; what was published before."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from consent_ledger.cli.common import (
    Shell,
    as_json,
    key_file,
    print_json,
    print_table,
    read_key,
)
from consent_ledger.errors import InvalidRequest, NoScreenshots, SetupError

if TYPE_CHECKING:
    from consent_ledger.batch import Work
    from consent_ledger.client import Remote
    from consent_ledger.screenshots import Screenshot

COLUMNS = ("published", "generation", "index", "build", "notice", "screenshots", "state")


@click.command()
@click.argument(
    "directory", metavar="[DIST]", default="dist", type=click.Path(path_type=Path, file_okay=False)
)
@click.option("--site", "site_id", metavar="SITE", help="Site id [default: the notice's].")
@click.option("--to", "url", metavar="URL", help="A running ledger, instead of the data directory.")
@click.option(
    "--screenshots/--no-screenshots",
    "screenshots",
    default=None,
    help="Insist on pictures of the banner, or leave them out [default: when Chromium is there].",
)
@click.option("--undo", is_flag=True, help="Put the build before the current one in force again.")
@click.option("--list", "list_", is_flag=True, help="Show what was published, newest first.")
@key_file
@as_json
@click.pass_obj
def publish(
    shell: Shell,
    directory: Path,
    site_id: str | None,
    url: str | None,
    screenshots: bool | None,
    undo: bool,
    list_: bool,
    key_file: Path | None,
    json_: bool,
) -> None:
    """Publish what `consent-banner build` wrote, so that records may name it.

    DIST holds notice.json, build.json and the script [default: dist]. Where Chromium and Playwright
    are installed, pictures of both layers on a phone and a desktop are published with it, and
    written to DIST/screenshots. Publishing what is in force changes nothing; publishing an older
    build, or --undo, puts it in force again.

    \b
    Example:
      consent-ledger publish dist
      CONSENT_LEDGER_KEY=clk_… consent-ledger publish dist --to https://ledger.example.com
      consent-ledger publish --list --site meridian
      consent-ledger publish --undo --site meridian
    """
    if undo and list_:
        raise click.UsageError("--undo and --list do not go together")
    if json_ and not list_:
        raise click.UsageError("--json goes with --list")
    if (undo or list_) and screenshots is not None:
        raise click.UsageError("screenshots are taken when a build is published")
    ledger: Remote | Here = Here(shell)
    if url is not None:
        from consent_ledger.client import Remote

        ledger = Remote(url, read_key(shell, key_file))
    if undo:
        _undo(ledger, site_id or _site_of(directory))
    elif list_:
        _list(ledger, site_id or _site_of(directory), json_)
    else:
        _publish(ledger, directory, site_id, screenshots)


class Here:
    """The ledger of the data directory, asked as `client.Remote` asks one from afar."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def publish(self, site: str, publication: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """The entry, and whether it was published just now."""
        from consent_ledger.notices import check_publication
        from consent_ledger.schemas.requests import PublicationSchema

        return self._commit(check_publication(site, **PublicationSchema().load(publication)))

    def put_in_force(self, site: str, build: str) -> tuple[dict[str, Any], bool]:
        """The entry, and whether the build is in force only since now."""
        from consent_ledger.notices import PutInForce

        return self._commit(PutInForce(site, build))

    def publications(self, site: str) -> Iterator[dict[str, Any]]:
        """What was published, newest first."""
        from consent_ledger.publications import all_publications, list_publications

        with self._shell.database() as database:
            yield from all_publications(lambda page: list_publications(database, site, page=page))

    def _commit(self, work: Work) -> tuple[dict[str, Any], bool]:
        from consent_ledger.batch import commit

        with self._shell.writing() as (database, writer):
            (done,) = commit(database, writer, [work])
        if done.error is not None:
            raise done.error
        return done.result.to_dict(), done.result.created


def _publish(
    ledger: Remote | Here, directory: Path, site_id: str | None, screenshots: bool | None
) -> None:
    from consent_ledger.notices import check_publication
    from consent_ledger.photographer import photograph_build
    from consent_ledger.schemas.requests import PublicationSchema

    publication = {
        "notice": _read(directory, "notice.json"),
        "build": _read(directory, "build.json"),
    }
    loaded: Any = PublicationSchema().load(publication)
    site = site_id or loaded["notice"].site_id
    check_publication(site, **loaded)
    newest = next(ledger.publications(site), None)
    in_force = newest is not None and newest["build"] == loaded["build"]["build"]
    taken: list[Screenshot] = []
    if screenshots or (screenshots is None and not in_force):
        try:
            taken = photograph_build(directory, loaded["notice"], loaded["build"]["script"])
        except NoScreenshots as error:
            if screenshots:
                raise
            click.echo(f"no screenshots: {error.detail}", err=True)
    if taken:
        publication["screenshots"] = [
            {
                "device": picture.device,
                "layer": picture.layer,
                "image": b64encode(picture.image).decode(),
            }
            for picture in taken
        ]
    answer, created = ledger.publish(site, publication)
    verb = "published" if created else "was published already:"
    click.echo(f"{site}: {verb} {_described(answer)}")
    if taken and not created:
        click.echo("its screenshots in the log stay as they are")
    if loaded["notice"].document["ledger"] is None:
        click.echo(
            f"warning: the banner in {directory} sends nothing to any ledger; "
            "set `url` under [ledger] in banner.toml and build again",
            err=True,
        )


def _undo(ledger: Remote | Here, site: str) -> None:
    from consent_ledger.publications import before

    found = before(site, ledger.publications(site))
    answer, _ = ledger.put_in_force(site, found["build"])
    click.echo(f"{site}: in force again, {_described(answer)}")


def _list(ledger: Remote | Here, site: str, json_: bool) -> None:
    found = list(ledger.publications(site))
    if json_:
        print_json(found)
        return
    rows = [
        {
            "published": row["published_at"],
            "generation": row["generation"],
            "index": row["index"],
            "build": f"{row['build'][:12]}…",
            "notice": f"{row['notice'][:12]}…",
            "screenshots": len(row["screenshots"]),
            "state": "before" if place else "in force",
        }
        for place, row in enumerate(found)
    ]
    print_table(rows, COLUMNS, "nothing is published yet; `consent-ledger publish` publishes")


def _described(answer: dict[str, Any]) -> str:
    pictures = len(answer["screenshots"])
    return (
        f"notice {answer['notice'][:12]}… with build {answer['build'][:12]}… "
        + (f"and {pictures} screenshots " if pictures else "")
        + f"as entry {answer['index']}, {answer['published_at']}"
    )


def _site_of(directory: Path) -> str:
    """The site of the notice in *directory*, for who names none."""
    try:
        return str(_read(directory, "notice.json")["site"]["id"])
    except (SetupError, LookupError, TypeError):
        raise click.UsageError(
            f"{directory / 'notice.json'} names no site; name it with --site"
        ) from None


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
