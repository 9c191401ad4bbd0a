# SPDX-License-Identifier: MIT
"""Sites: each has its own log, and the origins its pages may post from."""

import json
from dataclasses import dataclass
from time import monotonic
from typing import Any

import peewee
from consent_banner import rules

from consent_ledger.db import Database, read_meta
from consent_ledger.errors import Conflict, InvalidFields, SiteUnknown
from consent_ledger.models import EVIDENCE_DAYS, SUBJECT_DAYS, Log, Site
from consent_ledger.timestamps import moment, now_ms
from consent_ledger.tlog.merkle import EMPTY_ROOT

FIRST_GENERATION = 1
PUBLIC, AUDIT = LOG_ACCESS = ("public", "audit")
MAX_ORIGINS = 100
MAX_NAME = 200

# No choice lives longer than 400 days, so none is forgotten while it is in force.
MIN_DAYS, MAX_DAYS = 400, 36_500


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """A site with the newest generation of its log."""

    site: str
    name: str
    origins: tuple[str, ...]
    created_ms: int
    log_origin: str
    generation: int
    size: int
    log_access: str
    subject_days: int
    evidence_days: int

    def to_dict(self) -> dict[str, object]:
        """For people's and machines' eyes, times as text."""
        return {
            "site": self.site,
            "name": self.name,
            "origins": list(self.origins),
            "created": moment(self.created_ms),
            "log": self.log_origin,
            "size": self.size,
            "log_access": self.log_access,
            "keep_subject_days": self.subject_days,
            "keep_evidence_days": self.evidence_days,
        }


def add_site(
    database: Database,
    site: str,
    name: str,
    origins: list[str],
    log_access: str = PUBLIC,
    *,
    subject_days: int = SUBJECT_DAYS,
    evidence_days: int = EVIDENCE_DAYS,
) -> SiteInfo:
    """A new site with an empty log, whose origin is fixed from now on.

    *log_access* says who reads the log's tiles and checkpoint: "public" or "audit". Parts of
    records are kept for so many days.
    Raises: InvalidFields; Conflict when there is such a site.
    """
    errors: dict[str, list[str]] = {}
    if not rules.is_site_id(site):
        errors["site"] = [f"found {site!r}, expected a site id ({rules.SITE_ID.pattern})"]
    errors |= _check(name, origins, log_access, subject_days, evidence_days)
    if errors:
        raise _invalid(errors)
    log_name = read_meta(database, "log_name")
    try:
        with database.atomic("IMMEDIATE"):
            Site.insert(
                site=site,
                name=name,
                origins=json.dumps(origins),
                created_ms=now_ms(),
                log_access=log_access,
                subject_days=subject_days,
                evidence_days=evidence_days,
            ).execute(database)
            Log.insert(
                site=site,
                generation=FIRST_GENERATION,
                origin=f"{log_name}/{site}/{FIRST_GENERATION}",
                size=0,
                last_ms=0,
                root=EMPTY_ROOT,
            ).execute(database)
    except peewee.IntegrityError:
        raise Conflict(
            f"site {site!r} exists already; `consent-ledger site set` changes it"
        ) from None
    return get_site(database, site)


def set_site(
    database: Database,
    site: str,
    name: str | None = None,
    origins: list[str] | None = None,
    log_access: str | None = None,
    *,
    subject_days: int | None = None,
    evidence_days: int | None = None,
) -> SiteInfo:
    """Changes what is not None. Raises: SiteUnknown, InvalidFields."""
    known = get_site(database, site)
    new_name = known.name if name is None else name
    new_origins = list(known.origins) if origins is None else origins
    new_access = known.log_access if log_access is None else log_access
    new_subject = known.subject_days if subject_days is None else subject_days
    new_evidence = known.evidence_days if evidence_days is None else evidence_days
    errors = _check(new_name, new_origins, new_access, new_subject, new_evidence)
    if errors:
        raise _invalid(errors)
    Site.update(
        {
            Site.name: new_name,
            Site.origins: json.dumps(new_origins),
            Site.log_access: new_access,
            Site.subject_days: new_subject,
            Site.evidence_days: new_evidence,
        }
    ).where(Site.site == site).execute(database)
    return get_site(database, site)


