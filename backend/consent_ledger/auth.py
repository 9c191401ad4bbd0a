# SPDX-License-Identifier: MIT
"""Who asks: visitors by their token, owners and auditors by API keys with scopes."""

import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import peewee

from consent_ledger.db import Database
from consent_ledger.errors import Conflict, InvalidFields, NotFound, ScopeMissing, Unauthenticated
from consent_ledger.models import ApiKey
from consent_ledger.sites import get_site
from consent_ledger.timestamps import HOUR_MS, moment, now_ms
from consent_ledger.visitors import TOKEN, subject_hash

SCOPES = ("audit", "manage", "publish")
MAX_LABEL = 100

# clk_<12 hex digits that name the key>_<256 random bits, base64url>
KEY = re.compile(r"clk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


def bearer(header: str | None) -> str:
    """What an Authorization header carries. Raises: Unauthenticated."""
    scheme, _, value = (header or "").partition(" ")
    if not header or scheme.lower() != "bearer" or not value.strip():
        found = f"the scheme {scheme[:20]!r}" if header else "no Authorization header"
        raise Unauthenticated(f"found {found}, expected `Authorization: Bearer …`")
    return value.strip()


def is_key(header: str) -> bool:
    """Whether an Authorization header carries an API key, known or not. Raises: Unauthenticated."""
    return KEY.fullmatch(bearer(header)) is not None


def visitor(site: str, header: str | None) -> bytes:
    """Hash of the visitor whose token *header* carries. Raises: Unauthenticated."""
    token = bearer(header)
    if not TOKEN.fullmatch(token):
        raise Unauthenticated(
            f"found a token of {len(token)} characters, expected 32 lower-case hexadecimal digits"
        )
    return subject_hash(site, token)


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """An API key as its owner may see it: everything but the secret."""

    site: str
    key_id: str
    label: str
    scopes: tuple[str, ...]
    created_ms: int
    expires_ms: int | None
    last_used_ms: int | None
    revoked_ms: int | None
    replaces: str | None

    def state(self, at_ms: int) -> str:
        """active, expired or revoked."""
        if self.revoked_ms is not None:
            return "revoked"
        if self.expires_ms is not None and self.expires_ms <= at_ms:
            return "expired"
        return "active"

    def to_dict(self) -> dict[str, object]:
        """For people's and machines' eyes, times as text."""

        def spelled(ms: int | None) -> str | None:
            return None if ms is None else moment(ms)

        return {
            "site": self.site,
            "key": self.key_id,
            "label": self.label,
            "scopes": list(self.scopes),
            "state": self.state(now_ms()),
            "created": moment(self.created_ms),
            "expires": spelled(self.expires_ms),
            "last_used": spelled(self.last_used_ms),
            "revoked": spelled(self.revoked_ms),
            "replaces": self.replaces,
        }


def issue_key(
    database: Database,
    site: str,
    label: str,
    scopes: list[str],
    *,
    lifetime_ms: int | None = None,
    replaces: str | None = None,
    overlap_ms: int = 24 * HOUR_MS,
) -> tuple[str, KeyInfo]:
    """A new key and what is known about it; the key itself is not stored and cannot be read again.

    With *replaces*, the old key ends *overlap_ms* from now, unless it ends earlier.
    Raises: SiteUnknown, NotFound (the replaced key), InvalidFields, Conflict (it is revoked).
    """
    get_site(database, site)
    errors: dict[str, list[str]] = {}
    if not label.isprintable() or not 1 <= len(label) <= MAX_LABEL:
        errors["label"] = [f"expected 1 to {MAX_LABEL} printable characters"]
    if not scopes or not set(scopes) <= set(SCOPES):
        errors["scopes"] = [f"found {', '.join(scopes) or 'none'}, expected {', '.join(SCOPES)}"]
    if errors:
        raise InvalidFields(
            "; ".join(f"{field}: {texts[0]}" for field, texts in errors.items()), fields=errors
        )
    key_id = secrets.token_hex(6)
    key = f"clk_{key_id}_{secrets.token_urlsafe(32)}"
    now = now_ms()
    with database.atomic("IMMEDIATE"):
        if replaces is not None:
            old = get_key(database, site, replaces)
            if old.state(now) != "active":
                raise Conflict(f"key {replaces} is {old.state(now)}; issue a key without replacing")
            ends = min(now + overlap_ms, old.expires_ms or now + overlap_ms)
            ApiKey.update({ApiKey.expires_ms: ends}).where(_is(site, replaces)).execute(database)
        ApiKey.insert(
            site=site,
            key_id=key_id,
            label=label,
            scopes=",".join(sorted(set(scopes))),
            secret_hash=_hash(key),
            created_ms=now,
            expires_ms=None if lifetime_ms is None else now + lifetime_ms,
            replaces=replaces,
        ).execute(database)
    return key, get_key(database, site, key_id)


def revoke_key(database: Database, site: str, key_id: str) -> KeyInfo:
    """Ends a key with the next request; a second time changes nothing. Raises: NotFound."""
    get_key(database, site, key_id)
    ApiKey.update({ApiKey.revoked_ms: now_ms()}).where(
        _is(site, key_id) & ApiKey.revoked_ms.is_null()
    ).execute(database)
    return get_key(database, site, key_id)


def list_keys(database: Database, site: str) -> list[KeyInfo]:
    """The site's keys, oldest first. Raises: SiteUnknown."""
    get_site(database, site)
    query = _query().where(ApiKey.site == site).order_by(ApiKey.created_ms, ApiKey.key_id)
    return [_info(row) for row in query.tuples().execute(database)]


def get_key(database: Database, site: str, key_id: str) -> KeyInfo:
    """One key. Raises: NotFound."""
    row = _query().where(_is(site, key_id)).tuples().first(database)
    if row is None:
        raise NotFound(f"site {site!r} has no key {key_id!r}")
    return _info(row)


def check_key(database: Database, site: str, scope: str, header: str | None) -> str:
    """Id of the key in *header*, which may use *scope* on *site* now.

    Raises: Unauthenticated for no key, an unknown, revoked or expired one; ScopeMissing.
    """
    match = KEY.fullmatch(bearer(header))
    key = match.group(0) if match else ""
    key_id = match.group(1) if match else "0" * 12
    row = _query(ApiKey.secret_hash).where(_is(site, key_id)).tuples().first(database)
    # Compared even when there is no such key: how long it takes tells nothing.
    stored = bytes(row[-1]) if row else bytes(32)
    if not hmac.compare_digest(_hash(key), stored) or row is None:
        raise Unauthenticated(f"this is no key of site {site!r}")
    info = _info(row[:-1])
    now = now_ms()
    if info.state(now) != "active":
        raise Unauthenticated(f"key {key_id} is {info.state(now)}")
    if scope not in info.scopes:
        raise ScopeMissing(
            f"key {key_id} has the scopes {', '.join(info.scopes)}, and this needs {scope}"
        )
    _note_use(database, info, now)
    return key_id


def _note_use(database: Database, info: KeyInfo, now: int) -> None:
    """Remembers the hour of use, and so writes at most once in an hour."""
    this_hour = now - now % HOUR_MS
    if info.last_used_ms is not None and info.last_used_ms >= this_hour:
        return
    with suppress(peewee.OperationalError):  # a full disk must not refuse someone who only reads
        ApiKey.update({ApiKey.last_used_ms: this_hour}).where(_is(info.site, info.key_id)).execute(
            database
        )


def _hash(key: str) -> bytes:
    """Keys have 256 random bits, so one plain hash is as good as a slow one."""
    return hashlib.sha256(b"consent-ledger/key/v1\n" + key.encode()).digest()


def _is(site: str, key_id: str) -> peewee.Expression:
    return (ApiKey.site == site) & (ApiKey.key_id == key_id)


def _query(*more: peewee.Field) -> Any:
    return ApiKey.select(
        ApiKey.site,
        ApiKey.key_id,
        ApiKey.label,
        ApiKey.scopes,
        ApiKey.created_ms,
        ApiKey.expires_ms,
        ApiKey.last_used_ms,
        ApiKey.revoked_ms,
        ApiKey.replaces,
        *more,
    )


def _info(row: tuple[Any, ...]) -> KeyInfo:
    site, key_id, label, scopes, created, expires, last_used, revoked, replaces = row
    return KeyInfo(
        site,
        key_id,
        label,
        tuple(scopes.split(",")),
        created,
        expires,
        last_used,
        revoked,
        replaces,
    )
