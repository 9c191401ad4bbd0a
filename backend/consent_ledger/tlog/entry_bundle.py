# SPDX-License-Identifier: MIT
"""Entry bundles: 256 entries in one piece, each behind its length. C2SP tlog-tiles."""

from collections.abc import Iterable

from consent_ledger.tlog.errors import FormatError

LENGTH_BYTES = 2
MAX_ENTRY_BYTES = 65_535  # the largest length that two bytes hold


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """uint16 big-endian length || entry, for each entry.

    Raises: FormatError for an entry above 65,535 bytes.
    """
    pieces: list[bytes] = []
    for number, entry in enumerate(entries):
        if len(entry) > MAX_ENTRY_BYTES:
            raise FormatError(
                f"entry {number} of the bundle",
                f"{len(entry)} bytes",
                f"at most {MAX_ENTRY_BYTES} bytes",
            )
        pieces += (len(entry).to_bytes(LENGTH_BYTES, "big"), entry)
    return b"".join(pieces)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """The *width* entries that *data* holds, and nothing after them.

    Raises: FormatError for bytes that end too soon or go on.
    """
    entries, end = _read(data, width)
    if end != len(data):
        raise FormatError("entry bundle", f"{len(data)} bytes", f"{width} entries in {end} bytes")
    return entries


def cut_bundle(stored: bytes, width: int) -> bytes:
    """The partial bundle of the first *width* entries, out of one that holds these or more.

    Raises: FormatError for bytes that end too soon.
    """
    return stored[: _read(stored, width)[1]]


def _read(data: bytes, width: int) -> tuple[list[bytes], int]:
    """The first *width* entries, and where they end."""
    entries = []
    end = 0
    for number in range(width):
        start = end + LENGTH_BYTES
        end = start + int.from_bytes(data[end:start], "big")
        if end > len(data):
            raise FormatError(
                f"entry {number} of the bundle",
                f"{len(data)} bytes of bundle",
                f"{width} entries, this one up to byte {end}",
            )
        entries.append(data[start:end])
    return entries, end
