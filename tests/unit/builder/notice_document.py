# SPDX-License-Identifier: MIT
"""A small valid notice document for tests to break."""

from typing import Any


def notice_document() -> dict[str, Any]:
    return {
        "schema": "consent-ledger/notice/v1",
        "site": {
            "id": "meridian",
            "name": "Meridian API",
            "cookies_policy": "/cookies.html",
            "privacy_policy": "https://meridian.example/privacy",
            "updated": "2026-11-21",
        },
        "controller": {"name": "Meridian Interfaces Ltd", "address": "1 Quay Street, Dublin"},
        "contacts": {"privacy": "privacy@meridian.example"},
        "languages": ["en", "fr"],
        "default_language": "en",
        "lifetime_days": 180,
        "ledger": "http://ledger.localhost:8470",
        "texts": {"en": {"title": "Cookies"}, "fr": {"title": "Cookies"}},
        "categories": [
            {
                "id": "necessary",
                "asked": False,
                "title": {"en": "Necessary", "fr": "Nécessaires"},
                "purpose": {"en": "To work", "fr": "Fonctionner"},
                "services": [
                    _service("session", reason={"en": "Sign-in", "fr": "Connexion"}, asks=None)
                ],
            },
            {
                "id": "analytics",
                "asked": True,
                "title": {"en": "Analytics", "fr": "Statistiques"},
                "purpose": {"en": "Counting", "fr": "Compter"},
                "services": [
                    _service("page-counter"),
                    _service("heat-map", status="planned", asks=None),
                ],
            },
        ],
    }


def _service(identifier: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": {"en": "Service", "fr": "Service"},
        "provider": "Meridian Interfaces Ltd",
        "purpose": {"en": "Purpose", "fr": "But"},
        "reason": None,
        "policy": None,
        "status": "active",
        "sale_or_share": False,
        "asks": "3f2a1c",
        "cookies": [{"name": "mon_*", "kind": "cookie", "domain": None, "duration": 30}],
    } | changes
