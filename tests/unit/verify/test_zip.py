# SPDX-License-Identifier: MIT
"""A ZIP outside the bundle's profile is refused before anything in it is unpacked."""

import io
import struct
import tracemalloc
import zipfile
import zlib

import pytest
from consent_ledger.tlog.errors import FormatError
from consent_ledger.tlog.tile import Tile
from consent_ledger.verify import archive
from consent_ledger.zip_stream import ZipStream
from unit.verify.bundle_maker import pack, packed
from unit.verify.conftest import found
from unit.verify.histories import small_bundle

README = "README.txt"
OPENINGS = "logs/1/openings.ndjson"


@pytest.fixture
def refused(check, monkeypatch):
    """The fault of a file that is refused without unpacking a byte."""

    def unpack(*_):
        raise AssertionError("something was unpacked")

    def refused(data):
        with monkeypatch.context() as patch:
            patch.setattr(archive.Stream, "pieces", unpack)
            report = check(data)
        assert report.exit_code == 1
        (fault,) = report.faults.first
        return fault

    return refused


def whole():
    return dict(small_bundle().whole())


def at_member(data, name, signature=b"PK\x01\x02"):
    """Where the header of a member starts in the central directory, or its local one."""
    length = 46 if signature == b"PK\x01\x02" else 30
    at = data.index(signature)
    while data[at + length : at + length + len(name)] != name.encode():
        at = data.index(signature, at + 1)
    return at


def poked(data, at, form, *values):
    changed = bytearray(data)
    struct.pack_into(form, changed, at, *values)
    return bytes(changed)


def test_members_with_sizes_of_64_bits_are_read(check):
    data = pack(whole(), zip64=[OPENINGS, README])
    assert check(data).verdict == "verified"


def test_the_standard_library_reads_the_same_members():
    with zipfile.ZipFile(io.BytesIO(small_bundle().pack())) as file:
        assert {name: file.read(name) for name in file.namelist()} == whole()


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/passwd",
        "logs/1/../../x",
        "logs/1\\openings.ndjson",
        "C:/x",
        "logs/1/",
        "logs/01/checkpoint",
        "logs/0/checkpoint",
        "logs/1/tile/0/0",
        "logs/1/tile/0/000.p/256",
        "logs/1/tile/64/000",
        "logs/1/tile/../../x",
        "notices/x.json",
        "notices/" + "A" * 64 + ".json",
        "README.TXT",
        "manifest.json ",
        "x" * 300,
        "é",
        "a\0b",
    ],
)
def test_a_name_that_no_part_of_a_bundle_has_is_refused(refused, name):
    members = whole()
    members[name] = b"x"
    assert refused(pack(members)).field == "name"


def test_a_name_that_comes_twice_is_refused(refused):
    members = whole()
    members["readme.txt"] = b"another"
    data = pack(members).replace(b"readme.txt", b"README.txt")
    fault = refused(data)
    assert (fault.path, fault.field) == (README, "name")


@pytest.mark.parametrize(
    "attributes", [0o120777 << 16, 0o040755 << 16, 0o100755 << 16, 0o104755 << 16, 0x10, 1]
)
def test_links_folders_and_programs_are_refused(refused, attributes):
    data = small_bundle().pack()
    at = at_member(data, README)
    fault = refused(poked(data, at + 38, "<L", attributes))
    assert (fault.path, fault.field) == (README, "file attributes")


@pytest.mark.parametrize(
    ("offset", "form", "value", "field"),
    [
        (4, "<B", 20 ^ 1, "version made by"),
        (5, "<B", 7, "system"),
        (6, "<H", 10, "version needed"),
        (8, "<H", 9, "flags"),
        (8, "<H", 0, "flags"),
        (10, "<H", 9, "method"),
        (10, "<H", 0, "local header"),
        (12, "<H", 1, "modification time"),
        (14, "<H", 0x22, "modification date"),
        (16, "<L", 1, "data descriptor"),
        (20, "<L", 1, "data descriptor"),
        (24, "<L", 0xFFFFFFFE, "size"),
        (30, "<H", 4, "extra field length"),
        (32, "<H", 1, "comment length"),
        (34, "<H", 1, "disk"),
        (36, "<H", 1, "internal attributes"),
        (42, "<L", 1, "offset"),
    ],
)
def test_a_field_of_the_central_directory_outside_the_profile_is_named(
    refused, offset, form, value, field
):
    data = small_bundle().pack()
    at = at_member(data, README)
    assert refused(poked(data, at + offset, form, value)).field.startswith(field)


