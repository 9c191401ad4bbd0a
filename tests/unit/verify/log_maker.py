# SPDX-License-Identifier: MIT
"""Logs for the verifier's tests, made plainly from the specification: slow, and no code shared.

Entries, commitments, checkpoints and tiles are spelled out here; nothing of the ledger is imported.
"""

import base64
import copy
import hashlib
import json
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from unit.builder.notice_document import notice_document
from unit.tlog import rfc6962

SITE = "meridian"
LABEL = b"consent-ledger/entry/v1\n"
DECISION, ERASURE, ACCESS, NOTICE, SIGNING_KEY, ANCHOR = 1, 2, 3, 16, 17, 18
NAMES = {1: "decision", 2: "erasure", 3: "access", 16: "notice", 17: "signing_key", 18: "anchor"}
START = datetime(2026, 11, 1, tzinfo=UTC)
BUILD = "b1" * 32
CHOICES = {True: "accept_all", False: "reject_all"}


def dumps(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def b64(data):
    return base64.b64encode(data).decode()


def sha256(*pieces):
    return hashlib.sha256(b"".join(pieces)).digest()


def notice_bytes(**changes):
    return dumps(notice_document() | changes)


class Key:
    """An Ed25519 key of a log, by its number."""

    def __init__(self, name, number):
        self.name = name
        self.private = Ed25519PrivateKey.from_private_bytes(sha256(f"{name} {number}".encode()))
        self.public = b"\x01" + self.private.public_key().public_bytes_raw()
        self.id = sha256(name.encode(), b"\n", self.public)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(self.public)}"

    def line(self, text):
        return f"— {self.name} {b64(self.id + self.private.sign(text.encode()))}\n"


def checkpoint(origin, size, root, keys):
    text = f"{origin}\n{size}\n{b64(root)}\n"
    return (text + "\n" + "".join(key.line(text) for key in keys)).encode()


