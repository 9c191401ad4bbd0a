# SPDX-License-Identifier: MIT
"""The command group, and how errors become one sentence."""

import sys
import traceback
from typing import Any

import click

from consent_ledger import __version__
from consent_ledger.cli import (
    erase,
    export,
    going_on,
    key,
    publish,
    purge,
    server,
    signing_key,
    site,
    verify,
)
from consent_ledger.cli.common import Shell
from consent_ledger.errors import LedgerError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="consent-ledger")
@click.option(
    "--data",
    metavar="DIR",
    help="The ledger's data directory [default: CONSENT_LEDGER_DATA, or ledger-data].",
)
@click.option("--verbose", is_flag=True, help="Show where in the code an error came from.")
@click.pass_context
def group(context: click.Context, data: str | None, verbose: bool) -> None:
    """Keeps consent decisions so that they can be proved.

    \b
    Example:
      consent-ledger init
      consent-ledger site add meridian --name "Meridian API" --origin https://www.example.com
      consent-ledger serve
    """
    context.obj = Shell(data, verbose)


group.add_command(server.init)
group.add_command(server.serve)
group.add_command(site.site)
group.add_command(publish.publish)
group.add_command(key.key)
group.add_command(signing_key.signing_key)
group.add_command(going_on.continue_)
group.add_command(export.export)
group.add_command(verify.verify)
group.add_command(erase.erase)
group.add_command(purge.purge)


def main() -> None:
    """Runs the command line; exits 1 with a sentence on an error, 2 on wrong usage."""
    try:
        group(standalone_mode=False)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.Abort:
        _fail("stopped")
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except LedgerError as error:
        _fail(error.detail)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read the output has stopped, and that is fine
        sys.exit(1)
    except Exception as error:
        _fail(_sentence(error))


def _sentence(error: Exception) -> str:
    from marshmallow import ValidationError  # only now: it takes longer to load than to verify

    if not isinstance(error, ValidationError):
        return (
            f"something unexpected went wrong ({type(error).__name__}: {error}); "
            "run it again with --verbose before the verb to see where"
        )
    from consent_banner.schema import path, problems

    found: list[Any] = problems(error.messages)
    return "; ".join(f"{path(place)}: {message}" for place, message in found[:20])


def _fail(sentence: str) -> None:
    if "--verbose" in sys.argv[1:]:
        traceback.print_exc()
    click.echo(f"consent-ledger: {sentence}", err=True)
    sys.exit(1)
