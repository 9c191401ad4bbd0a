# SPDX-License-Identifier: MIT
"""The cookie declaration: what every service keeps in the browser, as accessible HTML tables.

It says what the notice says, in the notice's words, so the page and the banner cannot disagree.
"""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from consent_banner import locales
from consent_banner.notice import Notice

COLUMNS = ("Name", "Provider", "Purpose", "Duration", "Category", "Policy")


def html(notice: Notice, language: str) -> str:
    """A piece of HTML for the body of a page, ending in a line end. Headings begin at h3."""
    document = notice.document
    words = document["texts"][language]
    lines = [f'<div class="consent-declaration" {locales.marks(language)}>']
    for category in document["categories"]:
        lines += _category(category, document["site"], language, words)
    lines += _changes(notice, language, words)
    lines += [
        _updated(notice, words),
        "</div>",
    ]
    return "\n".join(lines) + "\n"


def _changes(notice: Notice, language: str, words: Mapping[str, str]) -> Iterator[str]:
    """The newest first, as people read news."""
    if not notice.changes:
        return
    yield f'<h3 id="consent-changes">{escape(words["declarationChanges"])}</h3>'
    yield '<ul class="consent-changes">'
    for change in reversed(notice.changes):
        cause = change["cause"].title().replace("_", "")
        yield (
            f"<li>{_day(change['date'])} "
            f"<b>{escape(words['declarationChange' + cause])}</b>: "
            f"{escape(change['text'][language])}</li>"
        )
    yield "</ul>"


def _updated(notice: Notice, words: Mapping[str, str]) -> str:
    day = _day(notice.document["site"]["updated"])
    return (
        f'<p class="consent-updated">{escape(words["declarationUpdated"])}: '
        f"{day}. {escape(words['declarationNotice'])}: "
        f'<code class="consent-notice" dir="ltr">{notice.sha256}</code></p>'
    )


def _day(day: str) -> str:
    # After Arabic letters its three numbers would stand in reverse.
    return f'<time datetime="{escape(day)}" dir="ltr">{escape(day)}</time>'


def _category(
    category: Mapping[str, Any], site: Mapping[str, Any], language: str, words: Mapping[str, str]
) -> Iterator[str]:
    heading = f"consent-category-{category['id']}"
    yield f'<section class="consent-category" aria-labelledby="{heading}">'
    yield f'<h3 id="{heading}">{escape(category["title"][language])}</h3>'
    yield f"<p>{escape(category['purpose'][language])}</p>"
    # A wide table scrolls inside its own box, which the keyboard reaches too.
    yield f'<div class="consent-scroll" role="group" aria-labelledby="{heading}" tabindex="0">'
    yield '<table class="consent-table">'
    heads = "".join(f'<th scope="col">{escape(words["declaration" + c])}</th>' for c in COLUMNS)
    yield f"<thead><tr>{heads}</tr></thead>"
    for service in category["services"]:
        yield f'<tbody id="consent-service-{service["id"]}">'
        # A service that keeps nothing is still told.
        for cookie in service["cookies"] or [None]:
            yield _row(category, service, cookie, site, language, words)
        yield "</tbody>"
    yield "</table>"
    yield "</div>"
    yield "</section>"


def _row(
    category: Mapping[str, Any],
    service: Mapping[str, Any],
    cookie: Mapping[str, Any] | None,
    site: Mapping[str, Any],
    language: str,
    words: Mapping[str, str],
) -> str:
    name = length = escape(words["declarationNone"])
    if cookie is not None:
        name = f'<code dir="ltr">{escape(cookie["name"])}</code> '
        name += escape(words[_kind_key(cookie["kind"])])
        if cookie["domain"]:
            name += f" (<bdi>{escape(cookie['domain'])}</bdi>)"
        length = escape(duration(cookie["duration"], words))
    purpose = f"{escape(service['name'][language])}: {escape(service['purpose'][language])}"
    if service["reason"]:
        reason = f"{words['declarationReason']}: {service['reason'][language]}"
        purpose += f' <span class="consent-reason">{escape(reason)}</span>'
    if service["status"] == "planned":
        planned = escape(words["declarationPlanned"])
        purpose += f' <strong class="consent-planned">{planned}</strong>'
    cells = [
        f"<bdi>{escape(service['provider'])}</bdi>",
        purpose,
        length,
        escape(category["title"][language]),
        _policy(service, site, words),
    ]
    return f'<tr><th scope="row">{name}</th>' + "".join(f"<td>{c}</td>" for c in cells) + "</tr>"


def _kind_key(kind: str) -> str:
    return {
        "cookie": "declarationCookie",
        "third-party": "declarationThirdParty",
        "local": "declarationLocal",
        "session": "declarationSessionStorage",
    }[kind]


def duration(value: str | int, words: Mapping[str, str]) -> str:
    """How long a cookie or key lives, in words."""
    if value == "session":
        return words["declarationSession"]
    if value == "until-deleted":
        return words["declarationUntilDeleted"]
    if value == 1:
        return words["declarationDay"]
    return locales.fill(words["declarationDays"], {"days": str(value)})


def _policy(service: Mapping[str, Any], site: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """A link whose text alone says where it leads; the site's policy covers its own services."""
    policy = service["policy"] or site["privacy_policy"]
    text = f"{escape(words['declarationPolicy'])} (<bdi>{escape(service['provider'])}</bdi>)"
    return f'<a href="{escape(policy)}">{text}</a>'
