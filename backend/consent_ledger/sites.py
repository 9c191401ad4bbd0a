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
from consent_ledger.models import Log, Site
from consent_ledger.timestamps import moment, now_ms
from consent_ledger.tlog.merkle import EMPTY_ROOT

FIRST_GENERATION = 1
PUBLIC, AUDIT = LOG_ACCESS = ("public", "audit")
MAX_ORIGINS = 100
MAX_NAME = 200


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
        }


def add_site(
    database: Database,
    site: str,
    name: str,
    origins: list[str],
    log_access: str = PUBLIC,
) -> SiteInfo:
    """A new site with an empty log, whose origin is fixed from now on.

    *log_access* says who reads the log's tiles and checkpoint: "public" or "audit".
    Raises: InvalidFields; Conflict when there is such a site.
    """
    errors: dict[str, list[str]] = {}
    if not rules.is_site_id(site):
        errors["site"] = [f"found {site!r}, expected a site id ({rules.SITE_ID.pattern})"]
    errors |= _check(name, origins, log_access)
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
) -> SiteInfo:
    """Changes what is not None. Raises: SiteUnknown, InvalidFields."""
    known = get_site(database, site)
    new_name = known.name if name is None else name
    new_origins = list(known.origins) if origins is None else origins
    new_access = known.log_access if log_access is None else log_access
    errors = _check(new_name, new_origins, new_access)
    if errors:
        raise _invalid(errors)
    Site.update(
        {
            Site.name: new_name,
            Site.origins: json.dumps(new_origins),
            Site.log_access: new_access,
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
    ).join(Log, on=(Log.site == Site.site))


def _info(row: tuple[str, str, str, int, str, int, int, str]) -> SiteInfo:
    site, name, origins, created_ms, log_origin, generation, size, log_access = row
    known = tuple(json.loads(origins))
    return SiteInfo(site, name, known, created_ms, log_origin, generation, size, log_access)


def _check(name: str, origins: list[str], log_access: str) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
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
