# SPDX-License-Identifier: MIT
"""Whatever is changed in a bundle is found, and said where; the ZIP itself is made to fit again.

Most changes are what somebody would do who has everything but the key: every hash in the manifest
is made again, so that only the log shows what was done.
"""

import json
from datetime import timedelta

import pytest
from consent_ledger.tlog.cosignature import Cosigner
from consent_ledger.tlog.note import format_signature
from unit.verify.bundle_maker import bundle
from unit.verify.conftest import found
from unit.verify.histories import full_bundle, full_logs, keys, small_bundle, small_log
from unit.verify.log_maker import LABEL, START, Key, b64, checkpoint, dumps, notice_bytes

LOG = "ledger.test/meridian/1"
NEW = "ledger.test/meridian/2"
OPENINGS, CSV, JSONLD, CONTEXT = (
    f"logs/1/{name}"
    for name in ("openings.ndjson", "records.csv", "records.jsonld", "context.ndjson")
)
ENTRIES, EDGE = "logs/1/tile/entries/000.p/8", "logs/1/tile/0/000.p/8"
FULL, UPPER = "logs/1/tile/0/000", "logs/1/tile/1/000.p/1"


def flipped(data, at, bit=1):
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


@pytest.fixture
def small():
    return small_bundle().copy()


@pytest.fixture
def full():
    return full_bundle().copy()


# --- the tree ----------------------------------------------------------------------------------


def entry_at(data, index):
    """Where entry *index* starts in an entry bundle, behind its length."""
    at = 0
    for _ in range(index):
        at += 2 + int.from_bytes(data[at : at + 2], "big")
    return at + 2


def test_a_changed_entry_is_located_by_its_leaf_hash_and_by_its_opening(check, small):
    data = small.members[ENTRIES]
    small.members[ENTRIES] = flipped(data, entry_at(data, 4) + 60)
    report = check(small.seal())
    assert found(report, field="leaf hash", log=LOG, index=4, path=ENTRIES)
    assert found(report, field="evidence commitment", index=4, path=OPENINGS)
    assert report.faults.total == 2
    assert report.to_dict()["logs"][0]["failed"] == 1


def test_a_changed_entry_of_a_full_bundle_is_located(check, full):
    path = "logs/1/tile/entries/000"
    data = full.members[path]
    full.members[path] = flipped(data, entry_at(data, 200) + 30)
    report = check(full.seal())
    assert found(report, field="leaf hash", index=200, path=path)
    assert {fault.index for fault in report.faults.first} == {200}


def test_the_kind_of_an_entry_is_in_its_hash(check, small):
    data = small.members[ENTRIES]
    at = entry_at(data, 2) + len(LABEL)
    small.members[ENTRIES] = flipped(data, at, 1 ^ 3)
    assert found(check(small.seal()), field="leaf hash", index=2)


def test_swapped_entries_are_both_located(check, small):
    data = small.members[ENTRIES]
    a, b = entry_at(data, 2), entry_at(data, 5)
    one, two = data[a : a + 89], data[b : b + 89]
    small.members[ENTRIES] = data[:a] + two + data[a + 89 : b] + one + data[b + 89 :]
    report = check(small.seal())
    assert found(report, field="leaf hash", index=2, path=ENTRIES)
    assert found(report, field="leaf hash", index=5, path=ENTRIES)


@pytest.mark.parametrize("change", ["drop", "insert", "truncate", "append"])
def test_an_entry_bundle_of_another_length_is_named_and_the_rest_goes_on(check, full, change):
    path = "logs/1/tile/entries/000"
    data = full.members[path]
    at = entry_at(data, 7) - 2
    full.members[path] = {
        "drop": data[:at] + data[at + 91 :],
        "insert": data[:at] + data[at : at + 91] + data[at:],
        "truncate": data[:-1],
        "append": data + b"\0",
    }[change]
    # Somebody changes a record elsewhere too: that is found all the same.
    full.members[OPENINGS] = full.members[OPENINGS].replace(b'"seq":302,', b'"seq":303,')
    report = check(full.seal())
    assert found(report, path=path)
    assert found(report, field="subject commitment", index=301)
    # The key that an entry of this bundle introduces is in doubt; no record of another bundle is.
    assert {fault.index for fault in report.faults.first} == {None, 121, 301}


