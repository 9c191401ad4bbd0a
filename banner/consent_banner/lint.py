# SPDX-License-Identifier: MIT
"""What `consent-banner check` warns of: settings that are allowed, and yet may surprise."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from consent_banner import locales, review, rules
from consent_banner.config import BannerConfig, Look, Service


def warnings(config: BannerConfig) -> list[str]:
    """What is allowed and yet may surprise, one sentence each."""
    found: list[str] = []
    for category in config.categories:
        if not category.necessary and not category.asked:
            found.append(f'category "{category.id}" has only planned services: it is not asked')
        for service in category.services:
            found += [
                f'service "{service.id}" {text}' for text in _odd(service, category.necessary)
            ]
    if not any(category.asked for category in config.categories):
        found.append("nothing is asked: the banner never shows")
    found += _shared_stores(config)
    found += _signals(config)
    if config.ledger_url and config.ledger_url.startswith("http:"):
        secure = [origin for origin in config.site.origins if origin.startswith("https:")]
        if secure:
            found.append(f"{secure[0]} is https and the ledger is http: browsers will not send")
    for origin in config.site.origins:
        host = urlsplit(origin).hostname or ""
        if origin.startswith("http:") and not rules.is_local_host(host):
            found.append(f"{origin} is http: the choice's cookie is sent without protection")
    found += _look(config.look)
    found += _unreviewed(config)
    return found


def _odd(service: Service, necessary: bool) -> Iterator[str]:
    if service.sale_or_share:
        yield "sells or shares personal data: some laws ask for more than consent"
    if service.reason is not None and not necessary:
        yield "has a reason, but only a necessary service shows one"


def _signals(config: BannerConfig) -> Iterator[str]:
    if config.sold and not config.follows_gpc:
        yield (
            f'signals.gpc is false, and "{config.sold[0].id}" sells or shares: some laws bind a '
            "site to follow a browser's opt-out signal"
        )
    google = config.signals.google
    if google and not google.types:
        yield "signals.google names no type: Google's tags are never told of a consent"
    if google and not google.wait_ms:
        yield (
            "signals.google.wait_for_update is 0: with an async tag, Google's tags run before "
            "they are told of a stored choice; use the tag without async, after the inline script"
        )


def _shared_stores(config: BannerConfig) -> Iterator[str]:
    owner: dict[tuple[str, str, str | None], str] = {}
    for category in config.categories:
        for service in category.services:
            for cookie in service.cookies:
                key = (cookie.kind, cookie.name, cookie.domain)
                first = owner.setdefault(key, service.id)
                if first != service.id:
                    yield (
                        f'"{cookie.name}" is declared by "{first}" and "{service.id}": '
                        "refusing either deletes it"
                    )


def _unreviewed(config: BannerConfig) -> Iterator[str]:
    languages = review.unreviewed(config)
    if languages:
        tables = ", ".join(f"[texts.{language}]" for language in languages)
        yield (
            f"no native speaker has reviewed the texts that come with the product in "
            f"{locales.join_words(languages, 'and')}: read them, and put better ones in {tables}"
        )


def _look(look: Look) -> Iterator[str]:
    """What people could not read is an error: see `contrast`."""
    if look.headless:
        rest = {"dark": look.dark, "theme": look.theme != "auto"}
        idle = [*look.light, *(name for name, value in rest.items() if value)]
        if idle:
            yield f"look.headless is true: without a style sheet {', '.join(idle)} does nothing"
    elif look.dark and look.theme == "light":
        yield 'look.theme is "light": look.dark is never shown'
