# SPDX-License-Identifier: MIT
"""The short way for what is plainly right: it is taken, and decides nothing that the long one would
not."""

from __future__ import annotations

import pytest
from consent_ledger.verify import log_walk
from consent_ledger.verify.plain import PlainDecisions, Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.verify.histories import full_bundle, full_logs, small_bundle
from unit.verify.log_maker import DECISION

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


@reusing
@given(data=st.data())
def test_both_ways_say_the_same_of_what_is_wrong(check, data):
    made = data.draw(st.sampled_from([small_bundle, *(lambda p=p: full_bundle(p) for p in PARTS)]))
    bundle = made().copy()
    path = data.draw(st.sampled_from(FILES))
    old = bundle.members[path]
    at = data.draw(st.integers(0, len(old)))
    end = data.draw(st.integers(at, min(at + 4, len(old))))
    bundle.members[path] = old[:at] + data.draw(st.binary(max_size=4)) + old[end:]
    data = bundle.seal().pack()
    assert check(data).to_dict() == by_the_long_way(check, data).to_dict()
