# SPDX-License-Identifier: MIT
"""Export bundles for the verifier's tests, written plainly from the specification.

A `Bundle` is its members' bytes and its manifest as a document, so that tests can change either;
`pack` makes the ZIP, byte by byte.
"""

import copy
import csv
import hashlib
import io
import struct
import zlib

from consent_ledger.derived import jsonld
from unit.verify.log_maker import DECISION, ERASURE, NAMES, SITE, b64, dumps

EVIDENCE_COLUMNS = [
    *("recorded_hour", "expires_hour", "action"),
    *("categories_given", "categories_refused", "services_given", "services_refused"),
    *("layer", "control", "gpc", "language", "origin", "notice", "build"),
]
SUBJECT_COLUMNS = ["record", "subject", "seq", "recorded_at", "decided_at", "previous"]


class Bundle:
    """The parts of a bundle; `seal` makes the manifest's list of files fit the members."""

    def __init__(self, members, manifest):
        self.members = members
        self.manifest = manifest
        self.seal()

    def seal(self):
        self.manifest["files"] = [
            {
                "path": path,
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "packed": hashlib.sha256(packed(path, data)[1]).hexdigest(),
            }
            for path, data in self.members.items()
            if "/tile/" not in path
        ]
        return self

    def copy(self):
        return copy.deepcopy(self)

    def whole(self):
        return {**self.members, "manifest.json": dumps(self.manifest)}

    def pack(self):
        return pack(self.whole())

    def lines(self, path):
        return self.members[path].decode().splitlines(keepends=True)

    def set_lines(self, path, lines):
        self.members[path] = "".join(lines).encode()


def bundle(logs, *, parts=("evidence", "subject"), ranges=None, screenshots=None):
    """The bundle of *logs*, whole, or of the (first, end) that *ranges* gives for each."""
    members = {"README.txt": f"An export of {SITE}.\n".encode()}
    notices = {}
    for number, log in enumerate(logs):
        size = len(log.entries)
        first, end = ranges[number] if ranges else (0, size)
        tiles = log.tiles()
        context = []
        if ranges:
            around = {first - 1, end}
            erasures = {i for i, o in log.openings.items() if o["kind"] == ERASURE}
            outside = (around | erasures) - set(range(first, end))
            context = [i for i in sorted(outside) if i in log.openings]
            tiles = needed(log, tiles, first, end, context)
        at = f"logs/{log.generation}/"
        inside = [index for index in log.openings if first <= index < end]
        members[at + "openings.ndjson"] = lines(log, inside, parts)
        members[at + "records.csv"] = table(log, range(first, end), parts)
        members[at + "records.jsonld"] = records(log, range(first, end), parts)
        members[at + "context.ndjson"] = lines(log, context, parts)
        members[at + "checkpoint"] = log.checkpoint()
        for index, note in log.rotations.items():
            members[at + f"rotations/{index}.checkpoint"] = note
        for path, data in tiles.items():
            members[at + path] = data
        notices |= log.notices
    for name, data in notices.items():
        members[f"notices/{name}.json"] = data
    for name, data in (screenshots or {}).items():
        members[f"screenshots/{name}.png"] = data
    withheld = [part for part in ("evidence", "subject") if part not in parts]
    manifest = {
        "schema": "consent-ledger/bundle/v1",
        "site": SITE,
        "name": "Meridian API",
        "generator": "consent-ledger 0.1.0",
        "exported_at": "2027-01-01T00:00:00.000Z",
        "parts": list(parts),
        "withheld": [{"part": part, "reason": "not asked for"} for part in withheld],
        "range": hours(logs, ranges) if ranges else None,
        "logs": [
            {
                "generation": log.generation,
                "origin": log.origin,
                "size": len(log.entries),
                "root": b64(log.root()),
                "first": ranges[number][0] if ranges else 0,
                "end": ranges[number][1] if ranges else len(log.entries),
                "keys": [
                    {"key": k["key"].vkey, "first": k["first"], "last": k["last"]} for k in log.keys
                ],
            }
            for number, log in enumerate(logs)
        ],
    }
    return Bundle(members, manifest)


def hours(logs, ranges):
    """The range of time that these indexes are; every entry of the logs has an hour of its own."""
    pairs = list(zip(logs, ranges, strict=True))
    starts = [log.hours[first] for log, (first, end) in pairs if first < end]
    ends = [log.hours[end] for log, (_, end) in pairs if end < len(log.entries)]
    return {"from": starts[0] if starts else None, "to": ends[0] if ends else None}


