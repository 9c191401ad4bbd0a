# SPDX-License-Identifier: MIT
"""The short way for what is plainly right: it is taken, and decides nothing that the long one would
not."""

from __future__ import annotations

import pytest
from consent_ledger.verify import log_walk
from consent_ledger.verify.plain import PlainDecisions, Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.verify.bundle_maker import bundle
from unit.verify.histories import full_bundle, full_logs, small_bundle, small_log
from unit.verify.log_maker import ACCESS, DECISION, LABEL

FILES = [f"logs/1/{name}" for name in ("openings.ndjson", "records.csv", "records.jsonld")]
PARTS = [("evidence",), ("evidence", "subject")]

reusing = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def by_the_long_way(check, bundle):
    """The report on *bundle* when no entry is taken for plain."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlainDecisions, "read", lambda *_: Run(0, 0, ""))
        return check(bundle)


@pytest.mark.parametrize("parts", PARTS)
def test_most_decisions_go_the_short_way(check, monkeypatch, parts):
    one_by_one = []
    long_way = log_walk._Walk._check_entry

    def counted(self, index, data):
        one_by_one.append((self._log.generation, index))
        long_way(self, index, data)

    monkeypatch.setattr(log_walk._Walk, "_check_entry", counted)
    assert check(full_bundle(parts)).faults.total == 0
    old, _ = full_logs()
    first_bundle = {
        (1, index)
        for index, opening in old.openings.items()
        if opening["kind"] == DECISION
        and index < 256
        and all(opening[part] is not None for part in parts)
    }
    # A part that is erased, or what is no decision, ends a run, and may be its last one.
    assert len(first_bundle) > 200
    assert not first_bundle.intersection(one_by_one)


@pytest.mark.parametrize("parts", PARTS)
def test_both_ways_say_the_same_of_what_is_right(check, parts):
    bundle = full_bundle(parts)
    assert check(bundle).to_dict() == by_the_long_way(check, bundle).to_dict()


# --- one wrong thing among what is right: with decisions after it, so that a run could hold it ----

BEFORE = "2026-01-01T00"


def follow(log):
    """More decisions; an access ends the run before the last one ends the file, and with it the
    records that runs are compared with."""
    for visitor in range(3):
        log.decide(visitor=visitor)
    log.access()
    log.decide()


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize(
    "changes",
    [
        {"recorded_at": f"{BEFORE}:00:00.000Z"},
        {"recorded_hour": f"{BEFORE}Z", "expires_hour": "2026-06-30T00Z"},
        {
            "recorded_at": f"{BEFORE}:00:00.000Z",
            "recorded_hour": f"{BEFORE}Z",
            "expires_hour": "2026-06-30T00Z",
        },
        {"decided_at": "2026-02-30T00:00:00.000Z"},
        {"decided_at": "2026-02-28T00:60:00.000Z"},
        {"seq": 0},
        {"id": "C" * 32},
        {"build": "ee" * 32},
        {"language": "xx"},
        {"gpc": 1},
        {"more": True},
    ],
)
def test_a_wrong_decision_is_told_the_same_by_both_ways(check, changes, parts):
    log = small_log()
    at = log.decide(**changes)
    follow(log)
    made = bundle([log], parts=parts)
    report = check(made).to_dict()
    assert report == by_the_long_way(check, made).to_dict()
    is_shown = parts != ("evidence",) or changes.keys() - {"recorded_at", "decided_at", "seq", "id"}
    assert {fault["index"] for fault in report["faults"]} == ({at} if is_shown else set())


@pytest.mark.parametrize("parts", PARTS)
def test_an_entry_of_another_kind_is_no_plain_decision(check, parts):
    log = small_log()
    at = log.decide()
    follow(log)
    log.entries[at] = log.entries[at].replace(LABEL + bytes([DECISION]), LABEL + bytes([ACCESS]))
    made = bundle([log], parts=parts)
    report = check(made).to_dict()
    assert report == by_the_long_way(check, made).to_dict()
    assert at in {fault["index"] for fault in report["faults"]}


def test_time_that_goes_back_from_one_run_to_the_next_is_told(check):
    log = small_log()
    early = {"recorded_at": log.moment(), "recorded_hour": log.hour()}
    early["expires_hour"] = log.hour(days=180)
    log.decide()
    erased = log.decide()  # says no time, and ends the run
    at = log.decide(**early)
    follow(log)
    for part in ("subject", "evidence"):
        log.destroy(part, erased)
    log.announce(*((log, part, "owner", [[erased, erased]]) for part in ("evidence", "subject")))
    report = check(bundle([log]))
    assert [(fault.index, fault.field) for fault in report.faults.first] == [(at, "time")]


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("number", ["0{}", "1{}", "{}0"])
def test_an_opening_under_another_index_is_told_the_same_by_both_ways(check, parts, number):
    log = small_log()
    at = log.decide()
    follow(log)
    made = bundle([log], parts=parts)
    lines = "".join(made.lines(FILES[0])).replace(f'"index":{at}', f'"index":{number.format(at)}')
    made.set_lines(FILES[0], [lines])
    report = check(made.seal())
    assert report.faults.total
    assert report.to_dict() == by_the_long_way(check, made).to_dict()


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("parts", PARTS)
def test_whichever_byte_of_a_record_is_changed_it_is_told_the_same_by_both_ways(check, parts, path):
    made = full_bundle(parts)
    at = made.members[path].index(b"\n", 20_000)
    line = made.members[path][at + 1 :].partition(b"\n")[0]
    for place in range(0, len(line), 83):
        changed = made.copy()
        data = bytearray(changed.members[path])
        data[at + 1 + place] ^= 1
        changed.members[path] = bytes(data)
        packed = changed.seal().pack()
        report = check(packed)
        assert report.faults.total
        assert report.to_dict() == by_the_long_way(check, packed).to_dict()


@reusing
@given(data=st.data())
def test_both_ways_say_the_same_of_what_is_wrong(check, data):
    # The small one is verified thirteen times as fast, and holds the same kinds of lines.
    bundles = [*[small_bundle] * 3, *(lambda p=p: full_bundle(p) for p in PARTS)]
    made = data.draw(st.sampled_from(bundles))
    bundle = made().copy()
    path = data.draw(st.sampled_from(FILES))
    old = bundle.members[path]
    at = data.draw(st.integers(0, len(old)))
    end = data.draw(st.integers(at, min(at + 4, len(old))))
    bundle.members[path] = old[:at] + data.draw(st.binary(max_size=4)) + old[end:]
    data = bundle.seal().pack()
    assert check(data).to_dict() == by_the_long_way(check, data).to_dict()
