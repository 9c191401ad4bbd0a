# SPDX-License-Identifier: MIT
"""Publishing: from then on records may name a build and its notice, and all can tell since when."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from consent_banner import canonical
from consent_banner.notice import Notice as NoticeDocument
from marshmallow import ValidationError

from consent_ledger import models
from consent_ledger.batch import Batch
from consent_ledger.db import Database
from consent_ledger.errors import NoticeUnknown, PublicationConflict, PublicationUnknown
from consent_ledger.heads import Head
from consent_ledger.models import Notice, Publication
from consent_ledger.publications import (
    Published,
    publication_body,
    read_body,
    stored_publications,
)
from consent_ledger.schemas.fields import BUILD_DIGITS
from consent_ledger.screenshots import Screenshot
from consent_ledger.tlog import entry

REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Publish:
    """A notice and the build that shows it, checked and waiting for their place in the log.

    Hashes are lower-case hexadecimal; *integrity* is the script's SRI hash.
    """

    site: str
    notice: NoticeDocument
    build: str
    config: str
    integrity: str
    screenshots: tuple[Screenshot, ...] = ()

    def apply(self, batch: Batch) -> Published:
        """Appends a public entry of kind 16 and stores the notice, unless it is in force already.

        An older build is put in force again by that: undoing is publishing. Without screenshots it
        keeps those that it had; what is in force already keeps them in any case.
        Raises: SiteUnknown; PublicationConflict when the build was published with other hashes,
            or when another begins with the digits that decisions may name this one by.
        """
        head = batch.head(self.site)
        facts = (self.notice.sha256, self.build, self.config, self.integrity)
        same = _newest(batch, head, self.build)
        if same is not None and _facts(same) != facts:
            raise PublicationConflict(
                f"build {self.build} was published with another notice, configuration or "
                "script; build again, so that it has its own hash"
            )
        twin = _twin(batch, self.site, self.build) if same is None else None
        if twin is not None:
            raise PublicationConflict(
                f"build {self.build} begins with the same {BUILD_DIGITS} digits as build {twin}, "
                "which this site has published, and decisions name a build by them; change "
                "something in the configuration and build again"
            )
        if same is not None and same == _newest(batch, head):
            return same
        _keep(batch, Notice, self.site, bytes.fromhex(self.notice.sha256), self.notice.canonical)
        for picture in self.screenshots:
            _keep(batch, models.Screenshot, self.site, picture.digest, picture.image)
        names = [picture.to_dict() for picture in self.screenshots]
        if not names and same is not None:
            names = same.to_dict()["screenshots"]
        return _append(batch, head, facts, names)


@dataclass(frozen=True, slots=True)
class PutInForce:
    """A build that was published before, to be put in force again as it was."""

    site: str
    build: str

    def apply(self, batch: Batch) -> Published:
        """Appends its publication once more, unless it is in force already.

        Raises: SiteUnknown; PublicationUnknown when it was never published.
        """
        head = batch.head(self.site)
        same = _newest(batch, head, self.build)
        if same is None:
            raise PublicationUnknown(f"site {self.site!r} has published no build {self.build}")
        if same == _newest(batch, head):
            return same
        return _append(batch, head, _facts(same), same.to_dict()["screenshots"])


Facts = tuple[str, str, str, str]
"""Notice, build and configuration as hexadecimal hashes, and the script's SRI hash."""


def _facts(published: Published) -> Facts:
    body = published.body
    return body["notice"], body["build"], body["config"], body["integrity"]


def _append(batch: Batch, head: Head, facts: Facts, names: list[dict[str, str]]) -> Published:
    notice, build, config, integrity = facts
    body = publication_body(notice, build, config, integrity, head.time_ms, names)
    index = head.append(entry.public_entry(entry.Kind.NOTICE, canonical.dumps(body)))
    batch.add_row(
        Publication,
        head.site,
        head.generation,
        index,
        bytes.fromhex(build),
        bytes.fromhex(notice),
        bytes.fromhex(config),
        integrity,
        head.time_ms,
    )
    return Published(head.generation, index, body)


