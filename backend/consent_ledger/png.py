# SPDX-License-Identifier: MIT
"""PNG files, as far as it takes to know that one is whole and how large it is."""

from __future__ import annotations

from zlib import crc32

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER, END = b"IHDR", b"IEND"
HEADER_BYTES = 13


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels. The pixels themselves are not unpacked.

    Raises: ValueError saying what was found and expected, unless *data* is one PNG file: its
        signature, chunks with the right checksums, the header first, the end at the very end.
    Source: PNG (third edition), sections 5.2 and 5.3.
    """
    if not data.startswith(SIGNATURE):
        found = data[:8].hex() or "nothing"
        raise ValueError(f"found {found} at the start, expected {SIGNATURE.hex()} of a PNG file")
    kinds: list[bytes] = []
    at = len(SIGNATURE)
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            raise ValueError(f"found a chunk at byte {at} that is cut off, expected it whole")
        if crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise ValueError(f"found a chunk at byte {at} with another checksum than its own")
        kinds.append(data[at + 4 : at + 8])
        at = end
    if kinds[:1] != [HEADER] or kinds[-1:] != [END] or kinds.count(END) != 1:
        raise ValueError("found a PNG file whose chunks do not begin with IHDR and end with IEND")
    header = data[16 : 16 + int.from_bytes(data[8:12], "big")]
    if len(header) != HEADER_BYTES:
        raise ValueError(f"found a header of {len(header)} bytes, expected {HEADER_BYTES}")
    return int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
