# SPDX-License-Identifier: MIT
"""Requests as the banner sends them: each decision from a visitor who was never seen before."""

import json
import os
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

# accept all, reject all, and one of each: what a site really receives
MIX = ("accept_all", "reject_all", "customise")


class Decision(NamedTuple):
    """A record's id, its visitor's token (both 32 hex) and the bytes that record it over HTTP."""

    record_id: str
    token: str
    request: bytes


class Target(NamedTuple):
    """What a decision is about: the site, its page's origin, its notice and a build of it."""

    site: str
    origin: str
    document: dict[str, Any]
    build: str


def choices(target: Target, action: str) -> dict[str, bool]:
    """Every asked category and active service; *customise* grants the first category only."""
    asked = [category for category in target.document["categories"] if category["asked"]]
    found: dict[str, bool] = {}
    for place, category in enumerate(asked):
        granted = action == "accept_all" or (action == "customise" and place == 0)
        found[category["id"]] = granted
        for service in category["services"]:
            if service["status"] == "active":
                found[service["id"]] = granted
    return found


def body(target: Target, action: str, record_id: str, token: str) -> bytes:
    """The JSON that the banner posts for a first decision."""
    control = "save" if action == "customise" else action
    return json.dumps(
        {
            "id": record_id,
            "token": token,
            "seq": 1,
            "decided_at_ms": int(time.time() * 1000),
            "build": target.build[:16],
            "language": target.document["default_language"],
            "action": action,
            "layer": "second" if action == "customise" else "first",
            "control": control,
            "gpc": False,
            "choices": choices(target, action),
        },
        separators=(",", ":"),
    ).encode()


def posts(target: Target) -> Iterator[Decision]:
    """Endless distinct decisions as complete requests, cheap enough to be made while measuring."""
    blank = "0" * 32
    marks = {action: body(target, action, "@" * 32, "@" * 31 + "#") for action in MIX}
    shapes = []
    for action, text in marks.items():
        before, rest = text.split(b"@" * 32, 1)
        between, after = rest.split(b"@" * 31 + b"#", 1)
        assert len(body(target, action, blank, blank)) == len(text)
        head = (
            f"POST /v1/sites/{target.site}/consents HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Origin: {target.origin}\r\nContent-Type: text/plain;charset=UTF-8\r\n"
            f"Content-Length: {len(text)}\r\n\r\n"
        ).encode()
        shapes.append((head + before, between, after))
    while True:
        # 32 random bytes a decision, fetched for many at once
        pool = os.urandom(32 * 256).hex()
        for place in range(256):
            record_id = pool[place * 64 : place * 64 + 32]
            token = pool[place * 64 + 32 : place * 64 + 64]
            before, between, after = shapes[place % len(shapes)]
            yield Decision(
                record_id,
                token,
                b"".join((before, record_id.encode(), between, token.encode(), after)),
            )


def body_bytes(target: Target) -> tuple[int, int]:
    """The least and the greatest size of a decision's body."""
    sizes = [len(body(target, action, "0" * 32, "0" * 32)) for action in MIX]
    return min(sizes), max(sizes)


def read(target: Target, token: str) -> bytes:
    """The request for the current preferences of a visitor."""
    return (
        f"GET /v1/sites/{target.site}/preferences HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Origin: {target.origin}\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()


def prove(target: Target, record_id: str) -> bytes:
    """The request for the proof of a record."""
    return (
        f"GET /v1/sites/{target.site}/receipts/{record_id} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    ).encode()
