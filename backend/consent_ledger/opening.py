# SPDX-License-Identifier: MIT
"""What opens a private entry, and the receipt that hands it to the visitor."""

import base64
from dataclasses import dataclass

from consent_banner import canonical

from consent_ledger.proofs import Proof
from consent_ledger.tlog import entry

RECEIPT_SCHEMA = "consent-ledger/receipt/v1"


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a private entry: two parts as canonical bytes, and the salt of each."""

    subject_part: bytes
    subject_salt: bytes
    evidence_part: bytes
    evidence_salt: bytes

    def entry(self, kind: entry.Kind = entry.Kind.DECISION) -> bytes:
        """The 89 bytes that go into the log."""
        return entry.private_entry(
            kind,
            entry.subject_commitment(self.subject_salt, self.subject_part),
            entry.evidence_commitment(self.evidence_salt, self.evidence_part),
        )


@dataclass(slots=True)
class Receipt:
    """The visitor's own copy: where the entry stands in which log, its bytes and its opening.

    A new one gets its proof when its batch is written. Without, its log is damaged.
    """

    origin: str
    index: int
    entry: bytes
    opening: Opening
    proof: Proof | None = None

    def to_json(self) -> bytes:
        """Canonical JSON; the parts are the stored bytes, unparsed."""
        opening = self.opening
        return b"".join(
            (
                b'{"entry":"',
                base64.b64encode(self.entry),
                b'","evidence":{"part":',
                opening.evidence_part,
                b',"salt":"',
                base64.b64encode(opening.evidence_salt),
                b'"},"index":%d,"origin":%b,"proof":%b,"schema":"%b","subject":{"part":'
                % (
                    self.index,
                    canonical.dumps(self.origin),
                    b"null" if self.proof is None else self.proof.to_json(),
                    RECEIPT_SCHEMA.encode(),
                ),
                opening.subject_part,
                b',"salt":"',
                base64.b64encode(opening.subject_salt),
                b'"}}',
            )
        )
