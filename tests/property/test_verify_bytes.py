# SPDX-License-Identifier: MIT
"""No byte of a bundle's file may change unnoticed, and no file is too odd to be answered."""

from pathlib import Path

import pytest
from consent_ledger.verify.archive import Archive
from consent_ledger.verify.bundle import verify_bundle
from consent_ledger.verify.trust import Pinned
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.verify.bundle_maker import bundle, pack
from unit.verify.histories import full_bundle, full_logs, keys, small_bundle

PINNED = Pinned.read(keys(*full_logs()))
LARGE = ["logs/1/openings.ndjson", "logs/1/records.csv", "logs/1/records.jsonld"]
FILES = {
    "small": small_bundle().pack(),
    "full": full_bundle().pack(),
    "zip64": pack(small_bundle().whole(), zip64=LARGE),
    "range": bundle(full_logs(), parts=("evidence",), ranges=[(300, 327), (0, 9)]).pack(),
}

# One file for each test process is written again and again, which hypothesis takes for a mistake.
reusing = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def exit_code(path: Path, data: bytes) -> int:
    path.write_bytes(data)
    return verify_bundle(str(path), PINNED).exit_code


@pytest.mark.parametrize("name", FILES)
def test_each_file_holds_before_it_is_changed(tmp_path, name):
    assert exit_code(tmp_path / "bundle.zip", FILES[name]) == 0


@reusing
@given(name=st.sampled_from(list(FILES)), share=st.floats(0, 1), bits=st.integers(1, 255))
def test_any_single_changed_byte_is_found(tmp_path, name, share, bits):
    data = bytearray(FILES[name])
    data[min(int(share * len(data)), len(data) - 1)] ^= bits
    assert exit_code(tmp_path / "bundle.zip", bytes(data)) == 1


@pytest.mark.parametrize("name", ["small", "zip64"])
def test_every_byte_around_the_members_counts(tmp_path, name):
    """Headers, descriptors and the directory: whatever is no member's own byte."""
    data, path = FILES[name], tmp_path / "bundle.zip"
    path.write_bytes(data)
    with Archive(path) as archive:
        inside = {
            at for member in archive.members.values() for at in range(member.start, member.end)
        }
    assert len(inside) < len(data) - 1000
    for at in set(range(len(data))) - inside:
        changed = data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :]
        assert exit_code(tmp_path / "bundle.zip", changed) == 1, at


def test_a_file_cut_off_anywhere_is_refused(tmp_path):
    data = FILES["small"]
    for size in range(len(data)):
        assert exit_code(tmp_path / "bundle.zip", data[:size]) == 1


@reusing
@given(data=st.binary(max_size=200), start=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06"]))
def test_garbage_is_refused(tmp_path, data, start):
    assert exit_code(tmp_path / "bundle.zip", start + data) == 1


@reusing
@given(st.data())
def test_any_change_of_a_member_is_found_when_all_hashes_are_made_again(tmp_path, data):
    """Members but the README, which is derived from the manifest and proves nothing."""
    made = small_bundle().copy()
    path = data.draw(st.sampled_from([path for path in made.members if path != "README.txt"]))
    old = made.members[path]
    at = data.draw(st.integers(0, len(old)))
    end = data.draw(st.integers(at, min(at + 8, len(old))))
    new = old[:at] + data.draw(st.binary(max_size=8)) + old[end:]
    made.members[path] = new
    assert exit_code(tmp_path / "bundle.zip", made.seal().pack()) == (0 if new == old else 1)


@reusing
@given(st.data())
def test_any_line_may_be_dropped_doubled_or_moved_and_it_is_found(tmp_path, data):
    made = small_bundle().copy()
    path = data.draw(st.sampled_from(LARGE))
    lines = made.lines(path)
    at, to = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    line = lines.pop(at)
    what = data.draw(st.sampled_from(["drop", "double", "move"]))
    if what == "double":
        lines.insert(at, line)
    if what != "drop":
        lines.insert(to, line)
    is_same = "".join(lines).encode() == made.members[path]
    made.set_lines(path, lines)
    assert exit_code(tmp_path / "bundle.zip", made.seal().pack()) == (0 if is_same else 1)
