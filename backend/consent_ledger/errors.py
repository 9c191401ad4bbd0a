# SPDX-License-Identifier: MIT
# ruff: noqa: N818 - the families are named after what happened, and LedgerError is their base
"""What can go wrong, in families that know their HTTP status and a stable code."""

from typing import ClassVar


class LedgerError(Exception):
    """Base of everything the ledger refuses; the message is one sentence for a person."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong here"

    def __init__(self, detail: str, *, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields


class SetupError(LedgerError):
    """The operator has something to do first: initialise, free a port, correct a setting."""

    code = "setup"
    title = "The ledger cannot start"


class NoScreenshots(SetupError):
    """The banner cannot be photographed on this machine; the sentence says what is missing."""

    code = "no_screenshots"
    title = "No screenshots can be taken"


class InvalidRequest(LedgerError):
    status = 400
    code = "invalid_request"
    title = "The request cannot be read"


class InvalidFields(InvalidRequest):
    status = 422
    code = "invalid_fields"
    title = "Some fields are not as expected"


class BodyTooLarge(InvalidRequest):
    status = 413
    code = "body_too_large"
    title = "The body is too large"


class UnsupportedType(InvalidRequest):
    status = 415
    code = "unsupported_type"
    title = "The body has another type than this route reads"


class NotAllowed(LedgerError):
    status = 403
    code = "not_allowed"
    title = "Not allowed"


class Unauthenticated(NotAllowed):
    status = 401
    code = "unauthenticated"
    title = "A valid token or key is needed"


class ScopeMissing(NotAllowed):
    code = "scope_missing"
    title = "The key does not have this scope"


class OriginUnknown(NotAllowed):
    code = "origin_unknown"
    title = "This page's origin is not one of the site's"


class NotFound(LedgerError):
    status = 404
    code = "not_found"
    title = "There is nothing here"


class SiteUnknown(NotFound):
    code = "site_unknown"
    title = "This ledger keeps no such site"


class NoticeUnknown(NotFound):
    code = "notice_unknown"
    title = "This site has published no such notice or build"


class PublicationUnknown(NotFound):
    code = "publication_unknown"
    title = "This site has published no such build"


class ScreenshotUnknown(NotFound):
    code = "screenshot_unknown"
    title = "This site has published no such screenshot"


class VisitorUnknown(NotFound):
    code = "visitor_unknown"
    title = "Nothing is recorded for this token"


class LogUnknown(NotFound):
    code = "log_unknown"
    title = "This ledger keeps no such log"


class TileUnknown(NotFound):
    code = "tile_unknown"
    title = "The published log has no such tile"


class CheckpointUnknown(NotFound):
    code = "checkpoint_unknown"
    title = "This log is still empty"


class RecordUnknown(NotFound):
    code = "record_unknown"
    title = "No such record is stored"


class Conflict(LedgerError):
    status = 409
    code = "conflict"
    title = "Something else is stored under this name"


class RecordConflict(Conflict):
    code = "record_conflict"
    title = "Another decision is stored under this record id"


class PublicationConflict(Conflict):
    code = "publication_conflict"
    title = "This build was published with other hashes"


class RateLimited(LedgerError):
    status = 429
    code = "rate_limited"
    title = "Too many requests"

    def __init__(self, limit: object) -> None:
        super().__init__(f"more than {limit}; Retry-After says in how many seconds to try again")


class Gone(LedgerError):
    status = 410
    code = "gone"
    title = "This is not here any more"


class VisitorForgotten(Gone):
    code = "forgotten"
    title = "This was erased, and is not recorded again"


class Unavailable(LedgerError):
    """The ledger cannot answer now; asking again later may help."""

    status = 503
    code = "unavailable"
    title = "Not available at the moment"
    retry_after_s: ClassVar[int] = 5


class StorageUnavailable(Unavailable):
    code = "storage_unavailable"
    title = "The database cannot be written at the moment"


class LogHalted(Unavailable):
    code = "log_halted"
    title = "This site's log takes no entries at the moment"
    retry_after_s = 300  # somebody has to repair it


class Stopping(Unavailable):
    code = "stopping"
    title = "The ledger is shutting down"


class OutcomeUnknown(Unavailable):
    code = "outcome_unknown"
    title = "Not known yet whether this was recorded"
