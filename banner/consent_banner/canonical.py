# SPDX-License-Identifier: MIT
"""Canonical JSON (RFC 8785) in a restricted profile: one document, one sequence of bytes.

In the profile keys are ASCII, numbers are integers below 2^53 and strings are valid Unicode; within
it Python's own encoder with sorted keys already writes what RFC 8785 asks for.
"""

import json

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 64


class CanonicalError(ValueError):
    """A value outside the profile; `path` says where it stands, as in `services[0].name`."""

    def __init__(self, path: str, found: str, expected: str) -> None:
        super().__init__(f"{path or 'document'}: found {found}, expected {expected}")
        self.path = path


def dumps(document: object) -> bytes:
    """The canonical UTF-8 bytes of *document*, without a line end.

    Raises: CanonicalError for floats, integers of 2^53 or more (either sign), keys that are no
        ASCII strings, lone surrogates, other types, and nesting deeper than 64.
    """
    _check(document, "", 0)
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _check(value: object, path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise CanonicalError(path, "deeper nesting", f"at most {MAX_DEPTH} levels")
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            # Its size, not its digits: Python refuses to print integers of thousands of digits.
            raise CanonicalError(
                path, f"an integer of {value.bit_length()} bits", "an integer below 2^53"
            )
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check(item, f"{path}[{index}]", depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise CanonicalError(path, f"the key {key!a}", "ASCII keys")
            _check(item, f"{path}.{key}" if path else key, depth + 1)
    else:
        raise CanonicalError(
            path,
            f"a value of type {type(value).__name__}",
            "an object, array, string, integer, true, false or null",
        )


def _check_text(value: str, path: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise CanonicalError(path, "a lone surrogate", "valid Unicode") from None
