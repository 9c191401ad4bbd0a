# SPDX-License-Identifier: MIT
"""The piece of HTML for a page "your choices": what choices.js fills in, readable without it too.

It shows what is in force, the decisions of this browser with their receipts, and "forget me".
"""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from consent_banner import locales
from consent_banner.notice import Notice

VERIFY = "consent-ledger verify receipt.json --key KEY"


def html(notice: Notice, language: str) -> str:
    """A piece of HTML for the body of a page, ending in a line end. Headings begin at h2."""
    words = notice.document["texts"][language]

    def text(key: str) -> str:
        return escape(words[key])

    lines = [
        f'<div class="consent-page" id="consent-page" {locales.marks(language)}>',
        f'<p class="consent-note" role="status">{text("choicesNoScript")}</p>',
        f'<h2 id="consent-now">{text("choicesNow")}</h2>',
        # A table in a narrow window scrolls inside its own box, which the keyboard reaches too.
        '<div class="consent-scroll" role="group" aria-labelledby="consent-now" tabindex="0">',
        '<table class="consent-state">',
        f'<thead><tr><th scope="col">{text("choicesService")}</th>'
        f'<th scope="col">{text("choicesState")}</th></tr></thead>',
        *(
            row
            for category in notice.document["categories"]
            for row in _rows(category, language, words)
        ),
        "</table>",
        "</div>",
        f'<p><button type="button" data-consent-open hidden>{text("choicesChange")}</button></p>',
        f"<h2>{text('choicesHistory')}</h2>",
        '<p class="consent-history-note" role="status"></p>',
        # Without its marks a list is no list to some screen readers, unless it says so.
        '<ul class="consent-history" role="list"></ul>',
        f"<p>{_button('consent-older', text('choicesOlder'))}</p>",
        f"<h2>{text('choicesCheck')}</h2>",
        f"<p>{text('choicesCheckText')}</p>",
        f'<p><code dir="ltr">{escape(VERIFY)}</code></p>',
        f"<h2>{text('choicesForget')}</h2>",
        f"<p>{text('choicesForgetText')}</p>",
        f"<p>{_button('consent-forget-me', text('choicesForget'))}</p>",
        '<div class="consent-forgotten"></div>',
        "</div>",
    ]
    return "\n".join(lines) + "\n"


def _button(name: str, label: str) -> str:
    """A button that the script shows once it can be used."""
    return f'<button type="button" class="{name}" hidden>{label}</button>'


def _rows(category: Mapping[str, Any], language: str, words: Mapping[str, str]) -> Iterator[str]:
    active = [service for service in category["services"] if service["status"] == "active"]
    if not active:
        return
    title = escape(category["title"][language])
    yield f'<tbody><tr class="consent-group"><th scope="rowgroup" colspan="2">{title}</th></tr>'
    for service in active:
        provider = f'<span dir="auto">{escape(service["provider"])}</span>'
        name = f"{escape(service['name'][language])} {provider}"
        state = f"<td>{escape(words['choicesAlways'])}</td>"
        if service["asks"]:
            state = f'<td data-consent-state="{service["id"]}">…</td>'
        yield f'<tr><th scope="row">{name}</th>{state}</tr>'
    yield "</tbody>"
