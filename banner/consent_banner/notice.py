# SPDX-License-Identifier: MIT
"""The notice: everything a visitor is told, in all its languages, named by its SHA-256.

The builder makes it, the ledger checks it on publishing and then every choice against it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from consent_banner import canonical, rules
from consent_banner.schema import Exact, ManyTables, OneTable, Problem, Table, show

SCHEMA = "consent-ledger/notice/v1"


@dataclass(frozen=True)
class Notice:
    """A valid notice. `document` is what `canonical` encodes; treat it as read-only.

    `asked` maps each category that is asked to its active services, both in the notice's order.
    """

    site_id: str
    languages: tuple[str, ...]
    lifetime_days: int
    asked: dict[str, tuple[str, ...]]
    canonical: bytes = field(repr=False)
    sha256: str
    document: dict[str, Any] = field(repr=False)

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What changed, the newest last; a notice from before this was told has none."""
        found: list[dict[str, Any]] = self.document.get("changes", [])
        return found

    @classmethod
    def load(cls, document: object) -> Notice:
        """The notice in a parsed JSON *document*.

        Raises: marshmallow.ValidationError with every error, under its field.
        """
        notice = NoticeSchema().load(document)  # type: ignore[arg-type]
        assert isinstance(notice, cls), "NoticeSchema.load makes a Notice"
        return notice


def asks_revision(category_id: str, provider: str, purpose: str, sale_or_share: bool) -> str:
    """Six hex digits that change when what a service asks for changes.

    *purpose* in the notice's default language. Visitors are asked again for just that service.
    """
    asked = canonical.dumps([category_id, provider, purpose, sale_or_share])
    return hashlib.sha256(asked).hexdigest()[:6]


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_hex6(value: object) -> bool:
    return (
        isinstance(value, str) and len(value) == 6 and all(c in "0123456789abcdef" for c in value)
    )


def _is_lifetime(value: object) -> bool:
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and rules.MIN_LIFETIME_DAYS <= value <= rules.MAX_LIFETIME_DAYS
    )


def _is_languages(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(rules.is_language(item) for item in value)
        and len(set(value)) == len(value)
    )


def _is_text_by_language(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        rules.is_language(key) and rules.is_text(text) for key, text in value.items()
    )


def _is_texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        rules.is_language(language)
        and isinstance(texts, Mapping)
        and all(
            isinstance(key, str) and rules.TEXT_KEY.fullmatch(key) and rules.is_text(text)
            for key, text in texts.items()
        )
        for language, texts in value.items()
    )


def _text(**rest: Any) -> Exact:
    return Exact("a text", rules.is_text, required=True, **rest)


def _texts(**rest: Any) -> Exact:
    return Exact("a text for each language", _is_text_by_language, required=True, **rest)


def _flag() -> Exact:
    return Exact("true or false", _is_bool, required=True)


def _id() -> Exact:
    return Exact(f"an id ({rules.ID.pattern})", rules.is_id, required=True)


class _SiteSchema(Table):
    id = Exact(f"a site id ({rules.SITE_ID.pattern})", rules.is_site_id, required=True)
    name = _text()
    cookies_policy = Exact("an absolute path or a URL", rules.is_page, required=True)
    privacy_policy = Exact("an absolute path or a URL", rules.is_page, required=True)
    updated = Exact("a date as YYYY-MM-DD", rules.is_date, required=True)


class _ControllerSchema(Table):
    name = _text()
    address = _text()


class _ContactsSchema(Table):
    privacy = Exact("an e-mail address or a URL", rules.is_contact, required=True)
    support = Exact("an e-mail address or a URL", rules.is_contact)
    security = Exact("an e-mail address or a URL", rules.is_contact)


class _CookieSchema(Table):
    name = Exact(
        "a cookie or storage name",
        lambda value: rules.is_stored_name(value, "local"),
        required=True,
    )
    kind = Exact("one of " + ", ".join(rules.KINDS), rules.KINDS.__contains__, required=True)
    domain = Exact("a host name or null", rules.is_host, required=True, nullable=True)
    duration = Exact('"session", 1 to 400 or "until-deleted"', rules.is_duration, required=True)


class _ServiceSchema(Table):
    id = _id()
    name = _texts()
    provider = _text()
    purpose = _texts()
    reason = _texts(nullable=True)
    policy = Exact("a URL, a path or null", rules.is_page, required=True, nullable=True)
    status = Exact(
        "one of " + ", ".join(rules.STATUSES), rules.STATUSES.__contains__, required=True
    )
    sale_or_share = _flag()
    asks = Exact("6 hex digits or null", _is_hex6, required=True, nullable=True)
    cookies = ManyTables(_CookieSchema, required=True)


class _CategorySchema(Table):
    id = _id()
    asked = _flag()
    title = _texts()
    purpose = _texts()
    services = ManyTables(_ServiceSchema, least=1, required=True)


