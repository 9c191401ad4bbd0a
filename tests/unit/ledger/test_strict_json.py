# SPDX-License-Identifier: MIT
"""Strict JSON from outside."""

from __future__ import annotations

import json

import pytest
from consent_ledger.errors import InvalidRequest
from consent_ledger.strict_json import parse_json


@pytest.mark.parametrize(
    "text", ['{"a":[1,-2,true,null,"é"]}', "[]", "0", '"\\u00e9"', " \n{}\t", str(2**80)]
)
def test_json_is_read_as_python_reads_it(text: str) -> None:
    assert parse_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "line 1, column 1"),
        (b'{"a":1,}', "no JSON"),
        (b"{'a':1}", "no JSON"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"0.0", "0.0"),
        (b"1E400", "1E400"),
        (b"01", "no JSON"),
        (b'{"a":{"b":1,"b":1}}', '"b" twice'),
        (b'{"a":1,"\\u0061":2}', '"a" twice'),
        (b"\xc3", "byte 0"),
        (b"\xff\xfe{\x00}\x00", "byte 0"),
        (b'"\x00"', "no JSON"),
        (b"[" * 100_000, "deep"),
        (b'{"a":' * 100_000, "deep"),
        (b"1" * 5000, "digits"),
    ],
    ids=lambda value: repr(value)[:20] if isinstance(value, bytes) else None,
)
def test_anything_else_is_refused_with_a_reason(raw: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        parse_json(raw)
