# SPDX-License-Identifier: MIT
"""Checkpoints: what a log promises about itself, signed. C2SP tlog-checkpoint.

<origin>
<tree size in decimal>
<root hash in base64>
[extension lines]
"""

from collections.abc import Iterable
from dataclasses import dataclass

from consent_ledger.tlog.encoding import (
    check_hash,
    format_base64,
    parse_decimal,
    parse_hash,
)
from consent_ledger.tlog.errors import FormatError, MismatchError, shown
from consent_ledger.tlog.note import (
    Signature,
    Signer,
    Verifier,
    parse_note,
    sign_note,
    verified_signatures,
    verify_note,
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The root hash of the first *size* entries of the log that is named *origin*."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenedCheckpoint:
    """A checkpoint, and which signatures on it were verified."""

    checkpoint: Checkpoint
    log_signatures: list[Signature]
    cosignatures: list[Signature]


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The text that is signed. Raises: FormatError for parts that no checkpoint can hold."""
    check_hash(checkpoint.root, "root hash")
    lines = [
        checkpoint.origin,
        str(checkpoint.size),
        format_base64(checkpoint.root),
        *checkpoint.extensions,
    ]
    text = "\n".join(lines) + "\n"
    if parse_checkpoint(text) != checkpoint:  # a line break within the origin or an extension
        raise FormatError("checkpoint", shown(text), "one line for each part")
    return text


def parse_checkpoint(text: str) -> Checkpoint:
    """What the text of a note says as a checkpoint; its signatures are not looked at.

    Raises: FormatError.
    """
    lines = text.split("\n")
    if lines.pop() != "":
        raise FormatError("checkpoint", "no newline at the end", "a newline after each line")
    if len(lines) < 3:
        raise FormatError("checkpoint", f"{len(lines)} lines", "origin, tree size and root hash")
    origin, size, root, *extensions = lines
    for field, line in [("origin", origin), *(("extension line", line) for line in extensions)]:
        if not line:
            raise FormatError(field, "an empty line", "a line that is not empty")
    return Checkpoint(
        origin, parse_decimal(size, "tree size"), parse_hash(root, "root hash"), tuple(extensions)
    )


def sign_checkpoint(checkpoint: Checkpoint, *signers: Signer) -> bytes:
    """The checkpoint as a signed note. While keys rotate, the old one and the new one sign.

    Whoever calls this promises never to sign another history of the same origin.
    Raises: FormatError.
    """
    return sign_note(format_checkpoint(checkpoint), *signers)


def open_checkpoint(
    data: bytes,
    origin: str,
    log_keys: Iterable[Verifier],
    cosigners: Iterable[Verifier] = (),
) -> OpenedCheckpoint:
    """The checkpoint that *data* holds, once a log key has signed it and the origin is the log's.

    Signatures of other keys are passed over. How many cosignatures are enough, the caller says.
    Raises: FormatError; SignatureError for a bad one by any of these keys; UnknownSignerError when
        no log key signed; MismatchError for another origin.
    """
    note = parse_note(data)
    log_signatures = verify_note(note, log_keys)
    cosignatures = verified_signatures(note, cosigners)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != origin:
        raise MismatchError("origin", shown(checkpoint.origin), shown(origin))
    return OpenedCheckpoint(checkpoint, log_signatures, cosignatures)