class _ChangeSchema(Table):
    date = Exact("a date as YYYY-MM-DD", rules.is_date, required=True)
    cause = Exact("one of " + ", ".join(rules.CAUSES), rules.CAUSES.__contains__, required=True)
    significant = _flag()
    text = _texts()


class NoticeSchema(Table):
    """Loads a notice document into a `Notice`; names everything that is wrong with it."""

    schema = Exact(f'"{SCHEMA}"', lambda value: value == SCHEMA, required=True)
    site = OneTable(_SiteSchema, required=True)
    controller = OneTable(_ControllerSchema, required=True)
    contacts = OneTable(_ContactsSchema, required=True)
    languages = Exact("a list of different languages", _is_languages, required=True)
    default_language = Exact("a language", rules.is_language, required=True)
    lifetime_days = Exact(
        f"{rules.MIN_LIFETIME_DAYS} to {rules.MAX_LIFETIME_DAYS} days", _is_lifetime, required=True
    )
    ledger = Exact(
        "a URL without query or final slash, or null",
        rules.is_base_url,
        required=True,
        nullable=True,
    )
    texts = Exact("texts by language and key", _is_texts, required=True)
    categories = ManyTables(_CategorySchema, least=1, required=True)
    changes = ManyTables(_ChangeSchema)

    @validates_schema
    def _agrees_with_itself(self, data: dict[str, Any], **_: object) -> None:
        found = _contradictions(data)
        if found:
            raise ValidationError(_tree(found))

    @post_load(pass_original=True)
    def _make(self, data: dict[str, Any], original: dict[str, Any], **_: object) -> Notice:
        try:
            encoded = canonical.dumps(original)
        except canonical.CanonicalError as error:
            raise ValidationError(str(error)) from error
        return Notice(
            site_id=data["site"]["id"],
            languages=tuple(data["languages"]),
            lifetime_days=data["lifetime_days"],
            asked={
                category["id"]: tuple(_active(category))
                for category in data["categories"]
                if category["asked"]
            },
            canonical=encoded,
            sha256=hashlib.sha256(encoded).hexdigest(),
            document=original,
        )


def _active(category: Mapping[str, Any]) -> list[str]:
    return [s["id"] for s in category["services"] if s["status"] == "active"]


def _contradictions(data: Mapping[str, Any]) -> list[Problem]:
    languages = data["languages"]
    found: list[Problem] = []
    if data["default_language"] not in languages:
        found.append(
            (
                ("default_language",),
                f"found {show(data['default_language'])}, expected one of languages",
            )
        )

    def complete(place: tuple[str | int, ...], texts: Mapping[str, Any] | None) -> None:
        if texts is not None and set(texts) != set(languages):
            found.append((place, f"expected exactly the languages {', '.join(languages)}"))

    complete(("texts",), data["texts"])
    seen: set[str] = set()
    for c, category in enumerate(data["categories"]):
        here: tuple[str | int, ...] = ("categories", c)
        complete((*here, "title"), category["title"])
        complete((*here, "purpose"), category["purpose"])
        if category["asked"] and not _active(category):
            found.append(((*here, "asked"), "found true, expected an active service to ask for"))
        for place, item in [
            (here, category),
            *(((*here, "services", s), service) for s, service in enumerate(category["services"])),
        ]:
            if item["id"] in seen:
                found.append(((*place, "id"), f"found {show(item['id'])} a second time"))
            seen.add(item["id"])
        for s, service in enumerate(category["services"]):
            there = (*here, "services", s)
            for key in ("name", "purpose", "reason"):
                complete((*there, key), service[key])
            asks = category["asked"] and service["status"] == "active"
            if asks != (service["asks"] is not None):
                expected = "6 hex digits" if asks else "null, as it is not asked"
                found.append(
                    ((*there, "asks"), f"found {show(service['asks'])}, expected {expected}")
                )
    newest = ""
    for index, change in enumerate(data.get("changes", [])):
        place = ("changes", index)
        complete((*place, "text"), change["text"])
        if change["date"] > data["site"]["updated"]:
            expected = f"no later day than site.updated, {data['site']['updated']}"
            found.append(((*place, "date"), f"found {change['date']}, expected {expected}"))
        if change["date"] < newest:
            expected = f"{newest} or later: the newest stands last"
            found.append(((*place, "date"), f"found {change['date']}, expected {expected}"))
        newest = max(newest, change["date"])
    return found


def _tree(found: list[Problem]) -> dict[str | int, Any]:
    """Problems as marshmallow nests them, so that they join its own."""
    tree: dict[str | int, Any] = {}
    for place, message in found:
        node = tree
        for part in place[:-1]:
            node = node.setdefault(part, {})
        node.setdefault(place[-1], []).append(message)
    return tree
