# SPDX-License-Identifier: MIT
"""PNG files for tests, each of one shade of grey."""

from __future__ import annotations

import zlib
from base64 import b64encode
from typing import Any

from consent_ledger.screenshots import DEVICES, SHOWN_LAYERS

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    """Length, kind, data, checksum."""
    length, check = len(data).to_bytes(4, "big"), zlib.crc32(kind + data).to_bytes(4, "big")
    return length + kind + data + check


def sample_png(width: int, height: int, shade: int = 0) -> bytes:
    """A grey picture; other shades are other files."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, 0, 0, 0, 0))
    pixels = zlib.compress((b"\0" + bytes([shade]) * width) * height)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def sample_screenshot(device: str, layer: str, shade: int = 0) -> dict[str, Any]:
    """A screenshot as a publication carries it."""
    image = sample_png(*DEVICES[device], shade)
    return {"device": device, "layer": layer, "image": b64encode(image).decode()}


def sample_screenshots(shade: int = 0) -> list[dict[str, Any]]:
    """All four, each another picture, in no particular order."""
    both = [(device, layer) for device in reversed(DEVICES) for layer in SHOWN_LAYERS]
    return [sample_screenshot(*each, shade + at) for at, each in enumerate(both)]
