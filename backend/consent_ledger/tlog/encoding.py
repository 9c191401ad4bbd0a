# SPDX-License-Identifier: MIT
"""Canonical decimals and base64: one spelling for each value, every other one refused."""

import base64
import re

from consent_ledger.tlog.errors import FormatError, shown

MAX_INTEGER = 2**63 - 1  # what every implementation, Go's among them, can hold
HASH_BYTES = 32

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def parse_decimal(text: str, field: str) -> int:
    """The number from 0 to 2**63 - 1 that *text* spells in ASCII, without leading zeroes.

    Raises: FormatError naming *field*.
    """
    if _DECIMAL.fullmatch(text):
        number = int(text)
        if number <= MAX_INTEGER:
            return number
    raise FormatError(
        field, shown(text), f"a decimal from 0 to {MAX_INTEGER} without leading zeroes"
    )


def parse_base64(text: str, field: str) -> bytes:
    """What *text* spells in RFC 4648 section 4: standard alphabet, padded, spare bits zero.

    Raises: FormatError naming *field*.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = None
    # Decoders forgive spare bits and odd padding; a second spelling of the same bytes is refused.
    if data is None or format_base64(data) != text:
        raise FormatError(field, shown(text), "canonical base64")
    return data


def parse_hash(text: str, field: str) -> bytes:
    """The 32 bytes that *text* spells in base64.

    Raises: FormatError naming *field*.
    """
    data = parse_base64(text, field)
    check_hash(data, field)
    return data


def check_hash(data: bytes, field: str) -> None:
    """Raises: FormatError naming *field* unless *data* has the length of a SHA-256 hash."""
    if len(data) != HASH_BYTES:
        raise FormatError(field, f"{len(data)} bytes", f"{HASH_BYTES} bytes")


def format_base64(data: bytes) -> str:
    """RFC 4648 section 4, with padding."""
    return base64.b64encode(data).decode("ascii")
