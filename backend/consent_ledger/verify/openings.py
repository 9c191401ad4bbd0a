# SPDX-License-Identifier: MIT
"""Lines that open private entries.

{"evidence":{"part":E,"salt":"…"}|null,"index":n[,"subject":{"part":S,"salt":"…"}|null]}
"""

import re
from binascii import a2b_base64
from hashlib import sha256
from typing import NamedTuple

SALT = rb'"salt":"([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)"\}'  # 32 bytes, spare bits zero
_PART_START = b'{"part":'
_START = b'{"evidence":'
OPENED_START = _START + _PART_START  # of a line whose evidence is opened
_OPENED = re.compile(rb"," + SALT + rb',"index":(0|[1-9][0-9]{0,18})')
_ERASED = re.compile(rb'null,"index":(0|[1-9][0-9]{0,18})')
_SUBJECT = re.compile(rb',"subject":(?:(null)|\{"part":(\{.*\}),' + SALT + rb")\}", re.DOTALL)


class Opened(NamedTuple):
    """A part as it was handed over, and the salt of its commitment."""

    part: bytes
    salt: bytes

    def commitment(self, label: bytes) -> bytes:
        return sha256(label + self.salt + self.part).digest()


class Opening(NamedTuple):
    """One line; a part is None when it was erased. *has_subject* tells withheld from erased."""

    evidence: Opened | None
    subject: Opened | None
    has_subject: bool


def parse_line(line: bytes) -> tuple[int, Opening] | None:
    """The index of a line and what it opens; None for another spelling.

    The parts are cut out as bytes; that each is canonical JSON is for its reader to check.
    """
    if not line.startswith(_START):
        return None
    at = len(_START)
    evidence = None
    if line.startswith(_PART_START, at):
        # No part holds the key "salt", so the first one ends the evidence.
        end = line.find(b',"salt":"', at)
        match = _OPENED.match(line, end) if end > 0 else None
        if match is None:
            return None
        evidence = Opened(line[at + len(_PART_START) : end], a2b_base64(match[1]))
        index = match[2]
    else:
        match = _ERASED.match(line, at)
        if match is None:
            return None
        index = match[1]
    at = match.end()
    if line[at:] == b"}":
        return int(index), Opening(evidence, None, False)
    match = _SUBJECT.fullmatch(line, at)
    if match is None:
        return None
    subject = None if match[1] else Opened(match[2], a2b_base64(match[3]))
    return int(index), Opening(evidence, subject, True)
