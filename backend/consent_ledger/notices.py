# SPDX-License-Identifier: MIT
"""Publishing: from then on records may name a notice and a build, and all can tell since when."""

import json
from dataclasses import dataclass
from typing import Any

from consent_banner import canonical
from consent_banner.notice import Notice as NoticeDocument
from marshmallow import ValidationError

from consent_ledger.batch import Batch
from consent_ledger.db import Database
from consent_ledger.errors import NoticeUnknown, PublicationConflict
from consent_ledger.models import Notice, Publication
from consent_ledger.timestamps import moment
from consent_ledger.tlog import entry

PUBLICATION_SCHEMA = "consent-ledger/publication/v1"
REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Published:
    """What the publisher is told; *created* is false when it was published before."""

    notice: str
    build: str
    index: int
    published_ms: int
    created: bool

    def to_dict(self) -> dict[str, object]:
        return {
            "notice": self.notice,
            "build": self.build,
            "index": self.index,
            "published_at": moment(self.published_ms),
        }


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

    def apply(self, batch: Batch) -> Published:
        """Appends a public entry of kind 16 and stores the notice, unless it is in force already.

        An older build is put in force again by that: undoing is publishing.
        Raises: SiteUnknown; PublicationConflict when the build was published with other hashes.
        """
        head = batch.head(self.site)
        build, config = bytes.fromhex(self.build), bytes.fromhex(self.config)
        notice = bytes.fromhex(self.notice.sha256)
        same = self._newest(batch, build)
        if same is not None and same[3:7] != (build, notice, config, self.integrity):
            raise PublicationConflict(
                f"build {self.build} was published with another notice, configuration or "
                "script; build again, so that it has its own hash"
            )
        if same is not None and same == self._newest(batch):
            _, _, index, *_, published_ms = same
            return Published(self.notice.sha256, self.build, index, published_ms, created=False)
        body = canonical.dumps(
            {
                "schema": PUBLICATION_SCHEMA,
                "notice": self.notice.sha256,
                "build": self.build,
                "config": self.config,
                "integrity": self.integrity,
                "published_at": moment(head.time_ms),
            }
        )
        data = entry.public_entry(entry.Kind.NOTICE, body)
        known = batch.one(
            Notice.select(Notice.site).where(
                (Notice.site == self.site) & (Notice.notice == notice)
            ),
        ) or any(row[:2] == (self.site, notice) for row in batch.waiting(Notice))
        index = head.append(data)
        if not known:
            batch.add_row(Notice, self.site, notice, self.notice.canonical)
        batch.add_row(
            Publication,
            self.site,
            head.generation,
            index,
            build,
            notice,
            config,
            self.integrity,
            head.time_ms,
        )
        return Published(self.notice.sha256, self.build, index, head.time_ms, created=True)

    def _newest(self, batch: Batch, build: bytes | None = None) -> tuple[Any, ...] | None:
        """The row of the site's newest publication, or of the newest with this *build*."""
        found: tuple[Any, ...] | None
        for found in reversed(batch.waiting(Publication)):
            if found[0] == self.site and (build is None or found[3] == build):
                return found
        query = Publication.select().where(Publication.site == self.site)
        if build is not None:
            query = query.where(Publication.build == build)
        query = query.order_by(Publication.generation.desc(), Publication.entry_index.desc())
        found = batch.one(query)
        return found


def check_publication(site: str, notice: NoticeDocument, build: dict[str, Any]) -> Publish:
    """A publication out of a valid notice and a build that `BuildSchema` loaded.

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
    return Publish(site, notice, build["build"], build["config"], build["script"]["integrity"])


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


class Publications:
    """Parsed notices by site and build; what was published stays, so it is remembered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[str, str, str], NoticeDocument] = {}

    def notice(self, site: str, notice: str, build: str) -> NoticeDocument:
        """The notice that was published together with *build*. Raises: NoticeUnknown."""
        known = self._known.get((site, notice, build))
        if known is None:
            known = self._read(site, notice, build)
            if len(self._known) >= REMEMBERED:
                self._known.clear()  # rare, and cheaper than keeping an order
            self._known[site, notice, build] = known
        return known

    def _read(self, site: str, notice: str, build: str) -> NoticeDocument:
        row = (
            Notice.select(Notice.document)
            .join(
                Publication,
                on=((Publication.site == Notice.site) & (Publication.notice == Notice.notice)),
            )
            .where(
                (Publication.site == site)
                & (Publication.build == bytes.fromhex(build))
                & (Publication.notice == bytes.fromhex(notice))
            )
            .tuples()
            .first(self._database)
        )
        if row is None:
            raise NoticeUnknown(
                f"site {site!r} has not published notice {notice} with build {build}"
            )
        return NoticeDocument.load(json.loads(bytes(row[0])))
