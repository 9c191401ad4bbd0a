# SPDX-License-Identifier: MIT
"""The directory of a bundle, read strictly. ZIP, APPNOTE 6.3, in a profile that leaves no choice.

Every byte of the file belongs to a member, in the order of the central directory, or to the
directory at the end; local header, data descriptor and central directory say the same. Nothing is
unpacked here, and nothing is believed that would make unpacking dangerous.
"""

import os
import struct
from typing import NamedTuple

from consent_ledger.tlog.errors import FormatError, shown
from consent_ledger.verify.members import check_name, is_tile, size_limits

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR64 = struct.Struct("<4sLQL")
LOCAL_SIGNATURE, CENTRAL_SIGNATURE = b"PK\x03\x04", b"PK\x01\x02"
END_SIGNATURE, END64_SIGNATURE = b"PK\x05\x06", b"PK\x06\x06"
LOCATOR_SIGNATURE, DESCRIPTOR_SIGNATURE = b"PK\x06\x07", b"PK\x07\x08"

STORED, DEFLATED = 0, 8
STREAMED, UTF8 = 0x0008, 0x0800
PLAIN_VERSION, ZIP64_VERSION = 20, 45
DATE = 0x0021  # 1980-01-01
UNKNOWN16, UNKNOWN32 = 0xFFFF, 0xFFFFFFFF
ZIP64_TAG = 1
ZIP64_SIZES = struct.pack("<2H2Q", ZIP64_TAG, 16, 0, 0)  # sizes follow in the data descriptor
# What a plain file may carry as permissions: none, or a regular file's, readable to its owner.
ATTRIBUTES = frozenset((0, 0o600 << 16, 0o644 << 16, 0o100600 << 16, 0o100644 << 16))
SYSTEMS = (0, 3)

MAX_MEMBERS = 4_000_000
MAX_NAME_BYTES = 200
# Deflate cannot do better than 1032 to 1; a directory that claims more lies.
MAX_RATIO = 1032
READ_BYTES = 1 << 16


class Member(NamedTuple):
    """Where a member's bytes stand in the file, and what unpacking them must give."""

    name: str
    start: int
    packed_bytes: int
    size_bytes: int
    crc: int
    method: int

    @property
    def end(self) -> int:
        return self.start + self.packed_bytes


class DirectoryError(FormatError):
    """The file is no ZIP of this profile; `path` is the member at fault, if one is."""

    def __init__(self, path: str | None, field: str, found: object, expected: object) -> None:
        super().__init__(field, str(found), str(expected))
        self.path = path


def read_directory(descriptor: int) -> dict[str, Member]:
    """The members of the open file, by name, in the order in which they stand.

    *descriptor* is that of a regular file, open for reading. Memory: the members.
    Raises: DirectoryError, a FormatError, before anything is unpacked; OSError.
    """
    count, start, size = _read_end(descriptor)
    if count > MAX_MEMBERS:
        raise DirectoryError(None, "number of members", count, f"at most {MAX_MEMBERS}")
    members: dict[str, Member] = {}
    style: tuple[int, ...] | None = None
    directory = _Window(descriptor, start, start + size)
    position = 0
    for _ in range(count):
        member, own_style, position = _read_member(directory, descriptor, position)
        if member.name in members:
            raise DirectoryError(member.name, "name", "a second member with it", "one")
        if style not in (None, own_style):
            raise DirectoryError(
                member.name, "system, flags, attributes", own_style, f"{style}, as of the others"
            )
        style = own_style
        if position > start:
            raise DirectoryError(member.name, "its end", f"byte {position}", f"at most {start}")
        members[member.name] = member
    if not directory.is_empty:
        raise DirectoryError(None, "central directory", "bytes after its members", "none")
    if position != start:
        raise DirectoryError(
            None, "central directory", f"a start at byte {start}", f"{position}, without a gap"
        )
    return members


