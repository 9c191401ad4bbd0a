# SPDX-License-Identifier: MIT
"""What the builder writes in the place of js/config.js: the values of one site."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from consent_banner import locales, rules
from consent_banner.config import BannerConfig
from consent_banner.notice import Notice

KINDS = {"cookie": "c", "local": "l", "session": "s"}
"""Letter by kind of store; what third parties keep cannot be deleted from the page."""


def string(text: str) -> str:
    """*text* as a JavaScript string that is also safe inside a script element."""
    literal = json.dumps(text, ensure_ascii=False)
    literal = literal.replace("</", r"<\/").replace("<!--", r"\u003c!--")
    # No lone surrogate can be here; U+FEFF would be lost at the start of some transport.
    return re.sub("[\u2028\u2029\ufeff]", lambda char: f"\\u{ord(char[0]):04x}", literal)


def literal(value: object) -> str:
    """*value* (strings, integers, lists of them) as JavaScript."""
    if isinstance(value, str):
        return string(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    assert isinstance(value, (list, tuple)), "values.literal gets strings, integers and lists"
    return "[" + ",".join(map(literal, value)) + "]"


def asked(notice: Notice) -> list[Any]:
    """Categories as [id, [[service id, asks, stores]…]]."""
    return [
        [
            category["id"],
            [
                [service["id"], service["asks"], stores(service["cookies"])]
                for service in active(category)
            ],
        ]
        for category in asked_categories(notice)
    ]


def sold(notice: Notice) -> list[str]:
    """What Global Privacy Control switches off, as "id:asks"."""
    return [
        f"{service['id']}:{service['asks']}"
        for category in asked_categories(notice)
        for service in active(category)
        if service["sale_or_share"]
    ]


def stores(cookies: Sequence[Mapping[str, Any]]) -> list[str]:
    """Kind letter and name of each first-party store."""
    return [KINDS[cookie["kind"]] + cookie["name"] for cookie in cookies if cookie["kind"] in KINDS]


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


def locale(
    config: BannerConfig,
    notice: Notice,
    language: str,
    used: Collection[str],
    names: Mapping[str, str],
) -> str:
    """The texts of one language that the script uses, as an object with shortened keys."""
    texts = {**notice.document["texts"][language], **addresses(config)}
    texts["dir"] = locales.direction(language)
    members = {f"_{key}": string(text) for key, text in sorted(texts.items()) if f"_{key}" in used}
    if "_categories" in used:
        members["_categories"] = literal(
            [
                [
                    category["title"][language],
                    category["purpose"][language],
                    [
                        [
                            service["name"][language],
                            service["provider"],
                            service["purpose"][language],
                            service["policy"] or "",
                        ]
                        for service in active(category)
                    ],
                ]
                for category in asked_categories(notice)
            ]
        )
    if "_necessary" in used:
        members["_necessary"] = literal(_necessary(config, notice, language))
    return "{" + ",".join(f"{names[key]}:{value}" for key, value in members.items()) + "}"


def _necessary(config: BannerConfig, notice: Notice, language: str) -> list[Any]:
    """Title and purpose of the first necessary category, names of all necessary services."""
    asks = {category.id for category in config.categories if not category.necessary}
    told = [c for c in notice.document["categories"] if c["id"] not in asks]
    names = [service["name"][language] for category in told for service in active(category)]
    return [told[0]["title"][language], told[0]["purpose"][language], names]


def declarations(
    config: BannerConfig,
    notice: Notice,
    build: str,
    css: str,
    used: Collection[str],
    names: Mapping[str, str],
    languages: Sequence[str],
) -> list[tuple[str, str]]:
    """The script's values as pieces of code with the report row that each belongs to.

    Joined they are one declaration. Only what an included module uses is there, in *languages*.
    """
    values: dict[str, tuple[str, str]] = {
        "_notice": ("configuration", string(notice.sha256)),
        "_build": ("configuration", string(build)),
        "_lifetimeH": ("configuration", str(config.lifetime_days * 24)),
        "_domain": (
            "configuration",
            string(f";Domain={config.cookie_domain}" if config.cookie_domain else ""),
        ),
        "_asked": ("configuration", literal(asked(notice))),
        "_locales": (
            "texts",
            "["
            + ",".join(
                f"[{string(language)},{locale(config, notice, language, used, names)}]"
                for language in languages
            )
            + "]",
        ),
        "_css": ("style", string(css)),
    }
    if config.signals.google:
        granted_by = list(config.signals.google.types.items())
        values["_googleTypes"] = ("configuration", literal(granted_by))
    if config.follows_gpc:
        values["_sold"] = ("configuration", literal(sold(notice)))
    if config.ledger_url:
        url = f"{config.ledger_url}/v1/sites/{config.site.id}/"
        values["_ledgerUrl"] = ("configuration", string(url))
    pieces = [
        (row, f"{names[name]}={value}")
        for row in ("configuration", "texts", "style")
        for name, (owner, value) in values.items()
        if owner == row and name in used
    ]
    return [
        (row, ("const " if place == 0 else ",") + code) for place, (row, code) in enumerate(pieces)
    ]
