# SPDX-License-Identifier: MIT
"""Publications: which build was in force when, what it looked like, and putting one back."""

from __future__ import annotations

import json
import re
from contextlib import suppress

from flask import Response, request
from marshmallow import ValidationError

from consent_ledger import auth
from consent_ledger.api.notices import IMMUTABLE, told
from consent_ledger.api.operation import JSON, Answer, Call, Operation, Resource
from consent_ledger.errors import (
    LogHalted,
    OutcomeUnknown,
    PublicationUnknown,
    ScopeMissing,
    ScreenshotUnknown,
    Stopping,
    Unauthenticated,
)
from consent_ledger.notices import PutInForce
from consent_ledger.publications import list_publications, read_screenshot
from consent_ledger.schemas.answers import PublicationsSchema, PublishedSchema
from consent_ledger.schemas.fields import HEX64
from consent_ledger.schemas.queries import PageQuery
from consent_ledger.sites import PUBLIC, get_site

PNG = "image/png"

resource = Resource("publications")


@resource.operation(
    Operation(
        "GET",
        "/v1/sites/<site>/publications",
        "publications",
        "What was published, newest first; the first is in force. Where the log is not public it "
        "needs a key with the scope publish or audit, because it tells the log's size.",
        limit="limit_read",
        cors=True,
        query=PageQuery,
        answers={200: Answer("A page of publications.", PublicationsSchema)},
        problems=(Unauthenticated, ScopeMissing),
    )
)
def publications(call: Call) -> Response:
    database = call.services.database
    if get_site(database, call.site).log_access != PUBLIC:
        _check_owner_or_auditor(call)
    found = list_publications(database, call.site, **call.query)
    return Response(json.dumps(found), mimetype=JSON)


def _check_owner_or_auditor(call: Call) -> None:
    header = request.headers.get("Authorization")
    with suppress(ScopeMissing):
        auth.check_key(call.services.database, call.site, "publish", header)
        return
    auth.check_key(call.services.database, call.site, "audit", header)


@resource.operation(
    Operation(
        "POST",
        "/v1/sites/<site>/publications/<build>",
        "put_in_force",
        "Puts a build that was published before in force again, with its notice and screenshots: "
        "that is a publication of its own.",
        limit="limit_publish",
        credentials="publish",
        answers={
            201: Answer("In force again.", PublishedSchema),
            200: Answer("In force already.", PublishedSchema),
        },
        problems=(PublicationUnknown, OutcomeUnknown, Stopping, LogHalted),
    )
)
def put_in_force(call: Call) -> Response:
    build = _hash(call, "build")
    return told(call.services.committer.submit(PutInForce(call.site, build)))


@resource.operation(
    Operation(
        "GET",
        "/v1/sites/<site>/screenshots/<sha256>",
        "screenshot",
        "The picture of a published banner with this SHA-256, as the PNG file that was hashed.",
        limit="limit_read",
        answers={200: Answer("The picture.", media_types=(PNG,))},
        problems=(ScreenshotUnknown,),
    )
)
def screenshot(call: Call) -> Response:
    digest = _hash(call, "sha256")
    response = Response(read_screenshot(call.services.database, call.site, digest), mimetype=PNG)
    response.headers["Cache-Control"] = IMMUTABLE
    response.set_etag(digest)
    return response


def _hash(call: Call, name: str) -> str:
    found = call.path[name]
    if not re.fullmatch(HEX64, found):
        raise ValidationError({name: ["expected 64 lower-case hexadecimal digits"]})
    return found