def test_a_missing_entry_bundle_is_named(check, full):
    del full.members["logs/1/tile/entries/001.p/71"]
    report = check(full.seal())
    assert found(report, log=LOG, path="logs/1/tile/entries/001.p/71")


@pytest.mark.parametrize("width", [70, 72])
def test_an_entry_bundle_of_another_width_than_the_tree_has_is_named(check, full, width):
    data = full.members.pop("logs/1/tile/entries/001.p/71")
    at = list(full.members).index("logs/2/openings.ndjson")
    items = list(full.members.items())
    path = f"logs/1/tile/entries/001.p/{width}"
    full.members = dict([*items[:at], (path, data * 2), *items[at:]])
    report = check(full.seal())
    assert found(report, field="width", path=path)


def test_a_changed_hash_on_the_edge_is_told_from_a_changed_entry(check, small):
    small.members[EDGE] = flipped(small.members[EDGE], 5 * 32)
    report = check(small.seal())
    assert found(report, field="hash 5 of the tile", log=LOG, index=5, path=EDGE)
    assert report.faults.total == 1


def test_a_changed_hash_of_a_full_tile_is_told_from_a_changed_entry(check, full):
    full.members[FULL] = flipped(full.members[FULL], 200 * 32 + 3)
    report = check(full.seal())
    assert found(report, field="hash 200 of the tile", log=LOG, index=200, path=FULL)
    assert report.faults.total == 1


def test_a_changed_hash_of_a_tile_above_is_located(check, full):
    full.members[UPPER] = flipped(full.members[UPPER], 9)
    report = check(full.seal())
    assert found(report, field="hash 0 of the tile", log=LOG, index=0, path=UPPER)
    assert report.faults.total == 1


@pytest.mark.parametrize("path", [FULL, UPPER, "logs/1/tile/0/001.p/71"])
def test_a_missing_tile_is_named_and_the_rest_goes_on(check, full, path):
    del full.members[path]
    report = check(full.seal())
    assert found(report, log=LOG, path=path)
    assert {fault.path for fault in report.faults.first} <= {path, FULL}


def test_a_tile_that_the_tree_does_not_have_is_named(check, small):
    items = list(small.members.items())
    at = list(small.members).index(ENTRIES)
    path = "logs/1/tile/0/001.p/3"
    small.members = dict([*items[:at], (path, bytes(96)), *items[at:]])
    assert found(check(small.seal()), field="width", path=path)


def test_an_entry_replaced_with_its_tree_rebuilt_does_not_lead_to_the_signed_root(check):
    log = small_log()
    note = log.checkpoint()
    log.openings[2]["evidence"][0]["language"] = "fr"
    log.entries[2] = log.entry(2)
    made = bundle([log])
    made.members["logs/1/checkpoint"] = note
    report = check(made.seal())
    assert found(report, field="root hash", log=LOG)
    assert found(report, field="root hash", path="logs/1/checkpoint")  # the manifest's differs


def test_a_hidden_entry_is_noticed_by_the_signed_size(check):
    log = small_log()
    note = log.checkpoint()
    log.entries.pop()
    log.openings.pop(7)
    log.openings[3] = small_log().copy().openings[2]
    made = bundle([log])
    made.members["logs/1/checkpoint"] = note
    assert found(check(made.seal()), field="tree size", path="logs/1/checkpoint")


# --- openings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (b'"language":"en"', b'"language":"fr"', "evidence commitment"),
        (b'"seq":3,', b'"seq":4,', "subject commitment"),
        (b'"gpc":false', b'"gpc":true', "evidence commitment"),
        (b'"page-counter":true', b'"page-counter":false', "evidence commitment"),
        (b'"previous":null', b'"previous": null', "subject commitment"),
    ],
)
def test_a_changed_part_does_not_open_its_entry(check, small, old, new, field):
    lines = small.lines(OPENINGS)
    at = 2 if field.startswith("s") or b"true" in old else 1
    at = next(n for n, line in enumerate(lines) if old.decode() in line)
    lines[at] = lines[at].replace(old.decode(), new.decode())
    small.set_lines(OPENINGS, lines)
    report = check(small.seal())
    assert found(report, field=field, log=LOG, index=at + 1, path=OPENINGS)
    assert report.faults.total == 1


