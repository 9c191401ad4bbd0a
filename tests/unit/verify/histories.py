# SPDX-License-Identifier: MIT
"""Histories for the verifier's tests: a small one, and one with all that can happen to a log."""

from functools import cache

from unit.verify.bundle_maker import bundle
from unit.verify.log_maker import LogMaker


@cache
def _small():
    log = LogMaker()
    log.publish()
    for visitor in range(6):
        log.decide(visitor % 2 == 0, visitor)
    log.destroy("subject", 3)
    log.destroy("evidence", 3)
    log.announce((log, "evidence", "visitor", [[3, 3]]), (log, "subject", "visitor", [[3, 3]]))
    return log


def small_log():
    """9 entries: a notice, six decisions (that at 3 is erased), and the erasure as entry 7."""
    return _small().copy()


@cache
def _full():
    old = LogMaker()
    old.publish()
    for visitor in range(120):
        old.decide(visitor % 3 == 0, visitor)
    old.rotate()
    old.access()
    for visitor in range(60):
        old.decide(visitor % 2 == 0, visitor)
    old.end_overlap()
    old.publish(build="b2" * 32)
    for visitor in range(140):
        old.decide(visitor % 5 == 0, visitor)
    old.destroy("subject", *range(10, 20), 40)
    old.announce((old, "subject", "retention", [[10, 19]]), (old, "subject", "owner", [[40, 40]]))
    old.rotate(overlap=False)
    old.decide()

    new = LogMaker(2, after=old)
    new.publish()
    for visitor in range(20):
        new.decide(visitor % 2 == 0, visitor)
    for part in ("subject", "evidence"):
        old.destroy(part, 300)
        new.destroy(part, 5)
    new.announce(
        *(
            (log, part, "visitor", [[at, at]])
            for log, at in ((old, 300), (new, 5))
            for part in ("evidence", "subject")
        )
    )
    return old, new


def full_logs():
    """Two generations, 326 and 24 entries; rotations, erasures for each reason, an access."""
    return tuple(log.copy() for log in _full())


@cache
def small_bundle():
    return bundle([_small()])


@cache
def full_bundle(parts=("evidence", "subject")):
    return bundle(_full(), parts=parts)


def keys(*logs):
    """The first key of each log, as whoever verifies may have pinned it long ago."""
    return [log.keys[0]["key"].vkey for log in logs]
