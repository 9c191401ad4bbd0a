# SPDX-License-Identifier: MIT
"""A small valid banner.toml, parsed, for tests to change."""

from datetime import date
from typing import Any

from consent_banner.config import BannerConfig, from_document


def banner_document(**changes: Any) -> dict[str, Any]:
    return {
        "site": {
            "id": "meridian",
            "name": "Meridian API",
            "origins": ["http://meridian.localhost:8471"],
            "cookies_policy": "/cookies.html",
            "privacy_policy": "/privacy.html",
            "updated": date(2026, 11, 21),
        },
        "controller": {"name": "Meridian Interfaces Ltd", "address": "1 Quay Street, Dublin"},
        "contacts": {"privacy": "privacy@meridian.example"},
        "ledger": {"url": "http://ledger.localhost:8470"},
        "category": [
            {
                "id": "basics",
                "necessary": True,
                "title": "Basics",
                "purpose": "What the site needs.",
                "service": [
                    {
                        "id": "session",
                        "name": "Sign-in session",
                        "provider": "Meridian Interfaces Ltd",
                        "purpose": "Keeps you signed in.",
                        "reason": "Nobody could sign in without it.",
                        "cookies": [{"name": "session", "duration": "session"}],
                    }
                ],
            },
            {
                "id": "analytics",
                "title": "Analytics",
                "purpose": "Counts.",
                "service": [
                    {
                        "id": "page-counter",
                        "name": "Page counter",
                        "provider": "Counter Ltd",
                        "purpose": "Counts pages.",
                        "policy": "https://counter.example/privacy",
                        "cookies": [
                            {"name": "mon_*", "duration": 30},
                            {"name": "seen.*", "kind": "local", "duration": "until-deleted"},
                            {"name": "tab", "kind": "session", "duration": "session"},
                            {
                                "name": "pv",
                                "kind": "third-party",
                                "domain": "counter.example",
                                "duration": 1,
                            },
                        ],
                    },
                    {
                        "id": "heat-map",
                        "name": "Heat map",
                        "provider": "Meridian Interfaces Ltd",
                        "purpose": "Shows where people click.",
                        "status": "planned",
                    },
                ],
            },
        ],
    } | changes


def banner_config(**changes: Any) -> BannerConfig:
    return from_document(banner_document(**changes))


def in_languages(*languages: str, **changes: Any) -> dict[str, Any]:
    """The same in several languages; its own texts begin with the language, but for the default."""
    default, *others = languages
    raw = banner_document(languages={"available": list(languages)}, **changes)

    def spread(table: dict[str, Any], *keys: str) -> None:
        for key in keys:
            if key in table and others:
                text = table[key]
                table[key] = {default: text} | {each: f"{each}: {text}" for each in others}

    for category in raw["category"]:
        spread(category, "title", "purpose")
        for service in category["service"]:
            spread(service, "name", "purpose", "reason")
    return raw
