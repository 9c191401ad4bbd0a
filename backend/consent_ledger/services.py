# SPDX-License-Identifier: MIT
"""What an application is made of, handed to its views in one piece."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import current_app

from consent_ledger.committer import Committer
from consent_ledger.config import Settings
from consent_ledger.db import Database
from consent_ledger.eraser import Eraser
from consent_ledger.housekeeping import Housekeeping
from consent_ledger.journal import Journal
from consent_ledger.notices import Publications
from consent_ledger.publishing import PublishedHeads
from consent_ledger.sites import SiteOrigins

EXTENSION = "consent-ledger"


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    committer: Committer
    clock: Callable[[], int]
    origins: SiteOrigins = field(init=False)
    publications: Publications = field(init=False)
    published: PublishedHeads = field(init=False)
    eraser: Eraser = field(init=False)
    housekeeping: Housekeeping = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "origins", SiteOrigins(self.database))
        object.__setattr__(self, "publications", Publications(self.database))
        journal = Journal.open(self.settings.data)
        published = PublishedHeads(journal, self.settings.checkpoint_interval)
        object.__setattr__(self, "published", published)
        eraser = Eraser(self.database, self.committer.submit, journal)
        object.__setattr__(self, "eraser", eraser)
        housekeeping = Housekeeping(self.database, eraser, self.settings, self.clock)
        object.__setattr__(self, "housekeeping", housekeeping)

    def start(self) -> None:
        """Starts the threads that write and keep house."""
        self.committer.start()
        self.housekeeping.start()

    def close(self) -> None:
        """Writes and answers what is queued, then closes the database."""
        self.housekeeping.close()
        self.committer.close()
        self.database.close_all()


def services() -> Services:
    """Those of the application that handles the current request."""
    found: Services = current_app.extensions[EXTENSION]
    return found
