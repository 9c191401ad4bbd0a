# SPDX-License-Identifier: MIT
"""Whole bundles are verified, and the report counts what was found."""

from hashlib import sha256

import pytest
from unit.verify.bundle_maker import bundle
from unit.verify.histories import full_bundle, full_logs, keys, small_bundle, small_log
from unit.verify.log_maker import LogMaker, notice_bytes


def test_a_small_whole_bundle_is_verified(check):
    report = check(small_bundle())
    assert (report.verdict, report.exit_code, report.faults.total) == ("verified", 0, 0)
    (log,) = report.to_dict()["logs"]
    assert log == {
        "origin": "ledger.test/meridian/1",
        "generation": 1,
        "size": 8,
        "first": 0,
        "end": 8,
        "entries": {"decision": 6, "erasure": 1, "notice": 1},
        "opened": {"subject": 6, "evidence": 6},
        "withheld": {"subject": 0, "evidence": 0},
        "erased": {
            "visitor": {"subject": 1, "evidence": 1},
            "owner": {"subject": 0, "evidence": 0},
            "retention": {"subject": 0, "evidence": 0},
        },
        "failed": 0,
    }


def test_two_generations_with_rotations_and_erasures_of_every_reason_are_verified(check):
    report = check(full_bundle())
    assert report.verdict == "verified"
    old, new = report.to_dict()["logs"]
    assert old["entries"] == {
        "decision": 321, "erasure": 1, "access": 1, "notice": 2, "signing_key": 2
    }  # fmt: skip
    assert new["entries"] == {"decision": 20, "erasure": 1, "notice": 1, "anchor": 1}
    assert old["erased"]["retention"] == {"subject": 10, "evidence": 0}
    assert old["erased"]["owner"] == {"subject": 1, "evidence": 0}
    assert old["erased"]["visitor"] == new["erased"]["visitor"] == {"subject": 1, "evidence": 1}


def test_withheld_subject_parts_are_counted_and_the_rest_is_verified(check):
    report = check(full_bundle(("evidence",)))
    assert report.verdict == "verified"
    assert [log["withheld"]["subject"] for log in report.to_dict()["logs"]] == [323, 21]
    assert [log["opened"]["subject"] for log in report.to_dict()["logs"]] == [0, 0]


def test_without_a_pinned_key_the_bundle_is_only_consistent(check):
    report = check(full_bundle(), pinned=())
    assert report.verdict == "consistent, signer not authenticated"
    assert (report.exit_code, report.faults.total) == (3, 0)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_any_key_of_a_rotated_log_leads_to_its_newest(check, number):
    old, new = full_logs()
    pinned = [old.keys[number]["key"].vkey, new.keys[0]["key"].vkey]
    assert check(full_bundle(), pinned).verdict == "verified"


def test_a_key_for_only_one_of_two_generations_does_not_vouch_for_the_other(check):
    old, new = full_logs()
    for pinned, other in ((old, new), (new, old)):
        report = check(full_bundle(), keys(pinned))
        assert report.exit_code == 1
        (fault,) = report.faults.first
        assert (fault.log, fault.field) == (other.origin, "signer")


def test_during_an_overlap_both_keys_sign(check):
    log = small_log()
    log.rotate()
    log.decide()
    for key in log.keys:
        assert check(bundle([log]), [key["key"].vkey]).verdict == "verified"


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512, 513])
def test_logs_of_every_shape_are_verified(check, size):
    log = LogMaker()
    log.publish()
    while len(log.entries) < size:
        log.decide()
    report = check(bundle([log]))
    assert report.faults.first == []
    assert report.verdict == "verified"


@pytest.mark.parametrize("parts", [("evidence",), ("evidence", "subject")])
@pytest.mark.parametrize("ranges", [(100, 130), (0, 1), (255, 257), (130, 326), (326, 327)])
def test_a_range_is_verified_with_what_stands_around_it(check, parts, ranges):
    old, new = full_logs()
    made = bundle([old, new], parts=parts, ranges=[ranges, (0, 0)])
    report = check(made)
    assert report.faults.first == []
    assert report.verdict == "verified"
    assert sum(report.logs[0].entries.values()) == ranges[1] - ranges[0]
    assert len(made.members) < len(full_bundle().members) + 1


def test_a_generation_that_lies_before_the_range_shows_the_time_of_its_last_entry(check):
    log = LogMaker()
    log.publish()
    for visitor in range(300):
        log.decide(True, visitor)
    after = LogMaker(2, after=log)
    after.publish()
    made = bundle([log, after], ranges=[(301, 301), (0, 2)])
    assert "logs/1/tile/entries/000" in made.members, "its publication"
    assert check(made).verdict == "verified"
    made.members["logs/1/context.ndjson"] = b""
    (fault,) = check(made.seal()).faults.first
    assert (fault.field, fault.index, fault.found) == ("time", 300, "none that is shown")


