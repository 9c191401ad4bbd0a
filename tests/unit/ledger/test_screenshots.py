# SPDX-License-Identifier: MIT
"""Screenshots: what a publication may carry, and what is refused with the field named."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import Any

import pytest
from consent_banner.schema import path, problems
from consent_ledger.png import png_size
from consent_ledger.schemas.requests import PublicationSchema
from consent_ledger.screenshots import DEVICES, MAX_BYTES, SCALES, check_image
from harness import sample_build, sample_notice
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError
from pictures import SIGNATURE, chunk, sample_png, sample_screenshot, sample_screenshots

PNG = sample_png(*DEVICES["phone"])
NOTICE = sample_notice()


def load(screenshots: Any) -> Any:
    body = {"notice": NOTICE, "build": sample_build(NOTICE), "screenshots": screenshots}
    return PublicationSchema().load(body)["screenshots"]


def refused(screenshots: Any) -> dict[str, str]:
    """What is wrong, by field."""
    with pytest.raises(ValidationError) as error:
        load(screenshots)
    return {path(place): told for place, told in problems(error.value.messages)}


def phone(**changes: Any) -> dict[str, Any]:
    return sample_screenshot("phone", "first") | changes


def encoded(image: bytes) -> str:
    return b64encode(image).decode()


def test_a_publication_carries_up_to_four_screenshots() -> None:
    given_ = sample_screenshots()
    found = load(given_)
    assert [(each.device, each.layer) for each in found] == [
        (each["device"], each["layer"]) for each in given_
    ]
    assert [each.image for each in found] == [b64decode(each["image"]) for each in given_]
    assert found[0].digest == hashlib.sha256(found[0].image).digest()


def test_a_publication_needs_none() -> None:
    assert load([]) == []
    body = {"notice": NOTICE, "build": sample_build(NOTICE)}
    assert PublicationSchema().load(body)["screenshots"] == []


@pytest.mark.parametrize(
    ("wrong", "field", "told"),
    [
        ("all of them", "screenshots", 'found "all of them", expected a list of tables'),
        ([1], "screenshots[0]", "found 1, expected a table"),
        ([{}], "screenshots[0].device", "missing"),
        ([phone(device="watch")], "screenshots[0].device", 'found "watch", expected one of'),
        ([phone(layer="page")], "screenshots[0].layer", 'found "page", expected one of'),
        ([phone(sha256="0" * 64)], "screenshots[0].sha256", "unknown key"),
        ([phone(image=None)], "screenshots[0].image", "found null, expected at most"),
        ([phone(image=1)], "screenshots[0].image", "found 1, expected at most 524288 bytes"),
        ([phone(image="%%%")], "screenshots[0].image", "found 3 characters, expected"),
        ([phone(image=encoded(PNG) + "A")], "screenshots[0].image", "expected at most"),
        ([phone(image="")], "screenshots[0].image", "found nothing at the start"),
    ],
)
def test_each_wrong_field_is_named(wrong: Any, field: str, told: str) -> None:
    assert told in refused(wrong)[field]


def test_the_same_picture_place_twice_is_refused() -> None:
    found = refused([phone(), *sample_screenshots(), phone()])
    assert found == {
        "screenshots": "found the first layer on a phone more than once, expected it once"
    }


def test_a_file_of_another_kind_is_refused() -> None:
    for image in (b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", PNG[1:]):
        told = refused([phone(image=encoded(image))])["screenshots[0].image"]
        assert "expected 89504e470d0a1a0a of a PNG file" in told


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (PNG[:-1], "that is cut off"),
        (PNG + b"\0", "that is cut off"),
        (PNG + chunk(b"tEXt", b"more"), "do not begin with IHDR and end with IEND"),
        (PNG + PNG[8:], "do not begin with IHDR and end with IEND"),
        (SIGNATURE, "do not begin with IHDR and end with IEND"),
        (SIGNATURE + chunk(b"IEND", b""), "do not begin with IHDR and end with IEND"),
        (PNG[:20] + b"\xff" + PNG[21:], "another checksum"),
        (SIGNATURE + chunk(b"IHDR", b"short") + chunk(b"IEND", b""), "a header of 5 bytes"),
    ],
)
def test_a_broken_png_file_is_refused(image: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        png_size(image)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda tail: SIGNATURE + tail))
def test_any_bytes_are_a_png_file_or_a_sentence(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^found .*"):
        png_size(data)


@given(st.integers(0, len(PNG) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, change: int) -> None:
    changed = bytearray(PNG)
    changed[at] ^= change
    with pytest.raises(ValueError, match=r"^found .*"):
        png_size(bytes(changed))


def test_a_picture_has_the_size_of_its_device_or_a_multiple() -> None:
    for device, (width, height) in DEVICES.items():
        for scale in SCALES:
            check_image(device, sample_png(width * scale, height * scale))
        for wrong in ((height, width), (width * 4, height * 4), (width + 1, height), (0, 0)):
            with pytest.raises(ValueError, match=f"found {wrong[0]}x{wrong[1]} pixels, expected"):
                check_image(device, sample_png(*wrong))
    told = refused([phone(image=encoded(sample_png(*DEVICES["desktop"])))])
    assert told["screenshots[0].image"] == (
        "found 1280x800 pixels, expected 360x740 or 720x1480 or 1080x2220 on a phone"
    )


def test_a_picture_that_is_too_large_is_refused() -> None:
    body, end = PNG[: -len(chunk(b"IEND", b""))], chunk(b"IEND", b"")
    padding = MAX_BYTES - len(PNG) - 12
    largest = body + chunk(b"IDAT", bytes(padding)) + end
    assert len(largest) == MAX_BYTES
    check_image("phone", largest)
    larger = body + chunk(b"IDAT", bytes(padding + 1)) + end
    with pytest.raises(ValueError, match=f"found {MAX_BYTES + 1} bytes, expected {MAX_BYTES} at"):
        check_image("phone", larger)
    assert refused([phone(image=encoded(larger))])
    much = refused([phone(image="A" * 4 * MAX_BYTES)])["screenshots[0].image"]
    assert much == f"found {4 * MAX_BYTES} characters, expected at most {MAX_BYTES} bytes in base64"