class _Window:
    """Bytes *start* to *end* of the file, taken from front to back."""

    def __init__(self, descriptor: int, start: int, end: int) -> None:
        self._descriptor, self._at, self._end = descriptor, start, end
        self._held = b""

    @property
    def is_empty(self) -> bool:
        return not self._held and self._at >= self._end

    def take(self, count: int) -> bytes:
        """The next *count* bytes. Raises: DirectoryError when there are fewer."""
        while len(self._held) < count:
            piece = os.pread(self._descriptor, min(READ_BYTES, self._end - self._at), self._at)
            if not piece:
                raise DirectoryError(None, "central directory", "its end", "more members")
            self._at += len(piece)
            self._held += piece
        taken, self._held = self._held[:count], self._held[count:]
        return taken


# --- one member --------------------------------------------------------------------------------


def _read_member(
    directory: _Window, descriptor: int, position: int
) -> tuple[Member, tuple[int, ...], int]:
    """The next member of the directory, its style, and where it ends in the file.

    *position* is where its local header has to stand.
    """
    header = CENTRAL.unpack(directory.take(CENTRAL.size))
    signature, made_by, needed, flags, method, time, date, crc, packed, size = header[:10]
    name_bytes, extra_bytes, comment_bytes, disk, internal, attributes, offset = header[10:]
    if signature != CENTRAL_SIGNATURE:
        raise DirectoryError(None, "central header", shown(signature), shown(CENTRAL_SIGNATURE))
    if not 0 < name_bytes <= MAX_NAME_BYTES:
        raise DirectoryError(None, "name", f"{name_bytes} bytes", f"1 to {MAX_NAME_BYTES}")
    raw = directory.take(name_bytes)
    try:
        name = raw.decode("ascii")
        check_name(name)
    except (UnicodeDecodeError, FormatError):
        raise DirectoryError(None, "name", shown(raw), "that of a part of a bundle") from None

    def expect(field: str, found: object, *expected: object) -> None:
        if found not in expected:
            raise DirectoryError(name, field, found, " or ".join(map(str, expected)))

    expect("method", method, STORED, *(() if is_tile(name) else (DEFLATED,)))
    expect("flags", flags, STREAMED, STREAMED | UTF8)
    expect("modification time", time, 0)
    expect("modification date", date, DATE)
    expect("comment length", comment_bytes, 0)
    expect("disk", disk, 0)
    expect("internal attributes", internal, 0)
    if attributes not in ATTRIBUTES:
        raise DirectoryError(name, "file attributes", oct(attributes), "those of a plain file")
    unknown = [each == UNKNOWN32 for each in (size, packed, offset)]
    has_extra = any(unknown)
    expect("extra field length", extra_bytes, 4 + 8 * sum(unknown) if has_extra else 0)
    if has_extra:
        extra = directory.take(extra_bytes)
        tag, length, *values = struct.unpack(f"<2H{sum(unknown)}Q", extra)
        expect("extra field", (tag, length), (ZIP64_TAG, 8 * sum(unknown)))
        size, packed, offset = (
            values.pop(0) if missing else each
            for missing, each in zip(unknown, (size, packed, offset), strict=True)
        )
    expect("offset", offset, position)
    local_bytes, is_zip64 = _check_local(descriptor, position, flags, method, name)
    version = ZIP64_VERSION if is_zip64 or has_extra else PLAIN_VERSION
    expect("version needed", needed, version)
    expect("version made by", made_by & 0xFF, version)
    expect("system", made_by >> 8, *SYSTEMS)
    least, most = size_limits(name)
    if not least <= size <= most:
        raise DirectoryError(name, "size", f"{size} bytes", f"{least} to {most}")
    if method == STORED:
        expect("packed size", packed, size)
    elif size > packed * MAX_RATIO:
        raise DirectoryError(
            name, "size", f"{size} bytes out of {packed}", f"at most {MAX_RATIO} times as many"
        )
    member = Member(name, position + local_bytes, packed, size, crc, method)
    end = member.end + _check_descriptor(descriptor, member, is_zip64)
    return member, (made_by >> 8, flags, attributes), end