def _newest(batch: Batch, head: Head, build: str | None = None) -> Published | None:
    """The site's newest publication, or the newest of this *build*; it was there before."""
    wanted = None if build is None else bytes.fromhex(build)
    for row in reversed(batch.waiting(Publication)):
        if row[0] == head.site and wanted in (None, row[3]):
            data = head.appended[row[2] - head.stored_size]
            return Published(row[1], row[2], read_body(data), created=False)
    query = stored_publications(head.site)
    if wanted is not None:
        query = query.where(Publication.build == wanted)
    row = batch.one(query)
    return row and Published(row[0], row[1], read_body(bytes(row[2])), created=False)


def _twin(batch: Batch, site: str, build: str) -> str | None:
    """Another build of *site* that begins with the digits by which *build* may be named."""
    digits, own = build[:BUILD_DIGITS], bytes.fromhex(build)
    for row in batch.waiting(Publication):
        if row[0] == site and row[3] != own and row[3].hex().startswith(digits):
            return str(row[3].hex())
    query = Publication.select(Publication.build).where(
        _begins(site, digits) & (Publication.build != own)
    )
    row = batch.one(query)
    return row and bytes(row[0]).hex()


def _begins(site: str, digits: str) -> Any:
    """Whether a publication is of *site* and its build, of 64 digits, begins with these.

    The range is that of the index of site and build.
    """
    low, high = (bytes.fromhex(digits.ljust(64, end)) for end in "0f")
    return (Publication.site == site) & (Publication.build >= low) & (Publication.build <= high)


def _keep(batch: Batch, table: type[models.Table], site: str, digest: bytes, data: bytes) -> None:
    """Adds a row of *table*, whose key is site and hash, unless it is stored or waits already."""
    if any(row[:2] == (site, digest) for row in batch.waiting(table)):
        return
    where = table._meta.primary_key == (site, digest)
    if batch.one(table.select().where(where)) is None:
        batch.add_row(table, site, digest, data)


def check_publication(
    site: str,
    notice: NoticeDocument,
    build: dict[str, Any],
    screenshots: Sequence[Screenshot] = (),
) -> Publish:
    """A publication out of a valid notice and what `PublicationSchema` loaded besides.

    Raises: marshmallow.ValidationError when they do not belong to each other or to *site*.
    """
    errors: dict[str, dict[str, list[str]]] = {}
    if notice.site_id != site:
        errors["notice"] = {"site.id": [f"found {notice.site_id!r}, expected {site!r}"]}
    if build["notice"] != notice.sha256:
        errors["build"] = {
            "notice": [f"found {build['notice']}, expected {notice.sha256}, the notice's own hash"]
        }
    if errors:
        raise ValidationError(errors)
    integrity = build["script"]["integrity"]
    return Publish(site, notice, build["build"], build["config"], integrity, tuple(screenshots))


def read_notice(database: Database, site: str, notice: str) -> bytes:
    """The notice's bytes. Raises: NoticeUnknown."""
    row = (
        Notice.select(Notice.document)
        .where((Notice.site == site) & (Notice.notice == bytes.fromhex(notice)))
        .tuples()
        .first(database)
    )
    if row is None:
        raise NoticeUnknown(f"site {site!r} has published no notice {notice}")
    return bytes(row[0])


class Shown(NamedTuple):
    """A published build as all 64 digits of its hash, and the notice that it shows."""

    build: str
    notice: NoticeDocument


class Publications:
    """Builds and their parsed notices; what was published stays, so it is remembered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[str, str], Shown] = {}

    def shown(self, site: str, digits: str) -> Shown:
        """What the site's build that begins with *digits*, 16 to 64 of them, shows.

        Raises: NoticeUnknown.
        """
        known = self._known.get((site, digits))
        if known is None:
            known = self._read(site, digits)
            if len(self._known) >= REMEMBERED:
                self._known.clear()  # rare, and cheaper than keeping an order
            self._known[site, digits] = known
        return known

    def _read(self, site: str, digits: str) -> Shown:
        row = (
            Publication.select(Publication.build, Notice.document)
            .join(
                Notice,
                on=((Notice.site == Publication.site) & (Notice.notice == Publication.notice)),
            )
            .where(_begins(site, digits))
            .tuples()
            .first(self._database)
        )
        if row is None:
            raise NoticeUnknown(f"site {site!r} has published no build that begins with {digits}")
        return Shown(bytes(row[0]).hex(), NoticeDocument.load(json.loads(bytes(row[1]))))
