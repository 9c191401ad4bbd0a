# SPDX-License-Identifier: MIT
"""consent-banner: init, check, build, csp, preview."""

import traceback
from datetime import date
from pathlib import Path
from typing import Any

import click

from consent_banner import __version__, budget, build, config, consent_mode, csp, emit, lint, report
from consent_banner import previous as comparison
from consent_banner.config import BuilderError
from consent_banner.javascript import SourceError

STARTER = Path(__file__).parent / "starter.toml"


class Commands(click.Group):
    """Errors of the builder become a sentence and exit status 1; `--verbose` adds the traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (BuilderError, SourceError) as error:
            if ctx.params.get("verbose"):
                click.echo(traceback.format_exc(), err=True)
            raise click.ClickException(str(error)) from error


_TOML = click.argument(
    "file", metavar="[banner.toml]", default="banner.toml", type=click.Path(path_type=Path)
)
_PREVIOUS = click.option(
    "--previous",
    metavar="notice.json",
    type=click.Path(path_type=Path),
    help="The notice that visitors know, or the directory it was built into: says what differs "
    "for them, and whether a [[change]] tells it.",
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="consent-banner")
@click.option("--verbose", is_flag=True, help="Show the traceback of an error.")
def main(verbose: bool) -> None:
    """Make a consent banner, its notice and its cookie declaration out of one banner.toml."""


@main.command(epilog="Example: consent-banner init my-site")
@click.argument(
    "directory", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path)
)
@click.option("--force", is_flag=True, help="Overwrite a banner.toml that is already there.")
def init(directory: Path, force: bool) -> None:
    """Write a commented banner.toml into DIR; it builds as it is."""
    file = directory / "banner.toml"
    if file.exists() and not force:
        raise BuilderError(f"{file}: there is one already; --force overwrites it.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        emit.replace({file: starter()})
    except OSError as error:
        raise BuilderError(f"{directory}: cannot be made: {error.strerror}.") from None
    click.echo(f"Wrote {file}. Describe your site in it, then look at the banner:")
    click.echo(f"  consent-banner preview {file}")


def starter() -> bytes:
    """The starter without its licence line, which is about the product and not the owner's file."""
    return STARTER.read_bytes().split(b"\n", 1)[1]


@main.command(epilog="Example: consent-banner check site/banner.toml")
@_TOML
@_PREVIOUS
def check(file: Path, previous: Path | None) -> None:
    """Name every error in banner.toml, and what is allowed and yet may surprise.

    Ends with status 1 when there is an error. With --previous it is one when something significant
    has changed for visitors and no [[change]] says so.
    """
    loaded = config.load(file)
    made = build.make(loaded)
    budget.require(made)
    warnings = lint.warnings(loaded)
    compared = _compare(previous, made)
    if compared:
        warnings += comparison.warnings(compared)
        click.echo(comparison.listing(compared, str(previous)))
    for warning in warnings:
        click.echo(f"warning: {warning}.")
    if compared and compared.untold:
        raise BuilderError(comparison.complaint(compared, date.today()))
    asked = sum(category.asked for category in loaded.categories)
    click.echo(
        f"{file}: no error, {_count(len(warnings), 'warning')}; "
        f"{_count(asked, 'category', 'categories')} asked."
    )


def _compare(previous: Path | None, made: build.Build) -> comparison.Comparison | None:
    return comparison.compare(previous, made.notice) if previous else None


def _count(number: int, one: str, many: str | None = None) -> str:
    word = one if number == 1 else many or f"{one}s"
    return f"{number} {word}"


