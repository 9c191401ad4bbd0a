# SPDX-License-Identifier: MIT
"""Getting fast from a part's bytes to what is made of it.

Evidence names nobody, so the same bytes come often: what was made of them is remembered. Subject
parts are all different, but always of one shape: an expression takes the values out of the bytes.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

REMEMBERED = 4096

T = TypeVar("T")


class Remembered(Generic[T]):
    """What *make* makes of a part's object, by the part's canonical bytes."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._known: dict[bytes, T] = {}

    def __call__(self, part: bytes) -> T:
        known = self._known.get(part)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()  # cheaper than keeping an order, and parts come by the hour
            known = self._known[part] = self._make(json.loads(part))
        return known


class PlainSubject(NamedTuple):
    """The values of a subject part as bytes that need no escape, neither in JSON nor in CSV."""

    decided_at: bytes
    id: bytes
    previous: bytes  # empty for none
    recorded_at: bytes
    seq: bytes
    subject: bytes


_MOMENT = rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)"
_PLAIN_SUBJECT = re.compile(
    rb'\{"decided_at":"%b","id":"([0-9a-f]{32})","previous":(?:null|"([0-9a-f]{32})"),'
    rb'"recorded_at":"%b","seq":(0|[1-9][0-9]{0,15}),"subject":"([0-9a-f]{64})"\}'
    % (_MOMENT, _MOMENT)
)


def plain_subject(part: bytes) -> PlainSubject | None:
    """The values of a decision's subject part; None for any other part, which has to be parsed."""
    match = _PLAIN_SUBJECT.fullmatch(part)
    return PlainSubject(*match.groups(b"")) if match else None
