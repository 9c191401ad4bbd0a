# SPDX-License-Identifier: MIT
"""Screenshots of a banner: both layers, on a phone and a desktop, as PNG files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from consent_ledger.png import png_size

# Width and height of the window, in CSS pixels; a picture may have a multiple of both.
DEVICES = {"desktop": (1280, 800), "phone": (360, 740)}
SHOWN_LAYERS = ("first", "second")
SCALES = (1, 2, 3)
MAX_BYTES = 512 * 1024
# In base64 within the usual limit of a publication's body, with room for the notice.
MAX_TOGETHER_BYTES = 704 * 1024


@dataclass(frozen=True, slots=True)
class Screenshot:
    """What one layer looked like on one device; *image* is a PNG file."""

    device: str
    layer: str
    image: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the file."""
        return hashlib.sha256(self.image).digest()

    @property
    def file(self) -> str:
        """What the file is called beside the build."""
        return f"{self.device}-{self.layer}.png"

    def to_dict(self) -> dict[str, str]:
        """As a publication's entry names it."""
        return {"device": self.device, "layer": self.layer, "sha256": self.digest.hex()}


def check_image(device: str, image: bytes) -> None:
    """Raises: ValueError saying what was found and expected, unless this is such a picture."""
    if len(image) > MAX_BYTES:
        raise ValueError(f"found {len(image)} bytes, expected {MAX_BYTES} at most")
    width, height = png_size(image)
    allowed = [(DEVICES[device][0] * scale, DEVICES[device][1] * scale) for scale in SCALES]
    if (width, height) not in allowed:
        expected = " or ".join(f"{across}x{down}" for across, down in allowed)
        raise ValueError(f"found {width}x{height} pixels, expected {expected} on a {device}")