def between(line, start, end):
    at = line.index(start) + len(start)
    return line[at : line.index(end, at)]


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ('"evidence":{"part":', ',"salt"', "evidence commitment"),
        ('"subject":{"part":', ',"salt"', "subject commitment"),
        ('"salt":"', '"}', "evidence commitment"),
    ],
)
def test_what_is_swapped_between_two_records_is_located_in_both(check, small, start, end, field):
    lines = small.lines(OPENINGS)
    one, two = between(lines[1], start, end), between(lines[4], start, end)
    lines[1], lines[4] = lines[1].replace(one, two, 1), lines[4].replace(two, one, 1)
    small.set_lines(OPENINGS, lines)
    report = check(small.seal())
    assert found(report, field=field, index=2)
    assert found(report, field=field, index=5)


def test_two_openings_that_are_swapped_with_their_indexes_are_located(check, small):
    lines = small.lines(OPENINGS)
    one = lines[1].replace('"index":2', '"index":5')
    lines[1], lines[4] = lines[4].replace('"index":5', '"index":2'), one
    small.set_lines(OPENINGS, lines)
    report = check(small.seal())
    for index in (2, 5):
        for part in ("evidence", "subject"):
            assert found(report, field=f"{part} commitment", index=index)


@pytest.mark.parametrize("path", [OPENINGS, CSV, JSONLD])
def test_a_dropped_record_is_located(check, small, path):
    lines = small.lines(path)
    del lines[3]
    small.set_lines(path, lines)
    report = check(small.seal())
    index = {OPENINGS: 4, CSV: 2, JSONLD: 4}[path]
    assert found(report, log=LOG, index=index, path=path)
    assert report.faults.total == 1


@pytest.mark.parametrize("path", [OPENINGS, CSV, JSONLD])
def test_a_doubled_record_is_located(check, small, path):
    lines = small.lines(path)
    lines.insert(3, lines[3])
    small.set_lines(path, lines)
    report = check(small.seal())
    index = {OPENINGS: 4, CSV: 2, JSONLD: 4}[path]
    assert found(report, log=LOG, index=index, path=path)
    assert report.faults.total == 1


@pytest.mark.parametrize("path", [OPENINGS, CSV, JSONLD])
def test_swapped_records_are_located(check, small, path):
    lines = small.lines(path)
    lines[3], lines[4] = lines[4], lines[3]
    small.set_lines(path, lines)
    report = check(small.seal())
    first = {OPENINGS: 4, CSV: 2, JSONLD: 4}[path]
    assert {fault.index for fault in report.faults.first} <= {first, first + 1}
    assert report.faults.total >= 1
    assert found(report, index=first, path=path)


@pytest.mark.parametrize("path", [OPENINGS, CSV, JSONLD])
def test_a_record_that_is_none_is_located(check, small, path):
    lines = small.lines(path)
    lines[3] = "nothing\n" if path == OPENINGS else "nothing\r\n" if path == CSV else "nothing,\n"
    small.set_lines(path, lines)
    report = check(small.seal())
    assert found(report, index={OPENINGS: 4, CSV: 2, JSONLD: 4}[path], path=path)
    assert report.faults.total == 1


@pytest.mark.parametrize("path", [OPENINGS, CSV, JSONLD])
@pytest.mark.parametrize("end", [b"x", b"\n", b"{}\n", b"1,99,decision\r\n"])
def test_what_is_added_to_the_end_of_a_file_is_found(check, small, path, end):
    small.members[path] += end
    assert found(check(small.seal()), path=path)


@pytest.mark.parametrize("path", [CSV, JSONLD])
def test_the_start_of_a_derived_file_is_checked(check, small, path):
    small.members[path] = small.members[path].replace(b"e", b"E", 1)
    assert found(check(small.seal()), path=path)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (CSV, b"1,4,decision,2026-11-01T05Z", b"1,4,decision,2026-11-01T06Z"),
        (CSV, b"1,4,decision", b"1,4,erasure"),
        (CSV, b"1,0,notice", b"1,0,access"),
        (JSONLD, b'"@id":"1#4","@type":"dpv:ConsentRecord"', b'"@id":"1#4","@type":"dpv:Process"'),
    ],
)
def test_a_changed_row_is_located(check, small, path, old, new):
    assert old in small.members[path]
    small.members[path] = small.members[path].replace(old, new)
    report = check(small.seal())
    assert found(report, index=0 if b"notice" in old else 4, path=path)
    assert report.faults.total == 1


