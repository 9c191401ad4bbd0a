# SPDX-License-Identifier: MIT
"""The tables and keys of `banner.toml`, and the rules that hold inside one table."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from marshmallow import ValidationError, validates_schema

from consent_banner import contrast, rules
from consent_banner.hosts import HostsTable
from consent_banner.schema import Exact, ManyTables, OneTable, Table, show

POSITIONS = ("bar", "box", "corner", "inline")
GOOGLE_TYPES = (
    *("ad_storage", "ad_user_data", "ad_personalization", "analytics_storage"),
    *("functionality_storage", "personalization_storage", "security_storage"),
)
"""What Google Consent Mode version 2 tells apart."""
MAX_WAIT_MS = 5000
COLOURS = ("accent", "accent_text", "background", "text", "border")
OWN_STORES = {
    "cookie": ("consent",),
    "local": ("consent.token", "consent.last", "consent.wait", "consent.queue.*"),
}
"""What the banner itself keeps in the browser, by kind; no service may declare these."""


def _one_of(values: tuple[str, ...], **rest: Any) -> Exact:
    return Exact(
        "one of " + ", ".join(f'"{value}"' for value in values), values.__contains__, **rest
    )


def _text(**rest: Any) -> Exact:
    return Exact(f"a text of 1 to {rules.MAX_TEXT} characters", rules.is_text, **rest)


def _is_local_text(value: object) -> bool:
    return rules.is_text(value) or (
        isinstance(value, dict)
        and bool(value)
        and all(rules.is_language(key) and rules.is_text(text) for key, text in value.items())
    )


def _local_text(**rest: Any) -> Exact:
    return Exact('a text, or a text for each language as { en = "…" }', _is_local_text, **rest)


def _flag(**rest: Any) -> Exact:
    return Exact("true or false", lambda value: isinstance(value, bool), **rest)


def _id() -> Exact:
    return Exact(
        "an id: a small letter, then up to 39 small letters, digits and hyphens",
        rules.is_id,
        required=True,
    )


def _colour() -> Exact:
    return Exact(
        'a colour as "#rrggbb" or "#rgb"',
        contrast.is_colour,
    )


def _page() -> Exact:
    return Exact('a path as "/cookies.html" or an http(s) address', rules.is_page, required=True)


def _contact(**rest: Any) -> Exact:
    return Exact("an e-mail address or an http(s) address", rules.is_contact, **rest)


def _is_plain_date(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _day() -> Exact:
    return Exact("a date without quotes as 2026-11-21", _is_plain_date, required=True)


def _is_list_of_different(value: object, check: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(map(check, value))
        and len(set(value)) == len(value)
    )


class SiteTable(Table):
    id = Exact(
        "an id: a small letter, then up to 62 small letters, digits and hyphens",
        rules.is_site_id,
        required=True,
    )
    name = _text(required=True)
    origins = Exact(
        'a list of different origins as "https://www.example.com", without a path',
        lambda value: isinstance(value, list) and bool(value),
        required=True,
    )
    cookies_policy = _page()
    privacy_policy = _page()
    updated = _day()

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _origins_are_origins(self, _data: object, original: object, **_: object) -> None:
        origins = original.get("origins") if isinstance(original, Mapping) else None
        if not isinstance(origins, list):
            return
        wrong = {
            index: [f'found {show(value)}, expected scheme://host[:port] as "https://example.com"']
            for index, value in enumerate(origins)
            if not rules.is_origin(value)
        }
        if not wrong and len(set(origins)) < len(origins):
            raise ValidationError("found an origin twice, expected different ones", "origins")
        if wrong:
            raise ValidationError({"origins": wrong})


class ControllerTable(Table):
    name = _text(required=True)
    address = _text(required=True)


class ContactsTable(Table):
    privacy = _contact(required=True)
    support = _contact()
    security = _contact()


class LedgerTable(Table):
    url = Exact(
        "an http(s) address without query and without a slash at its end",
        rules.is_base_url,
        required=True,
    )


class ChoiceTable(Table):
    lifetime_days = Exact(
        f"{rules.MIN_LIFETIME_DAYS} to {rules.MAX_LIFETIME_DAYS} days",
        lambda value: (
            isinstance(value, int)
            and not isinstance(value, bool)
            and rules.MIN_LIFETIME_DAYS <= value <= rules.MAX_LIFETIME_DAYS
        ),
    )
    cookie_domain = Exact(
        'a parent domain as "example.com"',
        lambda value: rules.is_host(value) and isinstance(value, str) and "." in value,
    )


class ColoursTable(Table):
    accent = _colour()
    accent_text = _colour()
    background = _colour()
    text = _colour()
    border = _colour()


class LookTable(ColoursTable):
    position = _one_of(POSITIONS)
    theme = _one_of((*contrast.SCHEMES,))
    headless = _flag()
    radius = Exact(
        'a length as "8px" or "0.5rem"',
        lambda value: (
            isinstance(value, str)
            and bool(re.fullmatch(r"0|[0-9]{1,3}(\.[0-9]{1,3})?(px|rem|em)", value))
        ),
    )
    font = Exact(
        'a CSS font family as "inherit" or "Georgia, serif"',
        lambda value: (
            isinstance(value, str) and bool(re.fullmatch(r"[\w ,'-]{1,200}", value, re.A))
        ),
    )
    dark = OneTable(ColoursTable)


def _granted_by() -> Exact:
    return Exact("the id of a category or service that is asked", rules.is_id)


class GoogleTable(Table):
    ad_storage = _granted_by()
    ad_user_data = _granted_by()
    ad_personalization = _granted_by()
    analytics_storage = _granted_by()
    functionality_storage = _granted_by()
    personalization_storage = _granted_by()
    security_storage = _granted_by()
    wait_for_update = Exact(
        f"0 to {MAX_WAIT_MS} milliseconds",
        lambda value: (
            isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_WAIT_MS
        ),
    )
    regions = Exact(
        'a list of different codes of ISO 3166 as ["DE", "US-CA"]; not "EU" or "UK"',
        lambda value: _is_list_of_different(value, rules.is_region),
    )


class SignalsTable(Table):
    gpc = _flag()
    data_layer = _flag()
    google = OneTable(GoogleTable)


class ContentTable(Table):
    placeholders = _flag()


class LanguagesTable(Table):
    default = Exact('a language as "en"', rules.is_language)
    available = Exact(
        'a list of different languages as ["en", "fr"]',
        lambda value: _is_list_of_different(value, rules.is_language),
    )
    scripts = _one_of(("one", "each"))


class CookieTable(Table):
    name = Exact("a name", lambda value: isinstance(value, str) and bool(value), required=True)
    kind = _one_of(rules.KINDS)
    domain = Exact('a host name as "vendors.example"', rules.is_host)
    duration = Exact(
        '"session" or 1 to 400 days',
        lambda value: isinstance(value, (int, str)) and not isinstance(value, bool),
        required=True,
    )

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _fits_its_kind(self, _data: object, original: object, **_: object) -> None:
        if not isinstance(original, Mapping):
            return
        kind = original.get("kind", "cookie")
        if kind not in rules.KINDS:
            return
        wrong: dict[str, list[str]] = {}
        name, duration = original.get("name"), original.get("duration")
        if isinstance(name, str) and name:
            expected = _name_problem(name, kind)
            if expected:
                wrong["name"] = [f"found {show(name)}, expected {expected}"]
        allowed, days, word = {
            "cookie": ('"session" or 1 to 400 days', True, "session"),
            "third-party": ('"session" or 1 to 400 days', True, "session"),
            "local": ('"until-deleted" or 1 to 400 days for local storage', True, "until-deleted"),
            "session": ('"session" for session storage', False, "session"),
        }[kind]
        is_days = isinstance(duration, int) and days and rules.is_duration(duration)
        is_typed = isinstance(duration, (int, str)) and not isinstance(duration, bool)
        if is_typed and not is_days and duration != word:
            wrong["duration"] = [f"found {show(duration)}, expected {allowed}"]
        if kind == "third-party" and "domain" not in original:
            wrong["domain"] = [
                "missing, expected the host name that the third party's cookie is of"
            ]
        if kind != "third-party" and "domain" in original:
            found = show(original["domain"])
            wrong["domain"] = [f"found {found}, expected none: only a third-party cookie has one"]
        if wrong:
            raise ValidationError(wrong)


def _name_problem(name: str, kind: str) -> str | None:
    """What a name of that kind should have been, or None."""
    if not rules.is_stored_name(name, kind):
        what = "storage key" if kind in ("local", "session") else "cookie name"
        return f"a {what} of visible ASCII characters, `*` only at its end"
    for own in OWN_STORES.get(kind, ()):
        if _overlap(name, own):
            return f"another name: {own} is kept for the choice itself"
    return None


def _overlap(one: str, other: str) -> bool:
    """Whether a name exists that both patterns match."""
    a, b = one.removesuffix("*"), other.removesuffix("*")
    if one == a and other == b:
        return a == b
    if one == a:
        return a.startswith(b)
    if other == b:
        return b.startswith(a)
    return a.startswith(b) or b.startswith(a)


class ServiceTable(Table):
    id = _id()
    name = _local_text(required=True)
    provider = _text(required=True)
    purpose = _local_text(required=True)
    reason = _local_text()
    policy = Exact("an http(s) address, or a path on this site", rules.is_page)
    status = _one_of(rules.STATUSES)
    sale_or_share = _flag()
    cookies = ManyTables(CookieTable)
    hosts = OneTable(HostsTable)


class CategoryTable(Table):
    id = _id()
    necessary = _flag()
    title = _local_text(required=True)
    purpose = _local_text(required=True)
    service = ManyTables(ServiceTable, least=1, required=True)


class ChangeTable(Table):
    date = _day()
    cause = _one_of(rules.CAUSES, required=True)
    significant = _flag(required=True)
    text = _local_text(required=True)


class CspTable(Table):
    report_uri = Exact(
        "a path or http(s) address of letters, digits and : / . _ ~ ? & = -",
        rules.is_report_address,
    )


class SizeTable(Table):
    budget_bytes = Exact(
        f"a whole number of bytes from {rules.MIN_BUDGET_BYTES} to {rules.MAX_BUDGET_BYTES}",
        rules.is_budget,
    )


class BannerTable(Table):
    """The whole file. `texts` is checked by `checks`, as its keys are those of the locale files."""

    site = OneTable(SiteTable, required=True)
    controller = OneTable(ControllerTable, required=True)
    contacts = OneTable(ContactsTable, required=True)
    ledger = OneTable(LedgerTable)
    choice = OneTable(ChoiceTable)
    look = OneTable(LookTable)
    signals = OneTable(SignalsTable)
    content = OneTable(ContentTable)
    languages = OneTable(LanguagesTable)
    texts = Exact(
        "tables by language as [texts.en]",
        lambda value: (
            isinstance(value, dict) and all(isinstance(below, dict) for below in value.values())
        ),
    )
    category = ManyTables(CategoryTable)
    change = ManyTables(ChangeTable)
    csp = OneTable(CspTable)
    size = OneTable(SizeTable)