class LogMaker:
    """One generation of a site's log; entries are appended, and parts can be erased."""

    def __init__(self, generation=1, after=None):
        self.generation = generation
        self.origin = f"ledger.test/{SITE}/{generation}"
        self.entries = []
        self.openings = {}  # index to {"kind", "evidence": (E, salt)|None, "subject": …}
        self.notices = after.notices.copy() if after else {}
        self.published = []
        self.minutes = after.minutes + 60 if after else 0
        self.hours = []  # of each entry, and another one for each
        self.keys = [{"key": Key(self.origin, 1), "first": 0, "last": None}]
        self.rotations = {}
        if after:
            self.public(
                ANCHOR,
                {
                    "schema": "consent-ledger/anchor/v1",
                    "reason": "restored",
                    "previous": {
                        "origin": after.origin,
                        "size": len(after.entries),
                        "root": b64(after.root()),
                        "kept": len(after.entries),
                    },
                    "recorded_at": self.moment(),
                },
            )

    # --- time ----------------------------------------------------------------------------------

    def moment(self):
        at = START + timedelta(minutes=self.minutes)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{self.minutes % 1000:03d}Z"

    def hour(self, days=0, hours=0):
        at = START + timedelta(minutes=self.minutes, days=days, hours=hours)
        return f"{at:%Y-%m-%dT%HZ}"

    # --- entries -------------------------------------------------------------------------------

    def public(self, kind, body):
        self.hours.append(self.hour())
        self.entries.append(LABEL + bytes([kind]) + dumps(body))
        return len(self.entries) - 1

    def private(self, kind, evidence, subject):
        self.hours.append(self.hour())
        index = len(self.entries)
        salts = [sha256(f"{self.origin} {index} {part}".encode()) for part in "es"]
        self.openings[index] = {
            "kind": kind,
            "evidence": (evidence, salts[0]),
            "subject": (subject, salts[1]),
        }
        self.entries.append(self.entry(index))
        return index

    def entry(self, index):
        opening = self.openings[index]
        (evidence, salt_e), (subject, salt_s) = opening["evidence"], opening["subject"]
        return (
            LABEL
            + bytes([opening["kind"]])
            + sha256(b"consent-ledger/subject/v1\n", salt_s, dumps(subject))
            + sha256(b"consent-ledger/evidence/v1\n", salt_e, dumps(evidence))
        )

    def publish(self, data=None, build=BUILD, screenshots=()):
        data = data or notice_bytes()
        name = hashlib.sha256(data).hexdigest()
        self.notices[name] = data
        self.minutes += 60
        self.published.append((name, build))
        return self.public(
            NOTICE,
            {
                "schema": "consent-ledger/publication/v1",
                "notice": name,
                "build": build,
                "config": "c0" * 32,
                "integrity": "sha384-" + "A" * 64,
                "published_at": self.moment(),
                "screenshots": [
                    {"device": "phone", "layer": "first", "sha256": each} for each in screenshots
                ],
            },
        )

    def decide(self, given=True, visitor=1, **changes):
        self.minutes += 60
        index = len(self.entries)
        notice, build = self.published[-1]
        evidence = {
            "schema": "consent-ledger/evidence/v1",
            "action": CHOICES[given],
            "categories": {"analytics": given},
            "services": {"page-counter": given},
            "notice": notice,
            "build": build,
            "language": "en",
            "layer": "first",
            "control": CHOICES[given],
            "gpc": False,
            "origin": "https://www.meridian.example",
            "recorded_hour": self.hour(),
            "expires_hour": self.hour(days=180),
        }
        subject = {
            "id": hashlib.sha256(f"{self.origin} {index}".encode()).hexdigest()[:32],
            "subject": hashlib.sha256(f"visitor {visitor}".encode()).hexdigest(),
            "seq": index + 1,
            "recorded_at": self.moment(),
            "decided_at": self.moment(),
            "previous": None,
        }
        for name, value in changes.items():
            (subject if name in subject else evidence)[name] = value
        return self.private(DECISION, evidence, subject)

    def access(self):
        self.minutes += 60
        evidence = {
            "schema": "consent-ledger/access/v1",
            "scope": "audit",
            "operation": "export",
            "parts": ["evidence", "subject"],
            "recorded_hour": self.hour(),
        }
        return self.private(ACCESS, evidence, {"recorded_at": self.moment(), "key": "0123456789ab"})

    def announce(self, *items):
        """An erasure entry; each item is (log, part, reason, ranges)."""
        self.minutes += 60
        evidence = {
            "schema": "consent-ledger/erasure/v1",
            "erased": [
                {"origin": log.origin, "part": part, "reason": reason, "indexes": ranges}
                for log, part, reason, ranges in sorted(
                    items, key=lambda item: (item[0].origin, item[1], item[2])
                )
            ],
            "recorded_hour": self.hour(),
        }
        return self.private(ERASURE, evidence, {"recorded_at": self.moment()})

    def destroy(self, part, *indexes):
        for index in indexes:
            self.openings[index][part] = None

    def rotate(self, *, overlap=True):
        """A new key; with an overlap both sign from now on, until `end_overlap`."""
        self.minutes += 60
        old, new = self.keys[-1], Key(self.origin, len(self.keys) + 1)
        index = self.public(
            SIGNING_KEY,
            {
                "schema": "consent-ledger/signing-key/v1",
                "origin": self.origin,
                "previous": old["key"].vkey,
                "key": new.vkey,
                "overlap_until": "2027-01-01T00:00:00.000Z",
                "recorded_at": self.moment(),
            },
        )
        self.keys.append({"key": new, "first": index, "last": None})
        self.rotations[index] = checkpoint(self.origin, index + 1, self.root(), [old["key"], new])
        if not overlap:
            old["last"] = index
        return index

    def end_overlap(self):
        self.keys[-2]["last"] = len(self.entries) - 1

    # --- the tree ------------------------------------------------------------------------------

    def root(self, size=None):
        return rfc6962.mth(self.entries[:size])

    def signing(self):
        last = len(self.entries) - 1
        return [k["key"] for k in self.keys if k["last"] is None or k["last"] >= last]

    def checkpoint(self, size=None):
        size = len(self.entries) if size is None else size
        return checkpoint(self.origin, size, self.root(size), self.signing())

    def tiles(self):
        """Every tile and entry bundle of the tree, by path."""
        found = {}
        size = len(self.entries)
        level, span = 0, 1
        while size // span:
            count = size // span
            for start in range(0, count, 256):
                end = min(start + 256, count)
                path = tile_path(str(level), start // 256, end - start)
                found[path] = b"".join(
                    rfc6962.mth(self.entries[at * span : (at + 1) * span])
                    for at in range(start, end)
                )
            level, span = level + 1, span * 256
        for start in range(0, size, 256):
            part = self.entries[start : start + 256]
            found[tile_path("entries", start // 256, len(part))] = b"".join(
                len(each).to_bytes(2, "big") + each for each in part
            )
        return found

    def copy(self):
        return copy.deepcopy(self)

    def __deepcopy__(self, memo):
        made = object.__new__(type(self))
        for name, value in vars(self).items():
            # Keys do not change, and cannot be copied.
            made.__dict__[name] = (
                [dict(each) for each in value] if name == "keys" else copy.deepcopy(value, memo)
            )
        return made


def tile_path(level, index, width):
    digits = f"{index:03d}" if index < 1000 else f"x{index // 1000:03d}/{index % 1000:03d}"
    return f"tile/{level}/{digits}" + ("" if width == 256 else f".p/{width}")