@pytest.mark.parametrize("path", [OPENINGS, CSV, JSONLD])
def test_a_file_that_is_left_out_is_named(check, small, path):
    del small.members[path]
    assert found(check(small.seal()), field="file", path=path)


# --- the audit invariant -----------------------------------------------------------------------


@pytest.mark.parametrize("part", ["subject", "evidence"])
def test_a_part_that_is_erased_without_an_erasure_entry_is_missing(check, part):
    log = small_log()
    log.destroy(part, 5)
    report = check(bundle([log]))
    assert found(report, field=part, log=LOG, index=5, path=OPENINGS)
    assert report.faults.total == 1


def test_an_erasure_entry_for_one_part_does_not_account_for_the_other(check):
    log = small_log()
    log.announce((log, "subject", "owner", [[5, 5]]))
    log.destroy("evidence", 5)
    assert found(check(bundle([log])), field="evidence", index=5)


def test_an_erasure_entry_does_not_account_for_what_comes_after_it(check):
    log = small_log()
    log.announce((log, "subject", "visitor", [[9, 9]]))
    log.decide()
    log.destroy("subject", 9)
    report = check(bundle([log]))
    assert found(report, field="subject", index=9)
    assert found(report, field="evidence.erased[0].indexes", index=8)


def test_an_older_generation_cannot_account_for_a_newer_one(check):
    old, new = full_logs()
    old.announce((new, "subject", "visitor", [[7, 7]]))
    new.destroy("subject", 7)
    report = check(bundle([old, new]))
    assert found(report, field="subject", log=NEW, index=7)
    assert found(report, field="evidence.erased[0].indexes", log=LOG, index=len(old.entries) - 1)


def test_an_erasure_entry_of_another_origin_does_not_account_for_this_one(check):
    old, new = full_logs()
    new.announce((old, "subject", "visitor", [[7, 7]]))
    new.destroy("subject", 7)
    assert found(check(bundle([old, new])), field="subject", log=NEW, index=7)


def test_an_erasure_entry_itself_is_never_erased(check):
    log = small_log()
    log.announce((log, "evidence", "retention", [[7, 7]]))
    log.destroy("evidence", 7)
    report = check(bundle([log]))
    assert found(report, field="evidence", index=7)


def test_an_erasure_entry_that_opens_to_something_else_accounts_for_nothing_unnoticed(check, small):
    small.members[OPENINGS] = small.members[OPENINGS].replace(b"[[3,3]]", b"[[3,4]]")
    assert found(check(small.seal()), field="evidence commitment", index=7)


def test_an_invented_erasure_entry_is_found(check):
    log = small_log()
    log.destroy("subject", 5)
    made = bundle([log])
    other = small_log()
    other.announce((other, "subject", "owner", [[5, 5]]))
    invented = bundle([other]).lines(OPENINGS)[-1]
    made.set_lines(OPENINGS, [*made.lines(OPENINGS), invented])
    assert found(check(made.seal()), field="record", index=8, path=OPENINGS)


@pytest.mark.parametrize("index", [1, 4, 7])
def test_a_part_that_is_withheld_only_for_some_is_located(check, index):
    whole, withheld = small_bundle().copy(), bundle([small_log()], parts=("evidence",))
    for one, other in ((whole, withheld), (withheld, whole)):
        made = one.copy()
        lines = made.lines(OPENINGS)
        lines[index - 1] = other.lines(OPENINGS)[index - 1]
        made.set_lines(OPENINGS, lines)
        assert found(check(made.seal()), field="subject", index=index, path=OPENINGS)


def test_an_erasure_entry_that_explains_a_range_must_be_in_the_context(check):
    old, new = full_logs()
    made = bundle([old, new], ranges=[(5, 60), (0, 0)])
    assert check(made).verdict == "verified"
    made.set_lines(CONTEXT, [line for line in made.lines(CONTEXT) if "erasure" not in line])
    report = check(made.seal())
    assert found(report, field="subject", index=10, path=OPENINGS)
    assert found(report, field="subject", index=19, path=OPENINGS)
    assert report.faults.total == 11


def test_a_changed_context_is_located(check):
    old, new = full_logs()
    made = bundle([old, new], ranges=[(5, 60), (0, 0)])
    made.members[CONTEXT] = made.members[CONTEXT].replace(b'"layer":"first"', b'"layer":"other"', 1)
    assert found(check(made.seal()), field="evidence commitment", index=4, path=CONTEXT)


