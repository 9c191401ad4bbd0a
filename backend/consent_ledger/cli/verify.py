# SPDX-License-Identifier: MIT
"""`verify`: an export, a receipt or a bare proof, checked offline and without trusting anyone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from consent_ledger.cli.common import as_json, output, print_json

if TYPE_CHECKING:
    from consent_ledger.verify.report import Report
    from consent_ledger.verify.trust import Pinned

START_BYTES = 64


class Unreadable(click.ClickException):
    """The file is nothing that can be verified; one sentence, exit code 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"consent-ledger: {self.format_message()}", err=True)


class WrongUsage(Unreadable):
    """What was asked for cannot be done at all; one sentence, exit code 2."""

    exit_code = 2


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="VKEY|FILE",
    help="A public key of the log, or a file with one on each line; several are possible. "
    "Get it from the site's owner, not from FILE's sender.",
)
@click.option(
    "--previous",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="CHECKPOINT",
    help="A checkpoint kept from last time, which the log must have grown from.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PATH",
    help="Where to keep the newest checkpoint for next time; written when all holds.",
)
@as_json
def verify(
    file: Path, keys: tuple[str, ...], previous: tuple[Path, ...], keep: Path | None, json_: bool
) -> None:
    """Verify an export bundle, a receipt or a .tlog-proof, offline.

    Needs neither the ledger nor the network. Exits 0 when all holds and a pinned key signed, 1 when
    something does not hold, 2 on wrong usage, 3 when all holds but no key was pinned.

    \b
    Example:
      consent-ledger verify meridian.zip --key ledger.example.com/meridian/1+1f…+A…
      consent-ledger verify meridian.zip --key keys.txt --previous last.txt --keep last.txt
      consent-ledger verify receipt.json --key keys.txt --json
    """
    from consent_ledger.tlog.errors import ProofError
    from consent_ledger.verify.trust import Pinned

    try:
        pinned = Pinned.read(keys)
    except ProofError as error:
        raise WrongUsage(f"--key: {error}") from None
    except OSError as error:
        raise WrongUsage(f"--key {error.filename} cannot be read: {error.strerror}") from None
    kept = {str(path): _read(path, "--previous ") for path in previous}
    if keep is not None and not keep.absolute().parent.is_dir():
        raise WrongUsage(f"--keep {keep} cannot be written: its directory does not exist")
    report = _verify(file, pinned, kept)
    if report.exit_code == 0 and keep is not None and report.checkpoint is not None:
        with output(keep) as out:
            out.write(report.checkpoint)
    if json_:
        print_json(report.to_dict())
    else:
        click.echo(report.to_text(str(file)))
    sys.exit(report.exit_code)


def _verify(file: Path, pinned: Pinned, kept: dict[str, bytes]) -> Report:
    """The report on *file*, whose kind its first bytes tell."""
    start = _read(file, "", START_BYTES)
    if start.startswith(b"PK"):
        if not file.is_file():
            raise WrongUsage(f"{file} is no regular file, and a bundle is read in several places")
        from consent_ledger.verify.bundle import verify_bundle

        try:
            with _Progress() as progress:
                return verify_bundle(str(file), pinned, kept, progress)
        except OSError as error:
            raise Unreadable(f"{file} cannot be read: {error.strerror}") from None
    if kept:
        raise WrongUsage(f"--previous is for an export; {file} is none")
    from consent_ledger.tlog.proof_file import FIRST_LINE
    from consent_ledger.tlog.receipts import MAX_RECEIPT_BYTES
    from consent_ledger.verify.single import verify_proof, verify_receipt_file

    data = _read(file, "", MAX_RECEIPT_BYTES + 1)
    if start.startswith(FIRST_LINE.encode()):
        return verify_proof(data, pinned)
    if start.startswith(b"{"):
        return verify_receipt_file(data, pinned)
    raise Unreadable(f"{file} is neither an export bundle, a receipt nor a .tlog-proof")


def _read(path: Path, option: str, most: int = 2_000_000) -> bytes:
    """At most so many bytes of a file."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise WrongUsage(f"{option}{path} cannot be read: {error.strerror}") from None


class _Progress:
    """A bar on a terminal's standard error; nothing elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._done = 0

    def __enter__(self) -> _Progress:
        return self

    def __call__(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            self._bar = click.progressbar(
                length=total, label="entries", file=sys.stderr, update_min_steps=4096
            )
            self._bar.__enter__()
        self._bar.update(done - self._done)
        self._done = done

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
