# SPDX-License-Identifier: MIT
"""Current choices of the visitor who asks."""

from flask import Response

from consent_ledger.api.operation import JSON, VISITOR, Answer, Call, Operation, Resource
from consent_ledger.errors import VisitorUnknown
from consent_ledger.history import read_preferences
from consent_ledger.schemas.answers import PreferencesSchema

resource = Resource("preferences")


@resource.operation(
    Operation(
        "GET",
        "/v1/sites/<site>/preferences",
        "current",
        "What the visitor decided last, with the status of each purpose.",
        limit="limit_read",
        hot=True,
        cors=True,
        credentials=VISITOR,
        answers={200: Answer("Current preferences.", PreferencesSchema)},
        problems=(VisitorUnknown,),
    )
)
def current(call: Call) -> Response:
    found = read_preferences(call.services.database, call.site, call.subject)
    return Response(found, mimetype=JSON)
