# SPDX-License-Identifier: MIT
import pytest
from consent_banner import canonical


def test_keys_are_sorted_and_no_space_is_written():
    assert canonical.dumps({"b": [1, True, None], "a": "ü\n\u0001\u007f"}) == (
        '{"a":"ü\\n\\u0001\u007f","b":[1,true,null]}'.encode()
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"a": [{"b": 1.0}]}, "a[0].b: found a value of type float, expected an object, array"),
        ([2**53], "[0]: found an integer of 54 bits, expected an integer below 2^53"),
        ({"a": -(2**53)}, "a: found an integer of 54 bits, expected an integer below 2^53"),
        ({"a": 10**5000}, "a: found an integer of 16610 bits, expected an integer below 2^53"),
        ({"a": {"ü": 1}}, "a: found the key '\\xfc', expected ASCII keys"),
        ({1: 2}, "document: found the key 1, expected ASCII keys"),
        ({"a": ["\ud800"]}, "a[0]: found a lone surrogate, expected valid Unicode"),
        ({"a": b"x"}, "a: found a value of type bytes, expected an object"),
    ],
)
def test_what_is_outside_the_profile_is_refused_with_its_place(document, message):
    with pytest.raises(canonical.CanonicalError) as refused:
        canonical.dumps(document)
    assert str(refused.value).startswith(message)


def test_the_largest_integers_are_kept():
    assert canonical.dumps([2**53 - 1, 1 - 2**53]) == b"[9007199254740991,-9007199254740991]"


def test_deep_nesting_is_refused_and_never_overflows_the_stack():
    deep: object = 0
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(canonical.CanonicalError, match="deeper nesting"):
        canonical.dumps(deep)
