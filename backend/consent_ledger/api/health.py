# SPDX-License-Identifier: MIT
"""Whether the process lives, and whether it can do its work."""

from consent_banner import canonical
from flask import Response

from consent_ledger.api.operation import JSON, Answer, Call, Operation, Resource
from consent_ledger.db import read_meta
from consent_ledger.errors import OutcomeUnknown, Stopping
from consent_ledger.schemas.answers import HealthSchema, ReadySchema

resource = Resource("health")


@resource.operation(
    Operation(
        "GET",
        "/healthz",
        "alive",
        "The process answers.",
        limit="limit_health",
        answers={200: Answer("It does.", HealthSchema)},
    )
)
def alive(call: Call) -> Response:
    return Response('{"status":"ok"}', mimetype=JSON)


@resource.operation(
    Operation(
        "GET",
        "/readyz",
        "ready",
        "The database can be read, and the committer can begin a transaction in it. `halted` names "
        "the logs that take no entries until the operator has seen to them.",
        limit="limit_health",
        answers={200: Answer("They can.", ReadySchema)},
        problems=(OutcomeUnknown, Stopping),
    )
)
def ready(call: Call) -> Response:
    parts = call.services
    read_meta(parts.database, "schema")
    parts.committer.ping()
    # Still 200: who watches this answer restarts the process or takes it out of service, which
    # would repair no log, and would stop those that work.
    document = {"status": "ready", "halted": parts.committer.halted}
    return Response(canonical.dumps(document), mimetype=JSON)
