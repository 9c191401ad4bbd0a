# SPDX-License-Identifier: MIT
"""The members of a bundle as streams: unpacked in pieces, hashed on the way, checked at the end."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256
from types import TracebackType
from typing import Self

from consent_ledger.tlog.errors import FormatError
from consent_ledger.verify.zip_directory import DEFLATED, Member, read_directory

PIECE_BYTES = 1 << 16
MAX_PIECE_BYTES = 1 << 18
MAX_LINE_BYTES = 4 << 20  # an erasure entry may name 50,000 ranges


class Archive:
    """An open bundle; a context manager. Several members may be read at the same time."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises: OSError; FormatError for what is no ZIP of the bundle's profile."""
        self._descriptor = os.open(path, os.O_RDONLY)
        self.on_read: Callable[[int], None] = lambda packed_bytes: None
        try:
            self.size_bytes = os.fstat(self._descriptor).st_size
            self.members = read_directory(self._descriptor)
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def read(self, name: str) -> bytes:
        """All of a member whose size is bounded by its name.

        Raises: FormatError for damage.
        """
        return b"".join(self.stream(name).pieces())

    def stream(self, name: str) -> Stream:
        """The member *name*, from its start."""
        return Stream(self._descriptor, self.members[name], self.on_read)


class Stream:
    """One member, from front to back. Whatever is read of it, `finish` checks all of it."""

    def __init__(self, descriptor: int, member: Member, on_read: Callable[[int], None]) -> None:
        self.member = member
        self._descriptor = descriptor
        self._on_read = on_read
        self.size_bytes = 0  # read so far, unpacked
        self._crc = 0
        self._sha256, self._packed_sha256 = sha256(), sha256()
        self._unread = self._unpack()

    def pieces(self) -> Iterator[bytes]:
        """What is left of the member. Raises: FormatError for damage."""
        for piece in self._unread:
            self.size_bytes += len(piece)
            self._crc = zlib.crc32(piece, self._crc)
            self._sha256.update(piece)
            yield piece
        if (self.size_bytes, self._crc) != (self.member.size_bytes, self.member.crc):
            raise FormatError(
                "size and CRC-32",
                f"{self.size_bytes} bytes, {self._crc:08x}",
                f"{self.member.size_bytes} bytes, {self.member.crc:08x}",
            )

    def glance(self) -> Iterator[bytes]:
        """The member's bytes for a first look, neither counted nor hashed: for a stream of its own.

        Raises: FormatError where they cannot be unpacked.
        """
        return self._unread

    def finish(self) -> tuple[str, str]:
        """SHA-256 of the member and of its packed bytes, in hexadecimal, after reading the rest.

        Raises: FormatError for damage.
        """
        for _ in self.pieces():
            pass
        return self._sha256.hexdigest(), self._packed_sha256.hexdigest()

    def _unpack(self) -> Iterator[bytes]:
        if self.member.method != DEFLATED:
            yield from self._packed()
            return
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        left = self.member.size_bytes
        for packed in self._packed():
            while packed and not inflate.eof:
                try:  # one byte more than there should be shows a stream that goes on
                    piece = inflate.decompress(packed, min(left + 1, MAX_PIECE_BYTES))
                except zlib.error as error:
                    raise FormatError("packed bytes", str(error), "a deflate stream") from None
                packed = inflate.unconsumed_tail
                left -= len(piece)
                if left < 0:
                    break
                yield piece
            if left < 0 or inflate.unused_data or (packed and inflate.eof):
                raise FormatError("packed bytes", "more", f"{self.member.size_bytes} bytes")
        if not inflate.eof:
            raise FormatError("packed bytes", "their end", "the end of the deflate stream")

    def _packed(self) -> Iterator[bytes]:
        at, end = self.member.start, self.member.end
        while at < end:
            piece = os.pread(self._descriptor, min(PIECE_BYTES, end - at), at)
            if not piece:
                raise FormatError("packed bytes", "the end of the file", f"{end - at} bytes more")
            at += len(piece)
            self._packed_sha256.update(piece)
            self._on_read(len(piece))
            yield piece