@pytest.mark.parametrize("offset", range(30))
def test_every_byte_of_a_local_header_is_checked(refused, offset):
    data = small_bundle().pack()
    at = at_member(data, OPENINGS, b"PK\x03\x04") + offset
    assert refused(poked(data, at, "<B", data[at] ^ 0x11)).path == OPENINGS


@pytest.mark.parametrize("claimed", [0xFFFFFFFE, 1 << 30])
def test_a_member_that_claims_more_than_deflate_can_hold_is_refused(refused, claimed):
    members = whole()
    data = pack(members)
    at = at_member(data, OPENINGS)
    descriptor = data.index(b"PK\x07\x08", at_member(data, OPENINGS, b"PK\x03\x04"))
    lying = poked(poked(data, at + 24, "<L", claimed), descriptor + 12, "<L", claimed)
    fault = refused(lying)
    assert (fault.path, fault.field) == (OPENINGS, "size")


def test_a_member_that_claims_4_gib_where_a_tile_has_8_kib_is_refused(refused):
    data = small_bundle().pack()
    name = "logs/1/tile/0/000.p/8"
    fault = refused(poked(data, at_member(data, name) + 24, "<L", 0xFFFFFFFE))
    assert fault.field == "size"


def test_a_document_that_claims_more_than_its_kind_may_have_is_refused(refused):
    members = whole()
    members[README] = bytes(2 << 20)
    assert refused(pack(members)).field == "size"


@pytest.mark.parametrize("shorter", [True, False])
def test_a_member_that_unpacks_to_another_size_than_it_claims_is_named(check, shorter):
    """Both headers lie alike, and unpacking stops where the claim ends."""
    data = small_bundle().pack()
    at = at_member(data, OPENINGS)
    descriptor = data.index(b"PK\x07\x08", at_member(data, OPENINGS, b"PK\x03\x04"))
    size = int.from_bytes(data[at + 24 : at + 28], "little") + (-100 if shorter else 100)
    lying = poked(poked(data, at + 24, "<L", size), descriptor + 12, "<L", size)
    assert found(check(lying), path=OPENINGS)


def test_a_bomb_of_one_endless_line_takes_constant_memory(check):
    """256 MB in one line, packed a thousand to one."""
    size = 256 << 20
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = bytes(1 << 20)
    raw = b"".join(deflate.compress(zeros) for _ in range(size >> 20)) + deflate.flush()
    data = pack(
        whole(),
        method=lambda name, data: (8, raw) if name == OPENINGS else packed(name, data),
    )
    at = at_member(data, OPENINGS)
    descriptor = data.index(b"PK\x07\x08", at_member(data, OPENINGS, b"PK\x03\x04"))
    data = poked(poked(data, at + 24, "<L", size), descriptor + 12, "<L", size)
    tracemalloc.start()
    try:
        report = check(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found(report, field="length of a record", path=OPENINGS)
    assert peak < 32 << 20


def test_overlapping_members_are_refused(refused):
    data = small_bundle().pack()
    first, second = at_member(data, README), at_member(data, OPENINGS)
    offset = int.from_bytes(data[first + 42 : first + 46], "little")
    assert refused(poked(data, second + 42, "<L", offset)).field == "offset"


def test_a_gap_between_members_is_refused(refused):
    data = small_bundle().pack()
    at = at_member(data, OPENINGS, b"PK\x03\x04")
    assert refused(data[:at] + b"hidden" + data[at:]).path in (OPENINGS, None)


@pytest.mark.parametrize("where", ["before", "directory", "between", "after"])
def test_bytes_that_belong_to_nothing_are_refused(refused, where):
    data = small_bundle().pack()
    directory, end = data.index(b"PK\x01\x02"), len(data) - 22
    at = {"before": 0, "directory": directory, "between": end, "after": len(data)}[where]
    refused(data[:at] + b"hidden" + data[at:])


def test_a_comment_at_the_end_is_refused(refused):
    data = small_bundle().pack()
    refused(poked(data, len(data) - 2, "<H", 2) + b"hi")


def test_an_encrypted_member_is_refused(refused):
    data = small_bundle().pack()
    assert refused(poked(data, at_member(data, README) + 8, "<H", 9)).field == "flags"


def test_what_the_standard_library_writes_by_default_is_refused_with_the_field_named(refused):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, data in whole().items():
            made.writestr(name, data)
    assert refused(file.getvalue()).path == README


@pytest.mark.parametrize(
    "end",
    [
        struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0),
        struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5000, 5000, 0, 0, 0),
        struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 0xFFFFFFFF, 0xFFFFFFFF, 0),
        struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1 << 60, 1 << 60, 0, 0)
        + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 0, 0, 0),
        b"PK\x03\x04",
    ],
)
def test_a_file_that_is_nothing_but_an_end_is_refused(check, end):
    assert check(end).exit_code == 1


