# SPDX-License-Identifier: MIT
"""From the configuration to what a visitor is told: texts filled in, categories, the notice."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from consent_banner import locales
from consent_banner.checks import OWN_CATEGORY, OWN_SERVICE
from consent_banner.config import BannerConfig, Category, Cookie, Service
from consent_banner.notice import SCHEMA, Notice, asks_revision
from consent_banner.tables import OWN_STORES

Texts = dict[str, dict[str, str]]
"""Every text by language and key."""


def texts(config: BannerConfig) -> Texts:
    """The owner's texts, else the built-in ones, with their placeholders filled."""
    found: Texts = {}
    for language in config.languages:
        plain = {**locales.builtin(language), **config.texts.get(language, {})}
        plain = {key: locales.with_isolated_values(text, language) for key, text in plain.items()}
        titles = [category.title[language] for category in config.categories if category.asked]
        values = {
            "controller": config.controller.name,
            "site": config.site.name,
            "categories": locales.join_words(titles, plain["and"]),
            "days": str(config.lifetime_days),
        }
        found[language] = {
            key: text if key in locales.LATER else locales.fill(text, values)
            for key, text in sorted(plain.items())
        }
    return found


def categories(config: BannerConfig, all_texts: Texts) -> tuple[Category, ...]:
    """The owner's categories, and in the first necessary one the service for the choice itself."""

    def own(key: str) -> dict[str, str]:
        return {language: words[key] for language, words in all_texts.items()}

    cookies = [Cookie(name, "cookie", None, config.lifetime_days) for name in OWN_STORES["cookie"]]
    if config.ledger_url:
        cookies += [Cookie(name, "local", None, "until-deleted") for name in OWN_STORES["local"]]
    service = Service(
        id=OWN_SERVICE,
        name=own("selfName"),
        provider=config.controller.name,
        purpose=own("selfPurpose" if config.ledger_url else "selfPurposeNoLedger"),
        reason=own("selfReason"),
        policy=None,
        status="active",
        sale_or_share=False,
        cookies=tuple(cookies),
    )
    found = list(config.categories)
    for place, category in enumerate(found):
        if category.necessary:
            found[place] = Category(
                category.id, True, category.title, category.purpose, (*category.services, service)
            )
            return tuple(found)
    made = Category(OWN_CATEGORY, True, own("necessaryTitle"), own("necessaryPurpose"), (service,))
    return (made, *found)


def notice(config: BannerConfig) -> Notice:
    """The notice of *config*, checked by the same schema that the ledger uses."""
    all_texts = texts(config)
    return Notice.load(
        {
            "schema": SCHEMA,
            "site": {
                "id": config.site.id,
                "name": config.site.name,
                "cookies_policy": config.site.cookies_policy,
                "privacy_policy": config.site.privacy_policy,
                "updated": config.site.updated,
            },
            "controller": {"name": config.controller.name, "address": config.controller.address},
            "contacts": config.contacts,
            "languages": list(config.languages),
            "default_language": config.default_language,
            "lifetime_days": config.lifetime_days,
            "ledger": config.ledger_url,
            "texts": all_texts,
            "categories": [
                _category(category, config.default_language)
                for category in categories(config, all_texts)
            ],
            "changes": [asdict(change) for change in config.changes],
        }
    )


def _category(category: Category, default: str) -> dict[str, Any]:
    return {
        "id": category.id,
        "asked": category.asked,
        "title": category.title,
        "purpose": category.purpose,
        "services": [_service(service, category, default) for service in category.services],
    }


def _service(service: Service, category: Category, default: str) -> dict[str, Any]:
    asks = None
    if category.asked and service.active:
        asks = asks_revision(
            category.id, service.provider, service.purpose[default], service.sale_or_share
        )
    return {
        "id": service.id,
        "name": service.name,
        "provider": service.provider,
        "purpose": service.purpose,
        "reason": service.reason if category.necessary else None,
        "policy": service.policy,
        "status": service.status,
        "sale_or_share": service.sale_or_share,
        "asks": asks,
        "cookies": [
            {
                "name": cookie.name,
                "kind": cookie.kind,
                "domain": cookie.domain,
                "duration": cookie.duration,
            }
            for cookie in service.cookies
        ],
    }