def needed(log, tiles, first, end, context):
    """The tiles that a range needs, with their ancestors; the edge is always among them."""
    publications = [i for i in range(end) if log.entries[i][24] in (16, 17, 18)]
    beside = {first - 1, end} & set(range(len(log.entries)))
    indexes = {*range(first, end), *context, *publications, *beside}
    found = {}
    for path, data in tiles.items():
        _, level, *rest = path.split("/")
        number = int(rest[0].partition(".")[0])
        span = 256 if level == "entries" else 256 ** (int(level) + 1)
        is_edge = ".p/" in path and level != "entries"
        if is_edge or any(index // span == number for index in indexes):
            found[path] = data
    return found


def line(log, index, parts):
    opening = log.openings[index]
    document = {"index": index}
    for part in ("evidence", "subject"):
        if part in parts:
            found = opening[part]
            document[part] = found and {"part": found[0], "salt": b64(found[1])}
    return dumps(document) + b"\n"


def lines(log, indexes, parts):
    return b"".join(line(log, index, parts) for index in indexes)


def table(log, indexes, parts):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    columns = EVIDENCE_COLUMNS + (SUBJECT_COLUMNS if "subject" in parts else [])
    writer.writerow(["generation", "index", "kind", *columns])
    for index in indexes:
        opening = log.openings.get(index, {"evidence": None, "subject": None})
        e = (opening["evidence"] or [{}])[0]
        s = (opening["subject"] or [{}])[0]
        cells = [e.get(c) for c in ("recorded_hour", "expires_hour", "action")]
        for choices in ("categories", "services"):
            for given in (True, False):
                chosen = sorted(k for k, v in e.get(choices, {}).items() if v is given)
                cells.append(" ".join(chosen))
        gpc = {True: "true", False: "false", None: ""}[e.get("gpc")]
        cells += [e.get("layer"), e.get("control"), gpc]
        cells += [e.get(c) for c in ("language", "origin", "notice", "build")]
        if "subject" in parts:
            cells += [s.get(c) for c in ["id", *SUBJECT_COLUMNS[1:]]]
        kind = NAMES[log.entries[index][24]]
        writer.writerow([log.generation, index, kind, *cells])
    return text.getvalue().encode()


def records(log, indexes, parts):
    """The mapping itself is the exporter's; that it is of the right openings is checked here."""
    nodes = []
    for index in indexes:
        opening = log.openings.get(index)
        if opening and opening["kind"] == DECISION and opening["evidence"]:
            subject = opening["subject"] if "subject" in parts else None
            nodes.append(
                jsonld.node(log.generation, index, opening["evidence"][0], subject and subject[0])
            )
    start = jsonld.start(SITE, "Meridian API", log.origin)
    return start + jsonld.SEPARATOR.join(nodes) + jsonld.END


# --- the ZIP -----------------------------------------------------------------------------------


def packed(name, data):
    """The method, and the bytes as they stand in the file."""
    if "/tile/" in name or name == "manifest.json":
        return 0, data
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    return 8, deflate.compress(data) + deflate.flush()


def pack(members, *, zip64=(), method=packed):
    """A ZIP in the bundle's profile; sizes of the members in *zip64* have 64 bits."""
    out, directory = b"", b""
    for name, data in members.items():
        kind, raw = method(name, data)
        crc, encoded, large = zlib.crc32(data), name.encode(), name in zip64
        version = 45 if large else 20
        unknown = 0xFFFFFFFF if large else 0
        extra = struct.pack("<HHQQ", 1, 16, 0, 0) if large else b""
        offset = len(out)
        out += struct.pack(
            "<4sHHHHHLLLHH",
            *(b"PK\x03\x04", version, 8, kind, 0, 0x21, 0, unknown, unknown),
            *(len(encoded), len(extra)),
        )
        out += encoded + extra + raw
        sizes = "<4sLQQ" if large else "<4sLLL"
        out += struct.pack(sizes, b"PK\x07\x08", crc, len(raw), len(data))
        directory += struct.pack(
            "<4sHHHHHHLLLHHHHHLL",
            *(b"PK\x01\x02", 3 << 8 | version, version, 8, kind, 0, 0x21, crc),
            *(len(raw), len(data), len(encoded), 0, 0, 0, 0, 0o600 << 16, offset),
        )
        directory += encoded
    end = struct.pack(
        "<4sHHHHLLH",
        *(b"PK\x05\x06", 0, 0, len(members), len(members), len(directory), len(out), 0),
    )
    return out + directory + end