def test_an_end_of_64_bits_is_refused_where_it_is_not_needed(refused):
    data = small_bundle().pack()
    *_, count, _, length, start, _ = struct.unpack("<4s4H2LH", data[-22:])
    at = len(data) - 22
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    assert refused(data[:at] + end64 + locator + data[at:]).field == "central directory"


def test_more_members_than_16_bits_count_are_read(tmp_path):
    """As the exporter writes them; any changed byte of the end shows."""
    names = [Tile(0, index, 1).path for index in range(66_000)]
    stream, path = ZipStream(), tmp_path / "large.zip"
    with path.open("wb") as file:
        for name in names:
            file.writelines(stream.member(f"logs/1/{name}", [bytes(32)], packed=False))
        file.writelines(stream.member("logs/2/records.csv", [b"x"], long=True))
        file.writelines(stream.end())
    with archive.Archive(path) as made:
        assert list(made.members) == [*(f"logs/1/{name}" for name in names), "logs/2/records.csv"]
        assert made.read("logs/2/records.csv") == b"x"
    size = path.stat().st_size
    with path.open("r+b") as file:
        for at in range(size - 22 - 20 - 56, size):
            file.seek(at)
            (old,) = file.read(1)
            file.seek(at)
            file.write(bytes([old ^ 0x40]))
            file.flush()
            with pytest.raises(FormatError):
                archive.Archive(path)
            file.seek(at)
            file.write(bytes([old]))
    archive.Archive(path).__exit__(None, None, None)


@pytest.mark.parametrize("method", [0, 8])
def test_damage_inside_a_member_is_named_and_the_rest_goes_on(check, method):
    def other(name, data):
        return (0, data) if method == 0 else packed(name, data)

    made = small_bundle().copy()
    data = pack(made.whole(), method=other)
    at = at_member(data, "logs/1/records.csv", b"PK\x03\x04") + 90
    report = check(poked(data, at, "<B", data[at] ^ 0xFF))
    assert found(report, path="logs/1/records.csv")
    assert report.to_dict()["logs"][0]["opened"] == {"subject": 6, "evidence": 6}


def test_a_member_that_is_packed_in_another_way_is_found(check):
    """The same content, deflated otherwise: the manifest has a hash of the packed bytes too."""

    def other(name, data):
        if name != OPENINGS:
            return packed(name, data)
        deflate = zlib.compressobj(1, zlib.DEFLATED, -15)
        return 8, deflate.compress(data) + deflate.flush()

    report = check(pack(whole(), method=other))
    (fault,) = report.faults.first
    assert (fault.path, fault.field) == (OPENINGS, "packed")


def test_bytes_after_the_end_of_a_deflate_stream_are_found(check):
    def other(name, data):
        kind, raw = packed(name, data)
        return kind, raw + b"hidden" if name == OPENINGS else raw

    assert found(check(pack(whole(), method=other)), field="packed bytes", path=OPENINGS)


def test_a_tile_is_stored_and_not_packed(refused):
    def other(name, data):
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        return 8, deflate.compress(data) + deflate.flush()

    assert refused(pack(whole(), method=other)).field == "method"
