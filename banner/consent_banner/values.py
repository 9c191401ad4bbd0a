# SPDX-License-Identifier: MIT
"""What the builder writes in the place of js/config.js: the values of one site."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from consent_banner import locales, rules
from consent_banner.bundle import Value
from consent_banner.config import BannerConfig
from consent_banner.notice import Notice

KINDS = ("cookie", "local", "session")
"""Kinds of store in the order of their patterns; what third parties keep is out of reach."""

# What a regular expression, or its delimiters, would not take as itself.
_SPECIAL = re.compile(r"[\\^$.*+?()\[\]{}|/]")


@dataclass(frozen=True)
class Pattern:
    """Names of stores, as a JavaScript regular expression; a last `*` stands for any ending."""

    names: tuple[str, ...]

    @property
    def code(self) -> str:
        each = [
            _escape(name[:-1]) if name.endswith("*") else _escape(name) + "$" for name in self.names
        ]
        return f"/^{each[0]}/" if len(each) == 1 else f"/^({'|'.join(each)})/"


def _escape(name: str) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", name).replace("<", r"\x3c")
    return re.sub(r"[^ -~]", lambda char: f"\\u{ord(char[0]):04x}", text)


def string(text: str) -> str:
    """*text* as a JavaScript string that is also safe inside a script element."""
    literal = json.dumps(text, ensure_ascii=False)
    literal = literal.replace("</", r"<\/").replace("<!--", r"\u003c!--")
    # No lone surrogate can be here; U+FEFF would be lost at the start of some transport.
    return re.sub("[\u2028\u2029\ufeff]", lambda char: f"\\u{ord(char[0]):04x}", literal)


def literal(value: object) -> str:
    """*value* (strings, integers, patterns, lists of them) as JavaScript."""
    if isinstance(value, str):
        return string(value)
    if isinstance(value, Pattern):
        return value.code
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    assert isinstance(value, (list, tuple)), "values.literal gets strings, integers and lists"
    return "[" + ",".join(map(literal, value)) + "]"


def asked(notice: Notice) -> list[Any]:
    """Each asked service as [category id, service id, ":" and asks, patterns of its stores…]."""
    return [
        [category["id"], service["id"], f":{service['asks']}", *patterns(service["cookies"])]
        for category in asked_categories(notice)
        for service in active(category)
    ]


def sold(notice: Notice) -> list[int]:
    """Places in `asked` of what Global Privacy Control switches off."""
    every = [s for category in asked_categories(notice) for s in active(category)]
    return [at for at, service in enumerate(every) if service["sale_or_share"]]


def patterns(cookies: Sequence[Mapping[str, Any]]) -> list[Any]:
    """A pattern for each kind of first-party store, 0 for a kind that is not used."""
    names = [tuple(c["name"] for c in cookies if c["kind"] == kind) for kind in KINDS]
    while names and not names[-1]:
        names.pop()
    return [Pattern(each) if each else 0 for each in names]


def asked_categories(notice: Notice) -> list[Mapping[str, Any]]:
    return [category for category in notice.document["categories"] if category["asked"]]


def active(category: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [service for service in category["services"] if service["status"] == "active"]


def addresses(config: BannerConfig) -> dict[str, str]:
    """Text keys that the builder makes: where links lead."""
    contact = config.contacts["privacy"]
    return {
        "policyUrl": config.site.cookies_policy,
        "privacyUrl": config.site.privacy_policy,
        "contactUrl": contact if rules.is_url(contact) else f"mailto:{contact}",
    }


def texts(
    config: BannerConfig, notice: Notice, language: str, used: Collection[str]
) -> dict[str, str]:
    """The code of each text in *used*, by its key, in one language."""
    plain = {**notice.document["texts"][language], **addresses(config)}
    plain["dir"] = locales.direction(language)
    found = {key: string(text) for key, text in sorted(plain.items()) if key in used}
    if "categories" in used:
        found["categories"] = literal(
            [
                [
                    category["title"][language],
                    category["purpose"][language],
                    *(_service(service, language) for service in active(category)),
                ]
                for category in asked_categories(notice)
            ]
        )
    if "changes" in used:
        found["changes"] = literal([[mark, c["text"][language]] for mark, c in told(notice)])
    if "necessary" in used:
        found["necessary"] = literal(_necessary(config, notice, language))
    return found


def _service(service: Mapping[str, Any], language: str) -> list[str]:
    provider = locales.isolated(service["provider"], language)
    told = [service["name"][language], service["purpose"][language], provider]
    return [*told, service["policy"]] if service["policy"] else told


def _necessary(config: BannerConfig, notice: Notice, language: str) -> list[str]:
    """Lines on what is always on: nothing where the owner has declared nothing of the kind."""
    asks = {category.id for category in config.categories if not category.necessary}
    told = [c for c in notice.document["categories"] if c["id"] not in asks]
    if not any(category.necessary for category in config.categories):
        return []
    names = [service["name"][language] for category in told for service in active(category)]
    always = notice.document["texts"][language]["always"]
    title, purpose = told[0]["title"][language], told[0]["purpose"][language]
    return [f"{title} ({always}): {', '.join(names)}", purpose]


def found(
    config: BannerConfig,
    notice: Notice,
    build: str,
    css: str,
    used: Collection[str],
    names: Mapping[str, str],
    languages: Sequence[str],
) -> dict[str, Value]:
    """The value of each placeholder in *used*; the script speaks *languages*.

    *names* gives the short names: several languages keep their texts in tables by those.
    """
    made: dict[str, tuple[str, object]] = {
        "notice": ("configuration", notice_mark(notice)),
        "build": ("configuration", build[:16]),
        "lifetimeH": ("configuration", config.lifetime_days * 24),
        "lifetimeS": ("configuration", config.lifetime_days * 86_400),
        "domain": ("configuration", config.cookie_domain or ""),
        "asked": ("configuration", asked(notice)),
        "place": ("configuration", place(config)),
        "css": ("style", css),
    }
    if config.signals.google:
        made["googleTypes"] = ("configuration", list(config.signals.google.types.items()))
    if config.follows_gpc:
        made["sold"] = ("configuration", sold(notice))
    if config.ledger_url:
        made["ledgerUrl"] = ("configuration", f"{config.ledger_url}/v1/sites/{config.site.id}/")
    all_values = {f"$${name}": Value(row, literal(value)) for name, (row, value) in made.items()}
    all_values["$$secure"] = Value("configuration", secure(config))
    keys = {placeholder[1:] for placeholder in used if not placeholder.startswith("$$")}
    if len(languages) == 1:
        all_values["$$language"] = Value("texts", string(languages[0]))
        spoken = texts(config, notice, languages[0], keys)
        return all_values | {f"${key}": Value("texts", code) for key, code in spoken.items()}
    tables = []
    for language in languages:
        members = texts(config, notice, language, keys).items()
        table = ",".join(f"{names[f'_{key}']}:{code}" for key, code in members)
        tables.append(f"[{string(language)},{{{table}}}]")
    all_values["$$locales"] = Value("texts", f"[{','.join(tables)}]")
    all_values["$$language"] = Value("texts", names["_language"])
    text = names["_text"]
    return all_values | {f"${key}": Value("texts", f"{text}.{names[f'_{key}']}") for key in keys}


def secure(config: BannerConfig) -> str:
    """Code of the attribute for cookies; where an origin is not encrypted the page finds out."""
    if all(origin.startswith("https:") for origin in config.site.origins):
        return string(";Secure")
    return '(location.protocol=="https:"?";Secure":"")'


def told(notice: Notice) -> list[tuple[int, Mapping[str, Any]]]:
    """Changes that a living choice can be older than, with their marks, the newest first.

    A mark is larger the later the change is, and stays when others come and go: hours from 1970 to
    the change's day, and its place among those of that day.
    """
    oldest = date.fromisoformat(notice.document["site"]["updated"]) - timedelta(
        days=notice.document["lifetime_days"]
    )
    found: list[tuple[int, Mapping[str, Any]]] = []
    for change in notice.changes:
        day_h = (date.fromisoformat(change["date"]) - date(1970, 1, 1)).days * 24
        mark = max([day_h, *(mark + 1 for mark, _ in found)])
        found.append((mark, change))
    return [(mark, c) for mark, c in reversed(found) if c["date"] >= oldest.isoformat()]


def notice_mark(notice: Notice) -> str:
    """How the cookie names the notice: 8 hex of its hash, and what it told last."""
    return ".".join([notice.sha256[:8], *(str(mark) for mark, _ in told(notice)[:1])])


def place(config: BannerConfig) -> str:
    """Selector of what the region stands in."""
    return "[data-consent-place]" if config.look.position == "inline" else "body"
