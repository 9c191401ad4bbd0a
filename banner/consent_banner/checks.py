# SPDX-License-Identifier: MIT
"""Rules that hold between the tables of `banner.toml`, checked on the raw document.

The document may be wrong in any way at the same time: what has the wrong type is left to `tables`,
so that all errors are told at once.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from consent_banner import contrast, locales, rules
from consent_banner.schema import Problem, show, suggestion
from consent_banner.tables import GOOGLE_TYPES

OWN_SERVICE = "consent-choice"
OWN_CATEGORY = "necessary"
MAX_CHOICE_BYTES = 4000

Place = tuple[str | int, ...]


def cross_check(raw: Mapping[str, Any]) -> list[Problem]:
    """Problems between tables, unsorted."""
    return [
        *_languages(raw),
        *_ids(raw),
        *_services(raw),
        *_changes(raw),
        *_google(raw),
        *_cookie_domain(raw),
        *_choice_size(raw),
        *contrast.problems(_table(raw.get("look"))),
        *_texts(raw),
    ]


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _tables(value: object, place: Place) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, Mapping):
                yield (*place, index), item


def _categories(raw: Mapping[str, Any]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    return _tables(raw.get("category"), ("category",))


def spoken(raw: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """Default and available languages; None when they are not valid."""
    languages = raw.get("languages", {})
    if not isinstance(languages, Mapping):
        return None
    given = languages.get("available")
    first = given[0] if isinstance(given, list) and given else locales.REFERENCE
    default = languages.get("default", first)
    available = languages.get("available", [default])
    if (
        not isinstance(available, list)
        or not available
        or not all(map(rules.is_language, [default, *available]))
    ):
        return None
    return default, available


def _languages(raw: Mapping[str, Any]) -> Iterator[Problem]:
    languages = spoken(raw)
    if languages is None:
        return
    default, available = languages
    if default not in available:
        yield (
            ("languages", "default"),
            f"found {show(default)}, expected one of languages.available",
        )
    for place, category in _categories(raw):
        yield from _complete(category, ("title", "purpose"), place, default, available)
        for below, service in _tables(category.get("service"), (*place, "service")):
            yield from _complete(service, ("name", "purpose", "reason"), below, default, available)
    for place, change in _tables(raw.get("change"), ("change",)):
        yield from _complete(change, ("text",), place, default, available)


def _complete(
    table: Mapping[str, Any],
    keys: tuple[str, ...],
    place: Place,
    default: str,
    available: list[str],
) -> Iterator[Problem]:
    """Each text stands in every language the site speaks, and in no other."""
    for key in keys:
        value = table.get(key)
        texts: Mapping[str, Any] = {default: value} if isinstance(value, str) else _table(value)
        if not texts:
            continue
        for language in available:
            if language not in texts:
                yield (
                    (*place, key, language),
                    "missing, expected a text in this language, as languages.available has it",
                )
        for language in texts:
            if language not in available and not isinstance(value, str):
                yield (
                    (*place, key, language),
                    "found a language that languages.available does not have",
                )


def _ids(raw: Mapping[str, Any]) -> Iterator[Problem]:
    seen: dict[str, str] = {OWN_SERVICE: "the builder's own service"}

    def meet(place: Place, table: Mapping[str, Any], what: str) -> Iterator[Problem]:
        identifier = table.get("id")
        if not isinstance(identifier, str):
            return
        if identifier in seen:
            taken = f"{seen[identifier]} has that id"
            yield (*place, "id"), f"found {show(identifier)}, expected another id: {taken}"
        else:
            seen[identifier] = what

    own_category_is_made = not any(c.get("necessary") is True for _, c in _categories(raw))
    if own_category_is_made:
        seen[OWN_CATEGORY] = "the category that the builder adds when none is necessary"
    for place, category in _categories(raw):
        yield from meet(place, category, "a category")
        for below, service in _tables(category.get("service"), (*place, "service")):
            yield from meet(below, service, "a service")


def _services(raw: Mapping[str, Any]) -> Iterator[Problem]:
    controller = _table(raw.get("controller")).get("name")
    for place, category in _categories(raw):
        necessary = category.get("necessary") is True
        for below, service in _tables(category.get("service"), (*place, "service")):
            if necessary and "reason" not in service:
                yield (
                    (*below, "reason"),
                    "missing, expected why the site cannot work without this necessary service",
                )
            if necessary and service.get("sale_or_share") is True:
                yield (
                    (*below, "sale_or_share"),
                    "found true, expected false: what is sold or shared must be asked for",
                )
            others = isinstance(controller, str) and service.get("provider") != controller
            if others and "policy" not in service:
                yield (
                    (*below, "policy"),
                    "missing, expected the provider's own policy (http(s) address), "
                    "as the provider is not the controller",
                )
            seen: set[tuple[object, ...]] = set()
            for at, cookie in _tables(service.get("cookies"), (*below, "cookies")):
                key = tuple(show(cookie.get(part, "cookie")) for part in ("name", "kind", "domain"))
                if key in seen:
                    yield (*at, "name"), f"found {key[0]} a second time in this service"
                seen.add(key)


def _changes(raw: Mapping[str, Any]) -> Iterator[Problem]:
    updated = _table(raw.get("site")).get("updated")
    newest: date | None = None
    for place, change in _tables(raw.get("change"), ("change",)):
        day = change.get("date")
        if type(day) is not date:
            continue
        if type(updated) is date and day > updated:
            yield (
                (*place, "date"),
                f"found {show(day)}, expected no later day than site.updated, {show(updated)}",
            )
        if newest is not None and day < newest:
            yield (
                (*place, "date"),
                f"found {show(day)}, expected {show(newest)} or later: the newest stands last",
            )
        newest = max(day, newest or day)


def _google(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """A type of Google's can only be granted by an answer of the visitor."""
    asked: set[str] = set()  # as `show` writes them, as an id may still be anything
    for _, category in _categories(raw):
        active = [
            service.get("id")
            for _, service in _tables(category.get("service"), ())
            if service.get("status", "active") == "active"
        ]
        if category.get("necessary") is not True and active:
            asked |= set(map(show, (category.get("id"), *active)))
    google = _table(_table(raw.get("signals")).get("google"))
    for key in GOOGLE_TYPES:
        if key in google and show(google[key]) not in asked:
            yield (
                ("signals", "google", key),
                f"found {show(google[key])}, expected the id of a category or service that is "
                "asked",
            )