# --- what the parts say ------------------------------------------------------------------------


def test_time_that_goes_back_is_located(check):
    log = small_log()
    log.minutes -= 3600
    log.decide()
    report = check(bundle([log]))
    assert found(report, field="time", index=8)
    assert report.faults.total == 1


def test_time_that_goes_back_is_located_by_the_hour_alone(check):
    log = small_log()
    log.minutes += 10_800
    log.decide()
    log.minutes -= 7200
    log.decide()
    report = check(bundle([log], parts=("evidence",)))
    assert found(report, field="time", index=9)
    assert report.faults.total == 1


def test_time_does_not_go_back_from_one_generation_to_the_next(check):
    old, new = full_logs()
    old.minutes += 600_000
    old.decide()
    new.entries[0] = (
        LABEL
        + b"\x12"
        + dumps(
            {
                "schema": "consent-ledger/anchor/v1",
                "reason": "restored",
                "previous": {
                    "origin": old.origin,
                    "size": len(old.entries),
                    "root": b64(old.root()),
                    "kept": len(old.entries),
                },
                "recorded_at": "2026-11-03T00:00:00.000Z",
            }
        )
    )
    assert found(check(bundle([old, new])), field="time", log=NEW, index=0)


def test_the_hour_of_the_evidence_is_that_of_the_subject_part(check):
    log = small_log()
    log.decide(recorded_at="2026-11-01T23:00:00.000Z")
    assert found(check(bundle([log])), field="evidence.recorded_hour", index=8)


@pytest.mark.parametrize("hour", ["2026-13-01T00Z", "2026-11-01T24Z", "2026-11-01T00"])
def test_an_hour_that_does_not_exist_is_located(check, hour):
    log = small_log()
    log.decide(recorded_hour=hour)
    assert found(check(bundle([log])), field="evidence.recorded_hour", index=8)


def test_a_decision_on_a_notice_that_is_published_later_is_located(check):
    log = small_log()
    log.published.append((log.published[0][0], "b9" * 32))
    log.decide()
    log.publish(build="b9" * 32)
    report = check(bundle([log]))
    assert found(report, field="evidence.notice", index=8)
    assert report.faults.total == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"categories": {"analytics": False}}, "evidence.categories.analytics"),
        ({"categories": {}}, "evidence.categories"),
        ({"services": {"page-counter": True, "other": True}}, "evidence.services"),
        ({"services": {"page-counter": 1}}, "evidence.services.page-counter"),
        ({"action": "reject_all"}, "evidence.action"),
        ({"control": "reject_all"}, "evidence.control"),
        ({"action": "withdraw", "control": "save"}, "evidence.action"),
        ({"action": "signal", "control": "signal"}, "evidence.action"),
        ({"language": "de"}, "evidence.language"),
        ({"expires_hour": "2027-11-01T00Z"}, "evidence.expires_hour"),
        ({"gpc": 0}, "evidence.gpc"),
        ({"schema": "consent-ledger/evidence/v2"}, "evidence.schema"),
        ({"more": 1}, "evidence"),
        ({"notice": "0" * 64}, "evidence.notice"),
        ({"seq": 0}, "subject"),
        ({"id": "no"}, "subject"),
        ({"decided_at": "2026-02-30T00:00:00.000Z"}, "subject.decided_at"),
    ],
)
def test_a_decision_that_contradicts_itself_or_its_notice_is_located(check, changes, field):
    log = small_log()
    log.decide(**changes)
    assert found(check(bundle([log])), field=field, index=8, path=OPENINGS)


def test_a_decision_at_the_end_of_time_is_located(check):
    log = small_log()
    log.decide(recorded_hour="9999-12-31T23Z", recorded_at="9999-12-31T23:00:00.000Z")
    assert found(check(bundle([log])), field="evidence.recorded_hour", index=8)


def test_a_very_long_part_is_checked_like_any_other(check):
    log = small_log()
    ids = [f"service-{number}" for number in range(2000)]
    notice = json.loads(notice_bytes())
    category = notice["categories"][1]
    category["services"] = [category["services"][0] | {"id": each} for each in ids]
    log.publish(dumps(notice))
    log.decide(services=dict.fromkeys(ids, True))
    made = bundle([log])
    assert check(made).verdict == "verified"
    made.members[CSV] = made.members[CSV].replace(b"service-7 ", b"service-8 ")
    assert found(check(made.seal()), field="row", index=9, path=CSV)


