# SPDX-License-Identifier: MIT
"""`init` and `serve`."""

import click

from consent_ledger.cli.common import Shell


@click.command()
@click.option(
    "--log-name",
    metavar="NAME",
    help="Public name that every log's origin starts with, for good "
    "[default: CONSENT_LEDGER_LOG_NAME, or ledger.localhost].",
)
@click.pass_obj
def init(shell: Shell, log_name: str | None) -> None:
    """Make an empty ledger in the data directory, and the secret that its logs are signed with.

    \b
    Example:
      consent-ledger --data /srv/ledger init --log-name ledger.example.com
    """
    from consent_ledger.db import initialise
    from consent_ledger.signing import FILE

    settings = shell.settings(log_name=log_name)
    path = initialise(settings.data, settings.log_name)
    click.echo(f"made {path} for the logs of {settings.log_name}")
    click.echo(f"made {settings.data / FILE}; keep a copy of it where backups do not go")


@click.command()
@click.option("--host", help="Address to listen on [default: 127.0.0.1].")
@click.option("--port", help="Port to listen on [default: 8470].")
@click.option("--threads", help="Requests answered at the same time [default: 32].")
@click.pass_obj
def serve(shell: Shell, host: str | None, port: str | None, threads: str | None) -> None:
    """Serve the ledger until it is told to stop.

    One server for each data directory. SIGTERM and Ctrl-C stop it after the requests that have
    begun. Every setting is in the environment too: see the table in backend/README.md.

    \b
    Example:
      consent-ledger --data /srv/ledger serve --host 0.0.0.0 --port 8470
    """
    settings = shell.settings(host=host, port=port, threads=threads)
    from consent_ledger.server import serve as serve_ledger  # slow to import

    serve_ledger(settings)
