# SPDX-License-Identifier: MIT
"""Strict JSON of proofs: canonical (RFC 8785, restricted), so one spelling for each document."""

import json
from typing import Any, NoReturn

from consent_ledger.tlog.encoding import MAX_INTEGER
from consent_ledger.tlog.errors import FormatError, ProofError, shown

_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def parse_document(field: str, data: bytes, max_bytes: int) -> Any:
    """The document that *data* spells.

    Raises: FormatError naming *field* for more than *max_bytes*, for what is no JSON, for fractions
        and for every spelling but the canonical one.
    """
    if len(data) > max_bytes:
        raise FormatError(field, f"{len(data)} bytes", f"at most {max_bytes} bytes")

    def refuse(text: str) -> NoReturn:
        raise FormatError(field, f"the number {shown(text)}", "whole numbers")

    try:
        document = json.loads(data.decode(), parse_float=refuse, parse_constant=refuse)
        canonical = encode_document(document)
    except ProofError:
        raise
    except UnicodeDecodeError as error:
        raise FormatError(field, f"byte {error.start} not UTF-8", "UTF-8") from None
    except (ValueError, RecursionError):
        raise FormatError(field, shown(data), "a JSON document") from None
    if canonical != data:  # a key twice, spaces, another order or another spelling
        at = first_difference(data, canonical)
        raise FormatError(field, f"another spelling from byte {at} on", "canonical JSON")
    return document


def encode_document(document: object) -> bytes:
    """The canonical bytes of *document*. Raises: UnicodeEncodeError for a lone surrogate."""
    return _encoder.encode(document).encode()


def first_difference(found: bytes, expected: bytes) -> int:
    """The first byte at which the two differ, which may be the end of the shorter one."""
    pairs = enumerate(zip(found, expected, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(found), len(expected)))


def read_table(field: str, value: object, keys: frozenset[str] | None = None) -> dict[str, Any]:
    """*value* as an object, with exactly *keys* when they are given. Raises: FormatError."""
    if not isinstance(value, dict):
        raise FormatError(field, shown_value(value), "an object")
    if keys is not None and value.keys() != keys:
        unknown, missing = sorted(value.keys() - keys), sorted(keys - value.keys())
        what = f"the unknown {shown(unknown[0])}" if unknown else f"no {missing[0]}"
        raise FormatError(field, what, "exactly " + ", ".join(sorted(keys)))
    return value


def read_list(field: str, value: object) -> list[Any]:
    """*value* as a list. Raises: FormatError."""
    if not isinstance(value, list):
        raise FormatError(field, shown_value(value), "a list")
    return value


def read_text(field: str, value: object) -> str:
    """*value* as a string. Raises: FormatError."""
    if not isinstance(value, str):
        raise FormatError(field, shown_value(value), "a string")
    return value


def read_integer(field: str, value: object) -> int:
    """*value* as a whole number from 0 to 2**63 - 1. Raises: FormatError."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_INTEGER:
        raise FormatError(field, shown_value(value), f"a whole number from 0 to {MAX_INTEGER}")
    return value


def shown_value(value: object) -> str:
    """*value*, out of a parsed document, as it is shown in a message."""
    return shown(value) if isinstance(value, str) else shown(json.dumps(value))