def test_what_a_bundle_says_is_shown_and_not_obeyed_by_a_terminal(check):
    log = small_log()
    log.decide(language="\x1b[2J\x9b\u202ehello")
    text = check(bundle([log])).to_text("\x1b]0;name\x07")
    assert "hello" in text
    assert all(each.isprintable() or each == "\n" for each in text)


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([("subject", "whim", [[1, 1]])], "evidence.erased[0].reason"),
        ([("all", "owner", [[1, 1]])], "evidence.erased[0].part"),
        ([("subject", "owner", [[1, 1], [2, 2]])], "evidence.erased[0].indexes"),
        ([("subject", "owner", [[2, 1]])], "evidence.erased[0].indexes"),
        ([("subject", "owner", [[1]])], "evidence.erased[0].indexes"),
        ([("subject", "owner", [[1, True]])], "evidence.erased[0].indexes"),
        ([("subject", "owner", [[-1, 1]])], "evidence.erased[0].indexes"),
        ([("subject", "owner", [[1, 1]]), ("subject", "owner", [[4, 4]])], "evidence.erased[1]"),
    ],
)
def test_an_erasure_entry_that_says_nothing_sensible_is_located(check, items, field):
    log = small_log()
    log.announce(*((log, *item) for item in items))
    assert found(check(bundle([log])), field=field, index=8)


# --- notices -----------------------------------------------------------------------------------


def notice_path(made):
    return next(path for path in made.members if path.startswith("notices/"))


def test_a_changed_notice_is_not_the_one_that_was_published(check, small):
    path = notice_path(small)
    small.members[path] = notice_bytes(lifetime_days=181)
    assert found(check(small.seal()), field="SHA-256", path=path)


def test_a_missing_notice_is_located_where_it_was_published(check, small):
    path = notice_path(small)
    del small.members[path]
    assert found(check(small.seal()), field="notice", index=0, path=path)


@pytest.mark.parametrize("folder", ["notices/{}.json", "screenshots/{}.png"])
def test_a_file_that_was_never_published_is_named(check, small, folder):
    path = folder.format("0" * 64)
    small.members[path] = b"{}"
    report = check(small.seal())
    assert found(report, field="file", path=path)
    assert found(report, field="SHA-256", path=path)


# --- signatures, keys, generations -------------------------------------------------------------


def test_a_bundle_signed_by_another_key_is_refused(check):
    log = small_log()
    forged = log.copy()
    forged.keys[0]["key"] = Key(log.origin, 99)
    report = check(bundle([forged]))
    (fault,) = report.faults.first
    assert (fault.log, fault.field, fault.path) == (LOG, "signer", "logs/1/checkpoint")
    made = bundle([forged])
    made.manifest["logs"][0]["keys"][0]["key"] = log.keys[0]["key"].vkey
    assert found(check(made), field="signature")


@pytest.mark.parametrize("pinned", [True, False])
def test_a_changed_signature_is_named(check, small, pinned):
    note = small.members["logs/1/checkpoint"]
    small.members["logs/1/checkpoint"] = note[:-20] + b"AAAA" + note[-16:]
    report = check(small.seal(), **({} if pinned else {"pinned": ()}))
    assert report.exit_code == 1
    assert found(report, field="signature", path="logs/1/checkpoint")


def test_a_checkpoint_of_another_tree_is_named(check):
    log = small_log()
    made = bundle([log])
    made.members["logs/1/checkpoint"] = log.checkpoint(7)
    report = check(made.seal())
    assert found(report, field="tree size", path="logs/1/checkpoint")
    assert found(report, field="root hash", path="logs/1/checkpoint")


def test_an_older_checkpoint_than_the_one_that_was_kept_is_refused(check, small):
    log = small_log()
    log.decide()
    report = check(small, previous={"kept.txt": log.checkpoint()})
    (fault,) = report.faults.first
    assert (fault.log, fault.field, fault.path) == (LOG, "tree size", "kept.txt")
    assert "an older checkpoint than the one you kept" in fault.found


