# SPDX-License-Identifier: MIT
"""`.tlog-proof` files: one entry's inclusion proof, whole, as text. C2SP tlog-proof.

c2sp.org/tlog-proof@v1
[extra <base64>]
index <decimal>
[one hash in base64 on each line, from the leaf's sibling up]
(a blank line)
<the checkpoint, verbatim>
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consent_ledger.tlog.checkpoint import OpenedCheckpoint, open_checkpoint
from consent_ledger.tlog.encoding import (
    MAX_INTEGER,
    check_hash,
    format_base64,
    parse_base64,
    parse_decimal,
    parse_hash,
)
from consent_ledger.tlog.errors import FormatError, RangeError, shown
from consent_ledger.tlog.merkle import verify_inclusion
from consent_ledger.tlog.note import MAX_NOTE_BYTES, Verifier

FIRST_LINE = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
MAX_FILE_BYTES = MAX_NOTE_BYTES + 100_000


@dataclass(frozen=True, slots=True)
class ProofFile:
    """What a proof file holds; nothing about it is verified, and *extra* never can be."""

    index: int
    proof: Sequence[bytes]
    checkpoint: bytes
    extra: bytes = b""


def format_proof_file(file: ProofFile) -> bytes:
    """The bytes of the file. Raises: FormatError, RangeError for parts that it cannot hold."""
    if not 0 <= file.index <= MAX_INTEGER:
        raise RangeError("index", str(file.index), f"0 to {MAX_INTEGER}")
    _check_count(file.proof)
    lines = [FIRST_LINE]
    if file.extra:
        lines.append(f"extra {format_base64(file.extra)}")
    lines.append(f"index {file.index}")
    for number, each in enumerate(file.proof):
        check_hash(each, f"proof hash {number}")
        lines.append(format_base64(each))
    return "\n".join(lines).encode() + b"\n\n" + file.checkpoint


def parse_proof_file(data: bytes) -> ProofFile:
    """The parts of the file; the checkpoint is not looked into.

    Raises: FormatError.
    """
    if len(data) > MAX_FILE_BYTES:
        raise FormatError("proof file", f"{len(data)} bytes", f"at most {MAX_FILE_BYTES} bytes")
    head, blank, checkpoint = data.partition(b"\n\n")
    if not blank:
        raise FormatError("proof file", "no blank line", "one between proof and checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("proof file", f"byte {error.start} not ASCII", "ASCII") from None
    if lines[0] != FIRST_LINE:
        raise FormatError("first line", shown(lines[0]), FIRST_LINE)
    del lines[0]
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = parse_base64(lines.pop(0).removeprefix("extra "), "extra")
        if not extra:
            raise FormatError("extra", "nothing", "data, or no such line")
    if not lines or not lines[0].startswith("index "):
        raise FormatError("index line", shown(lines[0]) if lines else "none", "index <decimal>")
    index = parse_decimal(lines.pop(0).removeprefix("index "), "index")
    _check_count(lines)
    proof = [parse_hash(line, f"proof hash {number}") for number, line in enumerate(lines)]
    return ProofFile(index, tuple(proof), checkpoint, extra)


def verify_proof_file(
    file: ProofFile,
    leaf_hash: bytes,
    origin: str,
    log_keys: Iterable[Verifier],
    cosigners: Iterable[Verifier] = (),
) -> OpenedCheckpoint:
    """The checkpoint, once it is signed and the proof links *leaf_hash* to its root.

    Raises: ProofError of every family; see `open_checkpoint` and `verify_inclusion`.
    """
    opened = open_checkpoint(file.checkpoint, origin, log_keys, cosigners)
    checkpoint = opened.checkpoint
    verify_inclusion(file.index, checkpoint.size, leaf_hash, file.proof, checkpoint.root)
    return opened


def _check_count(hashes: Sequence[object]) -> None:
    if len(hashes) > MAX_HASHES:
        raise FormatError("inclusion proof", f"{len(hashes)} hashes", f"at most {MAX_HASHES}")