def _check_local(
    descriptor: int, position: int, flags: int, method: int, name: str
) -> tuple[int, bool]:
    """The length of the local header at *position*, and whether its sizes have 64 bits."""
    raw = name.encode()
    length = LOCAL.size + len(raw)
    found = os.pread(descriptor, length + len(ZIP64_SIZES), position)
    for is_zip64, version, unknown, extra in (
        (False, PLAIN_VERSION, 0, b""),
        (True, ZIP64_VERSION, UNKNOWN32, ZIP64_SIZES),
    ):
        header = LOCAL.pack(
            *(LOCAL_SIGNATURE, version, flags, method, 0, DATE),
            *(0, unknown, unknown, len(raw), len(extra)),
        )
        expected = header + raw + extra
        if found[: len(expected)] == expected:
            return len(expected), is_zip64
    raise DirectoryError(
        name, "local header", found[:length].hex(), "what the central directory says"
    )


def _check_descriptor(descriptor: int, member: Member, is_zip64: bool) -> int:
    """The length of the data descriptor after *member*, which says what the directory says."""
    sizes = member.packed_bytes, member.size_bytes
    if not is_zip64 and max(sizes) > UNKNOWN32:
        raise DirectoryError(member.name, "local header", "sizes of 32 bits", "64 bits")
    expected = struct.pack(
        "<4sL2Q" if is_zip64 else "<4s3L", DESCRIPTOR_SIGNATURE, member.crc, *sizes
    )
    found = os.pread(descriptor, len(expected), member.end)
    if found != expected:
        raise DirectoryError(member.name, "data descriptor", found.hex(), expected.hex())
    return len(expected)


# --- the end of the file -----------------------------------------------------------------------


def _read_end(descriptor: int) -> tuple[int, int, int]:
    """The number of members; where the central directory starts and how long it is."""
    size = os.fstat(descriptor).st_size
    at = size - END.size
    if at < 0:
        raise DirectoryError(None, "file", f"{size} bytes", "a whole ZIP file")
    found = os.pread(descriptor, END.size, at)
    signature, disk, start_disk, here, count, length, start, comment = END.unpack(found)
    if signature != END_SIGNATURE:
        raise DirectoryError(
            None, "end of the file", shown(found), "the end of a whole ZIP file, without a comment"
        )
    if (disk, start_disk, comment) != (0, 0, 0) or here != count:
        raise DirectoryError(None, "end record", found.hex(), "one disk and no comment")
    if UNKNOWN16 in (count,) or UNKNOWN32 in (length, start):
        at -= LOCATOR64.size + END64.size
        tail = os.pread(descriptor, END64.size + LOCATOR64.size, max(at, 0))
        if at < 0 or tail[END64.size :] != LOCATOR64.pack(LOCATOR_SIGNATURE, 0, at, 1):
            raise DirectoryError(None, "zip64 locator", tail[END64.size :].hex(), f"byte {at}")
        count64, _, length64, start64 = END64.unpack(tail[: END64.size])[6:]
        if tail[: END64.size] != END64.pack(
            *(END64_SIGNATURE, END64.size - 12, ZIP64_VERSION, ZIP64_VERSION, 0, 0),
            *(count64, count64, length64, start64),
        ) or (count, length, start) != (
            min(count64, UNKNOWN16),
            min(length64, UNKNOWN32),
            min(start64, UNKNOWN32),
        ):
            raise DirectoryError(None, "zip64 end record", tail.hex(), "what the end record says")
        count, length, start = count64, length64, start64
    if start + length != at:
        raise DirectoryError(
            None, "central directory", f"an end at byte {start + length}", f"{at}, without a gap"
        )
    return count, start, length