@main.command("build", epilog="Example: consent-banner build site/banner.toml --out site/dist")
@_TOML
@click.option(
    "--out",
    default="dist",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Directory for scripts, notice.json, build.json, report.json and pieces of HTML.",
)
@click.option(
    "--insert",
    "pages",
    multiple=True,
    metavar="FILE.html",
    type=click.Path(path_type=Path),
    help="Also put the declaration into this page, between <!-- consent declaration --> and "
    "<!-- /consent declaration -->, and the visitor's choices where the page has the same marks "
    "with the word choices. May be given several times.",
)
@_PREVIOUS
def build_command(file: Path, out: Path, pages: tuple[Path, ...], previous: Path | None) -> None:
    """Make the script and everything that belongs to it; on an error nothing is written."""
    loaded = config.load(file)
    made = build.make(loaded)
    # Before writing: the notice before may be the one that is written over.
    compared = _compare(previous, made)
    written = emit.write(made, out, pages)
    warnings = lint.warnings(loaded)
    if compared:
        warnings += comparison.warnings(compared)
        click.echo(comparison.listing(compared, str(previous)))
    for warning in warnings:
        click.echo(f"warning: {warning}.")
    if compared and compared.untold:
        click.echo(f"warning: {comparison.complaint(compared, date.today())}\n")
    click.echo(f"Wrote {len(written) - len(pages)} files to {out}.")
    for page in pages:
        click.echo(f"Filled the marked places of {page}.")
    for script in made.scripts:
        click.echo()
        click.echo(report.table(script))
    click.echo(f"Notice {made.notice.sha256}")
    click.echo()
    google = loaded.signals.google
    if google:
        click.echo("Paste this first into the <head> of every page, before every other script:")
        click.echo(f"  {consent_mode.html(google)}", nl=False)
        click.echo(f"It is in {out / consent_mode.FILE}. Where a Content-Security-Policy bars")
        click.echo(f"inline scripts, script-src needs {consent_mode.source(google)}")
        click.echo()
    after = "after it" if google else "first"
    click.echo(f"Paste one of these tags {after} into the <head> of every page:")
    _echo_tags(made.consent)
    if loaded.follows_gpc:
        click.echo()
        click.echo("and, where every page shows it, the place for the opt-out signal's status:")
        click.echo("  <p data-consent-signal></p>")
    if made.choices:
        click.echo()
        click.echo("and one of these where receipts are offered or the choices are shown:")
        _echo_tags(made.choices)
    for language, scripts in made.translated.items():
        click.echo()
        click.echo(f'On pages in "{language}" these take their place:')
        for script in scripts:
            _echo_tags(script)
    if made.choices:
        click.echo()
        click.echo("Publish the notice before visitors meet it:")
        click.echo(f"  consent-ledger publish {out}")


def _echo_tags(script: build.Script) -> None:
    click.echo(f'  <script async src="/{script.file}"></script>')
    click.echo("or, with a name that changes whenever its content does:")
    click.echo(
        f'  <script async src="/{script.hashed_file}" integrity="{script.integrity}" '
        'crossorigin="anonymous"></script>'
    )


@main.command("csp", epilog="Example: consent-banner csp site/banner.toml --format nginx")
@_TOML
@click.option(
    "--format",
    "form",
    default="header",
    show_default=True,
    type=click.Choice(list(csp.FORMATS)),
    help="What to write it as: a header line, an HTML element, or a line for a web server.",
)
@click.option("--report-only", is_flag=True, help="Let browsers report and not block, to try it.")
@click.option("--trusted-types", is_flag=True, help="Also bar strings from becoming code.")
def csp_command(file: Path, form: str, report_only: bool, trusted_types: bool) -> None:
    """Print the Content-Security-Policy that fits the declared services and the ledger.

    It is the same for every visitor: it limits which hosts a page may load from at all. What a
    visitor refused is held back by data-consent in the page. Inline scripts and styles of your own
    pages are barred, as is what vendors load from hosts that banner.toml does not name.
    """
    loaded = config.load(file)
    google = loaded.signals.google
    scripts = [consent_mode.source(google)] if google else []
    parts = csp.directives(loaded, scripts, trusted_types=trusted_types)
    click.echo(csp.write(parts, form, report_only=report_only))
    for name in csp.without_hosts(loaded):
        click.echo(
            f'warning: service "{name}" names no hosts: what it loads from elsewhere is barred.',
            err=True,
        )


@main.command(epilog="Example: consent-banner preview site/banner.toml --port 8900")
@_TOML
@click.option(
    "--port",
    default=8900,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port on 127.0.0.1; 0 takes a free one.",
)
def preview(file: Path, port: int) -> None:
    """Show the banner on a small page that follows every change of banner.toml.

    There is no ledger behind it: the page shows what would be sent.
    """
    # Only this command needs it.
    from consent_banner import preview as server

    server.serve(file, port, click.echo)