def test_another_history_than_the_one_that_was_kept_is_refused(check, small):
    log = small_log()
    log.openings[2]["evidence"][0]["language"] = "fr"
    log.entries[2] = log.entry(2)
    report = check(small, previous={"kept.txt": log.checkpoint(5)})
    assert found(report, field="root hash at 5", log=LOG, path="kept.txt")


def test_a_kept_checkpoint_that_is_not_this_logs_is_refused(check, small):
    old, new = full_logs()
    report = check(small, previous={"kept.txt": new.checkpoint()})
    assert found(report, field="origin", path="kept.txt")
    note = old.checkpoint(5)
    forged = note.replace(b"\n5\n", b"\n6\n")
    assert found(check(small, previous={"kept.txt": forged}), field="signature", path="kept.txt")
    assert found(check(small, previous={"kept.txt": b"no"}), path="kept.txt")
    stranger = note.replace(b"\xe2\x80\x94 ledger", b"\xe2\x80\x94 xedger")
    report = check(small, previous={"kept.txt": stranger})
    assert found(report, field="signatures", path="kept.txt")


@pytest.mark.parametrize(
    ("number", "field", "value"),
    [
        (0, "first", 1),
        (0, "last", None),
        (0, "last", 120),
        (0, "last", 5000),
        (1, "first", 122),
        (1, "last", 100),
        (2, "last", 326),
        (2, "first", 1),
    ],
)
def test_a_wrong_key_range_is_found(check, full, number, field, value):
    full.manifest["logs"][0]["keys"][number][field] = value
    report = check(full)
    assert report.exit_code == 1
    assert report.faults.first[0].log == LOG


def test_a_key_that_the_manifest_leaves_out_is_located_by_its_entry(check, full):
    del full.manifest["logs"][0]["keys"][1]
    assert found(check(full), field="keys", log=LOG, index=121)


def test_a_rotation_without_its_checkpoint_is_named(check, full):
    path = "logs/1/rotations/121.checkpoint"
    del full.members[path]
    report = check(full.seal())
    assert found(report, field="file", log=LOG, path=path)
    assert found(report, field="signer", log=LOG)


@pytest.mark.parametrize("kept", [0, 1])
def test_a_rotation_that_only_one_of_the_two_keys_signed_is_no_rotation(check, kept):
    old, new = full_logs()
    lines = old.rotations[121].split(b"\n")
    del lines[4 + kept]
    old.rotations[121] = b"\n".join(lines)
    report = check(bundle([old, new]))
    assert found(report, field="signature", path="logs/1/rotations/121.checkpoint")


def test_a_rotation_checkpoint_of_another_tree_is_named(check):
    old, new = full_logs()
    old.rotations[121] = old.checkpoint(121)
    assert found(check(bundle([old, new])), path="logs/1/rotations/121.checkpoint")


def test_a_new_key_that_no_entry_names_is_not_believed(check):
    log = small_log()
    index = log.rotate(overlap=False)
    log.entries[index] = log.entries[index - 1]
    log.openings[index] = log.openings[index - 1]
    signers = [key["key"] for key in log.keys]
    log.rotations[index] = checkpoint(log.origin, index + 1, log.root(), signers)
    log.decide()
    report = check(bundle([log]))
    assert found(report, field="keys[1]", index=index)
    assert found(report, field="signer")


@pytest.mark.parametrize("change", ["root", "size", "kept", "origin"])
def test_an_anchor_of_another_tree_is_located(check, change):
    old, new = full_logs()
    body = json.loads(new.entries[0][25:])
    body["previous"][change] = {
        "root": "A" * 43 + "=",
        "size": 400,
        "kept": 320,
        "origin": "ledger.test/meridian/9",
    }[change]
    new.entries[0] = new.entries[0][:25] + dumps(body)
    report = check(bundle([old, new]))
    assert report.exit_code == 1
    if change in ("size", "kept"):
        lost = {"size": 327, "kept": 320}[change]
        assert found(report, field="entries lost", log=LOG, index=lost)
    else:
        assert found(report, field=f"body.previous.{change}", log=NEW, index=0)


@pytest.mark.parametrize("ranges", [None, [(0, 6)], [(2, 6)]])
def test_an_older_generation_that_is_left_out_is_missed(check, ranges):
    """Of a range too, whether it begins in the newer one or not."""
    _, new = full_logs()
    report = check(bundle([new], ranges=ranges))
    assert found(report, field="logs", found="no generation 1", path="manifest.json")