def _cookie_domain(raw: Mapping[str, Any]) -> Iterator[Problem]:
    domain = _table(raw.get("choice")).get("cookie_domain")
    origins = _table(raw.get("site")).get("origins")
    if not rules.is_host(domain) or not isinstance(origins, list):
        return
    for origin in origins:
        host = urlsplit(origin).hostname if rules.is_origin(origin) else None
        if host and host != domain and not host.endswith(f".{domain}"):
            yield (
                ("choice", "cookie_domain"),
                f"found {show(domain)}, expected a parent domain of {host} in site.origins",
            )


def _choice_size(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Browsers drop a cookie of more than 4096 bytes, and with it every choice."""
    asked = [
        service
        for _, category in _categories(raw)
        if category.get("necessary") is not True
        for _, service in _tables(category.get("service"), ())
        if service.get("status", "active") == "active" and rules.is_id(service.get("id"))
    ]
    # As js/choice.js writes it: version, notice, hour (four digits of base 36 until 2161), answers.
    # One more "!" is for what Global Privacy Control may have a say in.
    size = len("consent=1|01234567|zzzz") + sum(
        len(f"|-{service['id']}:012345") + (service.get("sale_or_share") is True)
        for service in asked
    )
    if size > MAX_CHOICE_BYTES:
        yield (
            ("category",),
            f"found {len(asked)} services that are asked, whose answers make a cookie of {size} "
            f"bytes, expected at most {MAX_CHOICE_BYTES}, as browsers keep no more: "
            "ask for fewer services, or give them shorter ids",
        )


def _texts(raw: Mapping[str, Any]) -> Iterator[Problem]:
    texts = raw.get("texts", {})
    languages = spoken(raw)
    if not isinstance(texts, Mapping) or languages is None:
        return
    _, available = languages
    for language, table in texts.items():
        if language not in available:
            yield (
                ("texts", language),
                f"found a language that languages.available ({', '.join(available)}) does not have",
            )
        for key, text in _table(table).items():
            place = ("texts", language, key)
            if key not in locales.text_keys():
                yield place, f"unknown key, {suggestion(key, locales.text_keys())}"
            elif not rules.is_text(text):
                yield (
                    place,
                    f"found {show(text)}, expected a text of 1 to {rules.MAX_TEXT} characters",
                )
            else:
                for word in locales.unknown_placeholders(key, text):
                    allowed = " ".join(
                        f"{{{w}}}" for w in sorted(locales.allowed_placeholders(key))
                    )
                    yield place, f"found the placeholder {{{word}}}, expected only {allowed}"
    for language in available:
        own = _table(texts.get(language))
        for key in sorted(locales.text_keys() - locales.builtin(language).keys() - own.keys()):
            reference = locales.builtin(locales.REFERENCE)[key]
            yield (
                ("texts", language, key),
                f"missing, expected the text for {show(reference)}: "
                f"this language does not come with the product in full",
            )
