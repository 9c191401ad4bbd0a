# SPDX-License-Identifier: MIT
"""Changing the key of a log, in public: an entry names the old key and the new one.

Both sign for a while, so that whoever has only the old one still verifies and has time to learn of
the new. The first checkpoint that both signed ties one to the other for good.
"""

from __future__ import annotations

from dataclasses import dataclass

from consent_banner import canonical

from consent_ledger.batch import Batch
from consent_ledger.errors import Conflict
from consent_ledger.timestamps import DAY_MS, moment
from consent_ledger.tlog import entry

ROTATION_SCHEMA = "consent-ledger/signing-key/v1"
OVERLAP_DAYS = 30


@dataclass(frozen=True, slots=True)
class Rotated:
    """A rotation as its entry tells it; both keys as C2SP verifier keys."""

    origin: str
    index: int
    previous: str
    key: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Rotate:
    """A new key for the site's log. The old one signs beside it for *overlap_ms*; with *at_once*
    it signs only the checkpoint that introduces the new one."""

    site: str
    overlap_ms: int = OVERLAP_DAYS * DAY_MS
    at_once: bool = False

    def apply(self, batch: Batch) -> Rotated:
        """Appends a public entry of kind 17.

        Raises: SiteUnknown; LogHalted; Conflict for an empty log, and without *at_once* while an
            overlap lasts.
        """
        head = batch.head(self.site)
        keys = head.keys
        if not head.stored_size:
            raise Conflict(
                f"nothing was signed as {head.origin} yet, so there is no key to take over from; "
                "publish a notice first"
            )
        if head.rotated_at is not None:
            raise Conflict(f"the key of {head.origin} is being changed at this moment")
        if len(keys.signers) > 1 and not self.at_once:
            raise Conflict(
                f"the key of {head.origin} was changed a short time ago, and the old one signs "
                f"until {moment(keys.until_ms)}; wait, or end that with --now"
            )
        previous = keys.newest.key.vkey
        signer = batch.signer(head, keys.version + 1)
        until_ms = head.time_ms + (0 if self.at_once else self.overlap_ms)
        body = canonical.dumps(
            {
                "schema": ROTATION_SCHEMA,
                "origin": head.origin,
                "previous": previous,
                "key": signer.key.vkey,
                "overlap_until": moment(until_ms),
                "recorded_at": moment(head.time_ms),
            }
        )
        index = head.rotate(entry.public_entry(entry.Kind.SIGNING_KEY, body), signer, until_ms)
        return Rotated(head.origin, index, previous, signer.key.vkey, until_ms)