def test_a_range_that_leaves_entries_of_its_hours_out_is_found_on_both_sides(check):
    old, new = full_logs()
    whole = {"from": old.hours[100], "to": old.hours[130]}
    for indexes, index in (((101, 130), 100), ((100, 129), 129)):
        made = bundle([old, new], ranges=[indexes, (0, 0)])
        made.manifest["range"] = whole
        (fault,) = check(made.seal()).faults.first
        assert (fault.field, fault.index) == ("time", index)
    for indexes, index in (((99, 130), 99), ((100, 131), 130)):  # more than its hours
        made = bundle([old, new], ranges=[indexes, (0, 0)])
        made.manifest["range"] = whole
        faults = check(made.seal()).faults.first
        assert any((fault.field, fault.index) == ("time", index) for fault in faults)


def test_a_range_without_a_side_cannot_leave_anything_out_there(check):
    old, new = full_logs()
    for side, field in (("from", "logs[0].first"), ("to", None)):
        made = bundle([old, new], ranges=[(100, 130), (0, 0)])
        made.manifest["range"][side] = None
        report = check(made.seal())
        assert [fault.field for fault in report.faults.first] == ([field] if field else [])
    made = bundle([old], ranges=[(100, len(old.entries))])
    made.manifest["range"]["to"] = "2026-12-30T00Z"
    assert [fault.field for fault in check(made.seal()).faults.first] == ["logs[0].end"]


def test_a_part_erased_while_the_export_ran_counts_as_opened(check):
    log = small_log()
    open_ = log.copy()
    log.destroy("subject", 4)
    log.destroy("evidence", 5)
    for each in (log, open_):
        each.announce((each, "subject", "visitor", [[4, 4]]), (each, "evidence", "owner", [[5, 5]]))
    late, early = bundle([log]), bundle([open_])
    for name in ("openings.ndjson", "records.csv"):
        late.members[f"logs/1/{name}"] = early.members[f"logs/1/{name}"]
        assert check(late.seal()).verdict == "verified"
    assert late.members["logs/1/records.jsonld"] != early.members["logs/1/records.jsonld"]


def test_entries_after_the_end_of_a_whole_export_are_there_for_the_tree(check):
    log = small_log()
    end = len(log.entries)
    log.decide()
    log.destroy("subject", 2)
    log.announce((log, "subject", "visitor", [[2, 2]]))
    made = bundle([log], ranges=[(0, end)])
    made.manifest["range"] = None
    assert check(made.seal()).verdict == "verified"


def test_screenshots_and_several_notices_are_verified(check):
    log = LogMaker()
    image = b"\x89PNG what the banner looked like"
    name = sha256(image).hexdigest()
    log.publish(screenshots=[name])
    log.decide()
    log.publish(notice_bytes(lifetime_days=200), build="b3" * 32)
    log.decide(expires_hour=log.hour(days=200, hours=1))
    assert check(bundle([log], screenshots={name: image})).verdict == "verified"
    (fault,) = check(bundle([log])).faults.first
    assert (fault.field, fault.index, fault.path) == ("screenshot", 0, f"screenshots/{name}.png")


# --- kept checkpoints --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 121, 122, 256, 300, 327])
def test_the_log_has_grown_from_a_checkpoint_kept_earlier(check, size):
    old, new = full_logs()
    before = old.copy()
    before.entries = before.entries[:size]
    before.keys = [key for key in before.keys if key["first"] < size]
    previous = {"kept": before.checkpoint(), "other": new.checkpoint(5)}
    assert check(full_bundle(), previous=previous).verdict == "verified"


def test_the_checkpoint_to_keep_is_that_of_the_newest_generation(check):
    old, new = full_logs()
    kept = check(full_bundle()).checkpoint
    assert kept == new.checkpoint()
    new.decide()
    assert check(bundle([old, new]), previous={"kept": kept}).verdict == "verified"


def test_a_range_that_lacks_the_tiles_for_a_kept_checkpoint_does_not_pass(check):
    log = small_log()
    while len(log.entries) < 700:
        log.decide()
    made = bundle([log], ranges=[(680, 690)])
    assert check(made).verdict == "verified"
    assert check(made, previous={"kept": log.checkpoint(512)}).verdict == "verified"
    report = check(made, previous={"kept": log.checkpoint(400)})
    assert report.exit_code == 1
    (fault,) = report.faults.first
    assert fault.path == "kept"
    assert "cannot be checked" in fault.found
    assert "tile/0/001" in fault.found
