# SPDX-License-Identifier: MIT
"""Notices: published by the owner, readable by everyone, byte for byte."""

import json
import re

from flask import Response
from marshmallow import ValidationError

from consent_ledger.api.operation import JSON, Answer, Call, Operation, Resource
from consent_ledger.errors import (
    LogHalted,
    NoticeUnknown,
    OutcomeUnknown,
    PublicationConflict,
    Stopping,
)
from consent_ledger.notices import check_publication, read_notice
from consent_ledger.publications import Published
from consent_ledger.schemas.answers import PublishedSchema
from consent_ledger.schemas.fields import HEX64
from consent_ledger.schemas.requests import PublicationSchema

# A notice never changes: its address is its hash.
IMMUTABLE = "public, max-age=31536000, immutable"

resource = Resource("notices")


@resource.operation(
    Operation(
        "GET",
        "/v1/sites/<site>/notices/<notice>",
        "read",
        "The notice with this SHA-256, as the bytes that were hashed.",
        limit="limit_read",
        cors=True,
        answers={200: Answer("The notice.")},
        problems=(NoticeUnknown,),
    )
)
def read(call: Call) -> Response:
    notice = call.path["notice"]
    if not re.fullmatch(HEX64, notice):
        raise ValidationError({"notice": ["expected 64 lower-case hexadecimal digits"]})
    response = Response(read_notice(call.services.database, call.site, notice), mimetype=JSON)
    response.headers["Cache-Control"] = IMMUTABLE
    response.set_etag(notice)
    return response


@resource.operation(
    Operation(
        "POST",
        "/v1/sites/<site>/notices",
        "publish",
        "Publishes a notice and the build that shows it; from then on it is in force, and records "
        "may name them.",
        limit="limit_publish",
        credentials="publish",
        body=PublicationSchema,
        body_limit="notice_limit",
        answers={
            201: Answer("Published now.", PublishedSchema),
            200: Answer("In force already; its screenshots stay as they were.", PublishedSchema),
        },
        problems=(PublicationConflict, OutcomeUnknown, Stopping, LogHalted),
    )
)
def publish(call: Call) -> Response:
    work = check_publication(call.site, **call.body)
    return told(call.services.committer.submit(work))


def told(published: Published) -> Response:
    """What became of a publication: 201, or 200 when it was in force already."""
    return Response(
        json.dumps(published.to_dict()), 201 if published.created else 200, mimetype=JSON
    )
