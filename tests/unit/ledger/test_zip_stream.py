# SPDX-License-Identifier: MIT
"""ZIP files as a stream: any reader takes them, and ours finds them in its strict profile."""

from __future__ import annotations

import hashlib
import struct
import zipfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import pytest
from consent_ledger import zip_stream
from consent_ledger.verify.archive import Archive
from consent_ledger.verify.zip_directory import DirectoryError
from consent_ledger.zip_stream import ZipStream
from hypothesis import given
from hypothesis import strategies as st


def written(members: Iterable[tuple[str, bytes, bool, bool]]) -> bytes:
    """A file of (name, contents, packed, long)."""
    stream = ZipStream()
    pieces = []
    for name, contents, packed, long in members:
        pieces += stream.member(name, [contents], packed=packed, long=long)
    return b"".join([*pieces, *stream.end()])


@given(
    st.lists(
        st.tuples(st.binary(max_size=300), st.booleans(), st.booleans()), min_size=1, max_size=5
    )
)
def test_python_and_our_own_reader_read_what_was_written(
    contents: list[tuple[bytes, bool, bool]],
) -> None:
    named = [(f"notices/{number:064x}.json", *each) for number, each in enumerate(contents)]
    data = written(named)
    with zipfile.ZipFile(BytesIO(data)) as file:
        assert file.testzip() is None
        assert [(name, file.read(name)) for name in file.namelist()] == [each[:2] for each in named]
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_file_lies_in_the_profile_of_a_bundle(tmp_path: Path) -> None:
    members = [
        ("README.txt", b"for a person", True, False),
        ("logs/1/openings.ndjson", b'{"index":1}\n' * 10_000, True, True),
        ("logs/1/tile/0/000.p/2", bytes(64), False, False),
        ("manifest.json", b"{}", False, False),
    ]
    (tmp_path / "x.zip").write_bytes(written(members))
    with Archive(tmp_path / "x.zip") as archive:
        assert {name: archive.read(name) for name in archive.members} == {
            name: contents for name, contents, *_ in members
        }


def test_many_members_take_a_larger_end_record(tmp_path: Path) -> None:
    count = 70_000
    names = [f"notices/{number:064x}.json" for number in range(count)]
    data = written((name, b"x", False, False) for name in names)
    with zipfile.ZipFile(BytesIO(data)) as file:
        assert file.namelist() == names
    (tmp_path / "x.zip").write_bytes(data)
    with Archive(tmp_path / "x.zip") as archive:
        assert list(archive.members) == names
    assert data[-22:] == struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, *struct.unpack("<2L", data[-10:-2]), 0
    )


def test_hashes_are_those_of_the_member_and_of_its_packed_bytes() -> None:
    stream = ZipStream()
    contents = b"consent " * 10_000
    data = b"".join(stream.member("README.txt", [contents[:7], contents[7:]]))
    assert stream.last is not None
    assert (stream.last.name, stream.last.size_bytes) == ("README.txt", len(contents))
    assert stream.last.sha256 == hashlib.sha256(contents).hexdigest()
    packed = data[30 + len("README.txt") : -16]
    assert stream.last.packed_sha256 == hashlib.sha256(packed).hexdigest()


def test_nothing_is_held_back_until_the_end() -> None:
    """The first pieces come before the last were made, so memory does not hold a member."""
    made = []

    def pieces() -> Iterable[bytes]:
        for number in range(100):
            made.append(number)
            yield hashlib.sha256(b"%d" % number).digest() * 4096  # 128 KB each

    seen = []
    for piece in ZipStream().member("logs/1/openings.ndjson", pieces(), long=True):
        seen.append((len(piece), len(made)))
    assert max(size for size, _ in seen) < 1 << 20
    assert seen[2][1] < 10


def test_a_member_beyond_its_limit_stops_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_stream, "MAX32", 1000)
    assert list(ZipStream().member("a", [bytes(1000)], packed=False))
    with pytest.raises(OverflowError, match="a has 1001 bytes"):
        list(ZipStream().member("a", [bytes(1001)], packed=False))


@pytest.mark.parametrize("cut", [1, 22, 23, 100])
def test_a_file_that_was_broken_off_is_refused_by_every_reader(tmp_path: Path, cut: int) -> None:
    data = written([("README.txt", b"for a person" * 100, True, False)])
    (tmp_path / "x.zip").write_bytes(data[:-cut])
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(tmp_path / "x.zip")
    with pytest.raises(DirectoryError):
        Archive(tmp_path / "x.zip")
