# SPDX-License-Identifier: MIT
"""What was published, newest first: the newest is in force, the others say what was before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from consent_ledger.db import Database
from consent_ledger.errors import PublicationUnknown, ScreenshotUnknown
from consent_ledger.models import Entry, Publication, Screenshot
from consent_ledger.sites import get_site
from consent_ledger.timestamps import moment
from consent_ledger.tlog.entry import PublicEntry, parse_entry

PUBLICATIONS_SCHEMA = "consent-ledger/publications/v1"
PAGE = 100


@dataclass(frozen=True, slots=True)
class Published:
    """A publication's entry and its place; *created* is false when it was in force already."""

    generation: int
    index: int
    body: dict[str, Any]
    created: bool = True

    def to_dict(self) -> dict[str, Any]:
        """What the entry says (without its schema), and where it stands in the site's log."""
        known = {key: value for key, value in self.body.items() if key != "schema"}
        return {"screenshots": [], **known, "generation": self.generation, "index": self.index}


def publication_body(
    notice: str,
    build: str,
    config: str,
    integrity: str,
    published_ms: int,
    screenshots: list[dict[str, str]],
) -> dict[str, Any]:
    """The document of a publication's entry; hashes are hexadecimal, *integrity* is an SRI hash."""
    return {
        "schema": "consent-ledger/publication/v1",
        "notice": notice,
        "build": build,
        "config": config,
        "integrity": integrity,
        "published_at": moment(published_ms),
        "screenshots": sorted(screenshots, key=lambda each: (each["device"], each["layer"])),
    }


def read_body(entry: bytes) -> dict[str, Any]:
    """The document of a publication's entry."""
    parsed = parse_entry(entry)
    if not isinstance(parsed, PublicEntry):
        raise AssertionError("read_body: a publication names an entry that is not public")
    body: dict[str, Any] = json.loads(parsed.body)
    return body


def stored_publications(site: str) -> Any:
    """A query for generation, index and entry of each publication, newest first."""
    return (
        Publication.select(Publication.generation, Publication.entry_index, Entry.entry)
        .join(
            Entry,
            on=(
                (Entry.site == Publication.site)
                & (Entry.generation == Publication.generation)
                & (Entry.entry_index == Publication.entry_index)
            ),
        )
        .where(Publication.site == site)
        .order_by(Publication.generation.desc(), Publication.entry_index.desc())
    )


def list_publications(
    database: Database, site: str, limit: int = PAGE, page: str | None = None
) -> dict[str, Any]:
    """A page of publications, newest first; `next` continues it, or is None.

    Raises: SiteUnknown.
    """
    get_site(database, site)
    query = stored_publications(site).limit(limit + 1)
    if page is not None:
        generation, index = map(int, page.split("-"))
        query = query.where(
            (Publication.generation < generation)
            | ((Publication.generation == generation) & (Publication.entry_index < index))
        )
    rows = list(query.tuples().execute(database))
    more, rows = len(rows) > limit, rows[:limit]
    return {
        "schema": PUBLICATIONS_SCHEMA,
        "site": site,
        "publications": [
            Published(generation, index, read_body(bytes(entry))).to_dict()
            for generation, index, entry in rows
        ],
        "next": f"{rows[-1][0]}-{rows[-1][1]}" if more else None,
    }


def all_publications(read: Callable[[str | None], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every publication, newest first; *read* gets the page that it is given."""
    page: str | None = None
    while True:
        answer = read(page)
        yield from answer["publications"]
        page = answer["next"]
        if page is None:
            return


def before(site: str, publications: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The newest publication of another build than the one in force, out of all of *site*.

    Raises: PublicationUnknown when there is none to go back to.
    """
    newest = next(publications, None)
    if newest is None:
        raise PublicationUnknown(f"site {site!r} has published nothing yet")
    for found in publications:
        if found["build"] != newest["build"]:
            return found
    raise PublicationUnknown(
        f"site {site!r} has published one build only, so there is none to go back to"
    )


def read_screenshot(database: Database, site: str, digest: str) -> bytes:
    """The PNG file with this SHA-256 (hex). Raises: ScreenshotUnknown."""
    row = (
        Screenshot.select(Screenshot.image)
        .where((Screenshot.site == site) & (Screenshot.sha256 == bytes.fromhex(digest)))
        .tuples()
        .first(database)
    )
    if row is None:
        raise ScreenshotUnknown(f"site {site!r} has published no screenshot {digest}")
    return bytes(row[0])
