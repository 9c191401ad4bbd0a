# SPDX-License-Identifier: MIT
"""Writes the entry vectors beside this script, from the formulas of the format alone.

    python make_vectors.py [DIRECTORY]

It imports nothing of the product, so that agreeing with it means something. Texts are UTF-8 JSON,
bytes are hexadecimal.
"""

import hashlib
import json
import sys
from pathlib import Path

LABEL = b"consent-ledger/entry/v1\n"


def canonical(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def commitment(name, part, salt):
    label = b"consent-ledger/" + name + b"/v1\n"
    return hashlib.sha256(label + salt + canonical(part)).digest()


def private(desc, kind, subject, evidence):
    salts = [hashlib.sha256(f"{desc} {name}".encode()).digest() for name in ("S", "E")]
    c_subject = commitment(b"subject", subject, salts[0])
    c_evidence = commitment(b"evidence", evidence, salts[1])
    return {
        "desc": desc,
        "kind": kind,
        "subject": {"part": subject, "salt": salts[0].hex(), "commitment": c_subject.hex()},
        "evidence": {"part": evidence, "salt": salts[1].hex(), "commitment": c_evidence.hex()},
        "entry": (LABEL + bytes([kind]) + c_subject + c_evidence).hex(),
    }


def public(desc, kind, document):
    entry = LABEL + bytes([kind]) + canonical(document)
    return {"desc": desc, "kind": kind, "document": document, "entry": entry.hex()}


def broken(desc, entry, want_error):
    return {"desc": desc, "entry": entry.hex(), "want_error": want_error}


DECISION = private(
    "a decision: some categories given, in French, with a signal",
    1,
    {
        "id": "00112233445566778899aabbccddeeff",
        "subject": hashlib.sha256(
            b"consent-ledger/visitor/v1\nmeridian\n" + bytes(range(16))
        ).hexdigest(),
        "seq": 2**53 - 1,
        "recorded_at": "2026-11-21T22:45:37.123Z",
        "decided_at": "2026-11-21T22:45:36.999Z",
        "previous": None,
    },
    {
        "schema": "consent-ledger/evidence/v1",
        "action": "customise",
        "categories": {"functional": True, "analytics": False},
        "services": {"site-settings": True, "counter": False},
        "notice": "0f" * 32,
        "build": "f0" * 32,
        "language": "fr",
        "layer": "second",
        "control": "save",
        "gpc": True,
        "origin": "https://www.example.com",
        "recorded_hour": "2026-11-21T22Z",
        "expires_hour": "2027-05-20T22Z",
    },
)
NOTICE = public(
    "a publication",
    16,
    {
        "schema": "consent-ledger/publication/v1",
        "notice": "0f" * 32,
        "build": "f0" * 32,
        "config": "3c" * 32,
        "integrity": "sha384-" + "A" * 64,
        "published_at": "2026-11-21T22:00:00.000Z",
        "screenshots": [
            {"device": device, "layer": layer, "sha256": digit * 64}
            for device, layer, digit in (
                ("desktop", "first", "1"),
                ("desktop", "second", "2"),
                ("phone", "first", "3"),
                ("phone", "second", "4"),
            )
        ],
    },
)
DECISION_BYTES = bytes.fromhex(DECISION["entry"])

VECTORS = {
    "decision": DECISION,
    "erasure": private(
        "an erasure: parts with words outside ASCII",
        2,
        {"reason": "l'oubli, s\u2019il vous pla\u00eet \U0001f36a"},
        {"indexes": [1, 2, 3], "reason": "request"},
    ),
    "access": private("an access: empty parts", 3, {}, {}),
    "notice": NOTICE,
    "signing-key": public("a signing key", 17, {"vkey": "name+00000000+AA==", "until": None}),
    "anchor": public("an anchor: words that JSON must escape", 18, {"note": '"\\\n\t\u0001'}),
    "bad-empty": broken("no bytes at all", b"", "entry label"),
    "bad-label": broken(
        "another version", b"consent-ledger/entry/v2\n\x01" + bytes(64), "entry label"
    ),
    "bad-no-kind": broken("only the label", LABEL, "before its kind"),
    "bad-kind-0": broken("kind zero", LABEL + bytes(65), "kind 0"),
    "bad-kind-15": broken(
        "a private kind that is not used", LABEL + b"\x0f" + bytes(64), "kind 15"
    ),
    "bad-kind-255": broken("kind 255", LABEL + b"\xff{}", "kind 255"),
    "bad-short": broken("a decision that lost a byte", DECISION_BYTES[:-1], "88 bytes"),
    "bad-long": broken("a decision with a byte more", DECISION_BYTES + b"\x00", "90 bytes"),
}


def main():
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, vector in VECTORS.items():
        text = json.dumps(vector, indent=2, sort_keys=True, ensure_ascii=True)
        (directory / f"{name}.json").write_text(text + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
