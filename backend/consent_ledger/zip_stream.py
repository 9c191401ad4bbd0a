# SPDX-License-Identifier: MIT
"""A ZIP file as a stream, in one fixed profile. PKWARE APPNOTE 6.3.

Written by us because a bundle may have a million members: `zipfile` keeps an object of a kilobyte
for each until the end, this keeps its 80 bytes of the central directory. Every member is streamed
(sizes and CRC-32 follow it in a data descriptor), dated 1980-01-01 and a plain file; members touch
each other, in the order of the central directory; there are no comments. Sizes of 64 bits are used
where they are needed, and for members that are told to be `long`, whose size nobody knows yet.
"""

import struct
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from typing import NamedTuple

STORED, DEFLATED = 0, 8
STREAMED = 0x0008
PLAIN_VERSION, ZIP64_VERSION = 20, 45
UNIX = 3 << 8
DATE = 0x0021  # 1980-01-01; the time is 0
ATTRIBUTES = 0o100644 << 16  # a plain file that its owner writes and all may read
MAX16, MAX32 = 0xFFFF, 0xFFFFFFFF

LEVEL = 1  # levels above take several times as long for a tenth less
PIECE_BYTES = 1 << 16  # small pieces are gathered: compressing and hashing cost something per call
AHEAD = 2  # pieces of a long member that wait for being packed while more are made


class Written(NamedTuple):
    """A member as it was written; hashes in hexadecimal, of its bytes and of them packed."""

    name: str
    size_bytes: int
    sha256: str
    packed_sha256: str


class ZipStream:
    """Yields the file piece by piece: each member through `member`, then `end`."""

    def __init__(self) -> None:
        self.last: Written | None = None  # the member that was written last
        self._directory: list[bytes] = []
        self._offset = 0

    def member(
        self, name: str, pieces: Iterable[bytes], *, packed: bool = True, long: bool = False
    ) -> Iterator[bytes]:
        """A member made of *pieces*, deflated when *packed*.

        Requires an ASCII name, used once. Without *long* there may be at most 4 GiB.
        Raises: OverflowError when there are more.
        """
        method = DEFLATED if packed else STORED
        raw = name.encode("ascii")
        start = self._offset
        version = ZIP64_VERSION if long else PLAIN_VERSION
        extra = struct.pack("<2H2Q", 1, 16, 0, 0) if long else b""
        unknown = MAX32 if long else 0
        yield self._counted(
            struct.pack(
                "<4s5H3L2H",
                *(b"PK\x03\x04", version, STREAMED, method, 0, DATE),
                *(0, unknown, unknown, len(raw), len(extra)),
            )
            + raw
            + extra
        )
        begun, packer = self._offset, _Packer(packed)
        out = _packed_beside(packer, pieces) if long else map(packer.pack, _gathered(pieces))
        for piece in out:
            yield self._counted(piece)
        yield self._counted(packer.end())
        size, crc = packer.size_bytes, packer.crc
        packed_size = self._offset - begun
        if not long and max(size, packed_size) > MAX32:
            raise OverflowError(f"ZipStream.member: {name} has {size} bytes and is not long")
        yield self._counted(
            struct.pack("<4sL2Q" if long else "<4s3L", b"PK\x07\x08", crc, packed_size, size)
        )
        self._directory.append(_central(raw, version, method, crc, packed_size, size, start))
        self.last = Written(name, size, *packer.hashes())

    def end(self) -> Iterator[bytes]:
        """The central directory and what ends the file."""
        start = self._offset
        for at in range(0, len(self._directory), 1000):
            yield self._counted(b"".join(self._directory[at : at + 1000]))
        count, length, ends = len(self._directory), self._offset - start, self._offset
        if count >= MAX16 or length >= MAX32 or start >= MAX32:
            yield struct.pack(
                "<4sQ2H2L4Q",
                *(b"PK\x06\x06", 44, ZIP64_VERSION, ZIP64_VERSION, 0, 0),
                *(count, count, length, start),
            ) + struct.pack("<4sLQL", b"PK\x06\x07", 0, ends, 1)
        count = min(count, MAX16)
        yield struct.pack(
            "<4s4H2LH",
            *(b"PK\x05\x06", 0, 0, count, count, min(length, MAX32), min(start, MAX32), 0),
        )

    def _counted(self, piece: bytes) -> bytes:
        self._offset += len(piece)
        return piece


class _Packer:
    """Packs and hashes one member, piece by piece."""

    def __init__(self, packed: bool) -> None:
        self.size_bytes, self.crc = 0, 0
        self._digest, self._packed_digest = sha256(), sha256()
        self._deflate = (
            zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, 9) if packed else None
        )

    def pack(self, piece: bytes) -> bytes:
        """What *piece* gives to the file."""
        self.size_bytes += len(piece)
        self.crc = zlib.crc32(piece, self.crc)
        self._digest.update(piece)
        out = self._deflate.compress(piece) if self._deflate else piece
        self._packed_digest.update(out)
        return out

    def end(self) -> bytes:
        """What the end of the member gives to the file."""
        out = self._deflate.flush() if self._deflate else b""
        self._packed_digest.update(out)
        return out

    def hashes(self) -> tuple[str, str]:
        """SHA-256 of the bytes and of them packed, in hexadecimal."""
        return self._digest.hexdigest(), self._packed_digest.hexdigest()


def _packed_beside(packer: _Packer, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same pieces packed, in a thread beside that which makes them: packing and hashing let
    other threads run. The thread ends with this iterator, whoever ends it."""
    with ThreadPoolExecutor(1, thread_name_prefix="packing") as worker:
        waiting: deque[Future[bytes]] = deque()
        for piece in _gathered(pieces):
            waiting.append(worker.submit(packer.pack, piece))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are not small."""
    held: list[bytes] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= PIECE_BYTES:
            yield b"".join(held)
            held, length = [], 0
    if held:
        yield b"".join(held)


def _central(
    raw: bytes, version: int, method: int, crc: int, packed_size: int, size: int, start: int
) -> bytes:
    """The member's place in the central directory; what does not fit has 64 bits in an extra."""
    values = (size, packed_size, start)
    large = [value for value in values if value >= MAX32]
    extra = struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    if large:
        version = ZIP64_VERSION
    size, packed_size, start = (min(value, MAX32) for value in values)
    return (
        struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\x01\x02", UNIX | version, version, STREAMED, method, 0, DATE),
            *(crc, packed_size, size, len(raw), len(extra), 0, 0, 0, ATTRIBUTES, start),
        )
        + raw
        + extra
    )
