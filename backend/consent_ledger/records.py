# SPDX-License-Identifier: MIT
"""One decision: from validated fields to its place in the log and in the current preferences."""

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from consent_banner.notice import Notice
from marshmallow import ValidationError

from consent_ledger import preferences
from consent_ledger.batch import Batch, Foreseen, Lookup
from consent_ledger.errors import RecordConflict, VisitorForgotten
from consent_ledger.notices import Shown
from consent_ledger.opening import Opening, Receipt
from consent_ledger.timestamps import DAY_MS, hour, moment
from consent_ledger.tlog import entry
from consent_ledger.trusted_json import encode
from consent_ledger.visitors import subject_hash

EVIDENCE_SCHEMA = "consent-ledger/evidence/v1"

# What the server adds when it records; a repeat of the same decision differs in these only.
SERVER_FIELDS = frozenset({"recorded_at", "recorded_hour", "expires_hour"})


def _salt() -> bytes:
    return secrets.token_bytes(entry.SALT_BYTES)


@dataclass(frozen=True, slots=True)
class Decision(Foreseen):
    """A validated decision that waits for its place in the log.

    Hexadecimal strings are lower case; `subject` is 32 bytes. Salts are fresh for each decision.
    """

    site: str
    record_id: str
    subject: bytes
    seq: int
    decided_ms: int
    previous: str | None
    action: str
    categories: dict[str, bool]
    services: dict[str, bool]
    notice: str
    build: str
    language: str
    layer: str
    control: str
    gpc: bool
    origin: str
    lifetime_days: int
    subject_salt: bytes = field(default_factory=_salt, repr=False)
    evidence_salt: bytes = field(default_factory=_salt, repr=False)

    @property
    def lookup(self) -> Lookup:
        return Lookup(self.site, bytes.fromhex(self.record_id), self.subject)

    def subject_part(self, recorded_ms: int) -> dict[str, Any]:
        """S: who and exactly when."""
        return {
            "id": self.record_id,
            "subject": self.subject.hex(),
            "seq": self.seq,
            "recorded_at": moment(recorded_ms),
            "decided_at": moment(self.decided_ms),
            "previous": self.previous,
        }

    def evidence_part(self, recorded_ms: int) -> dict[str, Any]:
        """E: what was decided on which notice; nothing in it names or singles out a person."""
        return {
            "schema": EVIDENCE_SCHEMA,
            "action": self.action,
            "categories": self.categories,
            "services": self.services,
            "notice": self.notice,
            "build": self.build,
            "language": self.language,
            "layer": self.layer,
            "control": self.control,
            "gpc": self.gpc,
            "origin": self.origin,
            "recorded_hour": hour(recorded_ms),
            "expires_hour": hour(recorded_ms + self.lifetime_days * DAY_MS),
        }

    def seal(self, recorded_ms: int) -> Opening:
        """Both parts as canonical bytes with their salts; their commitments are fixed by that."""
        return Opening(
            encode(self.subject_part(recorded_ms)),
            self.subject_salt,
            encode(self.evidence_part(recorded_ms)),
            self.evidence_salt,
        )

    def is_in(self, stored: Opening) -> bool:
        """Whether *stored* holds this decision, whatever time the server added to it."""
        return _sent(json.loads(stored.subject_part)) == _sent(self.subject_part(0)) and _sent(
            json.loads(stored.evidence_part)
        ) == _sent(self.evidence_part(0))

    def preferences(self, generation: int, index: int, recorded_ms: int) -> preferences.State:
        """What this decision alone makes of the visitor's preferences."""
        return preferences.start(
            seq=self.seq,
            categories=self.categories,
            services=self.services,
            record=self.record_id,
            generation=generation,
            index=index,
            action=self.action,
            notice=self.notice,
            language=self.language,
            recorded_at=moment(recorded_ms),
            expires_hour=hour(recorded_ms + self.lifetime_days * DAY_MS),
        )

    def apply(self, batch: Batch) -> "Recorded":
        """Appends this decision, or finds that it is stored already.

        Raises: SiteUnknown; RecordConflict when its id is taken by another decision;
            VisitorForgotten when the visitor or this record was erased a short time ago.
        """
        record_id = self.lookup.record_id
        head = batch.head(self.site)
        if batch.is_forgotten(self.site, self.subject, record_id):
            raise VisitorForgotten(
                "this visitor's decisions on this site were erased, and are not recorded again; "
                "drop what is queued, and use a new token for a new decision"
            )
        stored = batch.record(self.site, record_id)
        if stored is not None:
            if not self.is_in(stored.opening):
                raise RecordConflict(
                    f"record {self.record_id} is stored with other content; "
                    "a new decision needs a new id"
                )
            return Recorded(stored, created=False)
        opening = self.seal(head.time_ms)
        receipt = Receipt(head.origin, head.size, opening.entry(), opening)
        batch.fold_preferences(
            self.site, self.subject, self.preferences(head.generation, head.size, head.time_ms)
        )
        batch.add_record(head, entry.Kind.DECISION, record_id, self.subject, receipt)
        return Recorded(receipt, created=True)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored decision; *created* is false when it was there before."""

    receipt: Receipt
    created: bool


def _sent(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in SERVER_FIELDS}


def check_decision(site: str, origin: str, body: dict[str, Any], shown: Shown) -> Decision:
    """A decision out of a body that `DecisionSchema` loaded, checked against what was shown.

    The browser's clock may be wrong by any amount: the time that counts is the server's.
    Raises: marshmallow.ValidationError with every field that contradicts the notice or itself.
    """
    notice = shown.notice
    categories, services, errors = _choices(body["choices"], notice)
    if body["language"] not in notice.languages:
        errors["language"] = [
            f"found {body['language']!r}, expected one of {', '.join(notice.languages)}"
        ]
    if not errors:
        _check_action(body, services.values(), errors)
    if errors:
        raise ValidationError(errors)
    return Decision(
        site=site,
        record_id=body["id"],
        subject=subject_hash(site, body["token"]),
        seq=body["seq"],
        decided_ms=body["decided_at_ms"],
        previous=body["previous"],
        action=body["action"],
        categories=categories,
        services=services,
        notice=notice.sha256,
        build=shown.build,
        language=body["language"],
        layer=body["layer"],
        control=body["control"],
        gpc=body["gpc"],
        origin=origin,
        lifetime_days=notice.lifetime_days,
    )


def _choices(
    choices: dict[str, bool], notice: Notice
) -> tuple[dict[str, bool], dict[str, bool], dict[str, list[str]]]:
    """Choices by category and by service, and what is wrong with them."""
    categories: dict[str, bool] = {}
    services: dict[str, bool] = {}
    errors: dict[str, list[str]] = {}
    for category, members in notice.asked.items():
        for name, kind in ((category, categories), *((member, services) for member in members)):
            if name in choices:
                kind[name] = choices[name]
            else:
                errors[f"choices.{name}"] = ["missing, expected true or false"]
        whole = all(choices.get(member, False) for member in members)
        if category in choices and choices[category] != whole and not errors:
            errors[f"choices.{category}"] = [
                f"found {str(choices[category]).lower()}, expected {str(whole).lower()}: "
                "a category is granted exactly when each of its services is"
            ]
    for name in choices:
        if name not in categories and name not in services:
            errors[f"choices.{name}"] = ["this notice does not ask for it"]
    return categories, services, errors


def _check_action(
    body: dict[str, Any], given: Collection[bool], errors: dict[str, list[str]]
) -> None:
    """Whether the action, and the control that was used, fit the choices and the signal."""
    whole = {
        "accept_all": "found accept_all, but not every choice is true" if not all(given) else "",
        "reject_all": "found reject_all, but not every choice is false" if any(given) else "",
    }
    actions = {
        **whole,
        "withdraw": "found withdraw, but no choice is false" if all(given) else "",
        "signal": "found signal, but gpc is false" if not body["gpc"] else "",
    }
    for field_, contradiction in (
        ("action", actions.get(body["action"])),
        ("control", whole.get(body["control"])),
    ):
        if contradiction:
            errors[field_] = [contradiction]