# --- manifest and members ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("site", "other"),
        ("schema", "consent-ledger/bundle/v2"),
        ("parts", ["subject"]),
        ("parts", []),
        ("parts", "evidence"),
        ("withheld", [{"part": "subject", "reason": "x"}]),
        ("exported_at", "today"),
        ("range", {"from": "today", "to": None}),
        ("range", []),
        ("logs", []),
        ("logs", {}),
        ("files", []),
        ("files", [{}]),
        ("more", 1),
    ],
)
def test_a_changed_manifest_is_found(check, small, field, value):
    small.manifest[field] = value
    assert check(small).exit_code == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("origin", "ledger.test/other/1"),
        ("origin", NEW),
        ("generation", 2),
        ("generation", 0),
        ("size", 7),
        ("size", 9),
        ("size", 2**62),
        ("end", 7),
        ("end", 9),
        ("first", 1),
        ("first", 2**62),
        ("root", "A" * 43 + "="),
        ("root", "A"),
        ("keys", []),
        ("keys", [{}]),
    ],
)
def test_a_changed_log_of_the_manifest_is_found(check, small, field, value):
    small.manifest["logs"][0][field] = value
    assert check(small).exit_code == 1


def test_a_manifest_that_claims_more_entries_than_can_be_there_takes_no_memory(check, small):
    small.manifest["logs"][0] |= {"size": 2**62, "end": 2**62}
    assert found(check(small), field="entries", log=LOG)


@pytest.mark.parametrize("field", ["bytes", "sha256", "packed", "path"])
def test_a_changed_entry_of_the_list_of_files_is_found(check, small, field):
    small.manifest["files"][0][field] = {"bytes": 1, "path": "README.md"}.get(field, "0" * 64)
    assert check(small).exit_code == 1


def test_a_changed_readme_is_found_by_its_hash(check, small):
    small.members["README.txt"] += b"Send your money to me.\n"
    assert found(check(small), field="sha256", path="README.txt")


@pytest.mark.parametrize("path", ["README.txt", "logs/1/checkpoint"])
def test_a_missing_member_is_named(check, small, path):
    del small.members[path]
    assert found(check(small.seal())) or check(small).exit_code == 1


def test_members_in_another_order_are_refused(check, small):
    small.members = dict(reversed(small.members.items()))
    assert found(check(small.seal()), field="order")


def test_a_log_that_the_manifest_does_not_name_is_named(check, small):
    items = list(small.members.items())
    at = list(small.members).index(notice_path(small))
    small.members = dict([*items[:at], ("logs/3/checkpoint", b"x"), *items[at:]])
    assert found(check(small.seal()), field="member", path="logs/3/checkpoint")


def test_faults_are_all_counted_and_the_first_ones_shown(check, full):
    full.members[OPENINGS] = full.members[OPENINGS].replace(b'"layer":"first"', b'"layer":"other"')
    report = check(full.seal())
    assert len(report.faults.first) == 20
    assert report.faults.total == 320
    assert report.to_dict()["faults_total"] == 320
    assert report.to_dict()["logs"][0]["failed"] == 320
    assert [fault.index for fault in report.faults.first] == list(range(1, 21))


# --- witnesses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "holds"), [(3600, True), (0, True), (-1, False)])
def test_a_pinned_witness_did_not_see_the_log_before_its_newest_entry(check, seconds, holds):
    log = small_log()
    witness = Cosigner("witness.test", bytes(32))
    newest = START + timedelta(minutes=log.minutes)
    note = log.checkpoint()
    text = note.decode().partition("\n\n")[0] + "\n"
    made = bundle([log])
    cosignature = witness.cosign(text, int(newest.timestamp()) + seconds)
    made.members["logs/1/checkpoint"] = note + format_signature(cosignature).encode()
    pinned = [*keys(log), witness.key.vkey]
    report = check(made.seal(), pinned)
    assert (report.verdict == "verified") is holds
    if not holds:
        assert found(report, field="cosignature of witness.test", path="logs/1/checkpoint")
    line = made.members["logs/1/checkpoint"]
    made.members["logs/1/checkpoint"] = line[:-12] + b"AAAA" + line[-8:]
    assert found(check(made.seal(), pinned), field="signature of witness.test")
