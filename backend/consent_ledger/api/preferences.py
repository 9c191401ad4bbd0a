# SPDX-License-Identifier: MIT
"""Current choices of the visitor who asks."""

import json

from consent_banner import canonical
from flask import Response

from consent_ledger import preferences, statements
from consent_ledger.api.operation import JSON, VISITOR, Answer, Call, Operation, Resource
from consent_ledger.errors import VisitorUnknown
from consent_ledger.schemas import PreferencesSchema
from consent_ledger.services import services

resource = Resource("preferences")


@resource.operation(
    Operation(
        "GET",
        "/v1/sites/<site>/preferences",
        "current",
        "What the visitor decided last, with the status of each purpose.",
        limit="limit_read",
        cors=True,
        credentials=VISITOR,
        answers={200: Answer("Current preferences.", PreferencesSchema)},
        problems=(VisitorUnknown,),
    )
)
def current(call: Call) -> Response:
    row = (
        services().database.execute_sql(statements.PREFERENCE, (call.site, call.subject)).fetchone()
    )
    if row is None:
        raise VisitorUnknown("nothing is recorded for this token on this site")
    found = preferences.public(call.site, json.loads(row[0]))
    return Response(canonical.dumps(found), mimetype=JSON)