def list_sites(database: Database) -> list[SiteInfo]:
    """Every site, by id."""
    newest: dict[str, SiteInfo] = {}
    for row in _query().order_by(Site.site, Log.generation).tuples().execute(database):
        newest[row[0]] = _info(row)
    return list(newest.values())


def get_site(database: Database, site: str) -> SiteInfo:
    """One site. Raises: SiteUnknown."""
    row = _query().where(Site.site == site).order_by(Log.generation.desc()).tuples().first(database)
    if row is None:
        raise SiteUnknown(f"this ledger keeps no site {site!r}")
    return _info(row)


def _query() -> Any:
    return Site.select(
        Site.site,
        Site.name,
        Site.origins,
        Site.created_ms,
        Log.origin,
        Log.generation,
        Log.size,
        Site.log_access,
        Site.subject_days,
        Site.evidence_days,
    ).join(Log, on=(Log.site == Site.site))


def _info(row: tuple[Any, ...]) -> SiteInfo:
    site, name, origins, *rest = row
    return SiteInfo(site, name, tuple(json.loads(origins)), *rest)


def _check(
    name: str, origins: list[str], log_access: str, subject_days: int, evidence_days: int
) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if not MIN_DAYS <= subject_days <= MAX_DAYS:
        errors["keep_subject_days"] = [
            f"found {subject_days}, expected {MIN_DAYS} to {MAX_DAYS} days: "
            "a choice may be in force for 400"
        ]
    elif not subject_days <= evidence_days <= MAX_DAYS:
        errors["keep_evidence_days"] = [
            f"found {evidence_days}, expected {subject_days}, as long as subject parts are kept, "
            f"to {MAX_DAYS} days"
        ]
    if log_access not in LOG_ACCESS:
        errors["log"] = [f"found {log_access!r}, expected {' or '.join(LOG_ACCESS)}"]
    if not rules.is_text(name) or len(name) > MAX_NAME:
        errors["name"] = [f"found {name[:80]!r}, expected 1 to {MAX_NAME} printable characters"]
    wrong = [origin for origin in origins if not rules.is_origin(origin)]
    if wrong or not 1 <= len(origins) <= MAX_ORIGINS:
        found = ", ".join(map(repr, wrong)) or f"{len(origins)} origins"
        errors["origins"] = [
            f"found {found}, expected 1 to {MAX_ORIGINS} of the form https://www.example.com"
        ]
    return errors


def _invalid(errors: dict[str, list[str]]) -> InvalidFields:
    sentence = "; ".join(f"{field}: {text}" for field, texts in errors.items() for text in texts)
    return InvalidFields(sentence, fields=errors)


class SiteOrigins:
    """The origins of sites, remembered for a second: every posted decision asks for them."""

    LIFETIME_S = 1.0

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[float, frozenset[str]]] = {}

    def knows(self, site: str) -> bool:
        """Whether there is such a site; false also when the database cannot tell."""
        try:
            self.of(site)
        except (SiteUnknown, peewee.DatabaseError):
            return False
        return True

    def of(self, site: str) -> frozenset[str]:
        """Origins of *site*. Raises: SiteUnknown."""
        now = monotonic()
        known = self._known.get(site)
        if known is not None and known[0] > now:
            return known[1]
        try:
            origins = frozenset(get_site(self._database, site).origins)
        except peewee.DatabaseError:
            if known is None:
                raise
            return known[1]  # so that pages can read why their decision was not recorded
        # Only sites that exist are remembered, so strangers cannot fill the memory.
        self._known[site] = (now + self.LIFETIME_S, origins)
        return origins
