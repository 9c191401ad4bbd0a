# SPDX-License-Identifier: MIT
"""Decisions: a visitor's browser records one, and a visitor reads their own."""

import json
from http import HTTPStatus

from flask import Response

from consent_ledger import records
from consent_ledger.api.cors import check_origin
from consent_ledger.api.operation import JSON, TEXT, VISITOR, Answer, Call, Operation, Resource
from consent_ledger.erasing import ForgetRecord, ForgetVisitor
from consent_ledger.errors import (
    LogHalted,
    NoticeUnknown,
    OriginUnknown,
    OutcomeUnknown,
    RecordConflict,
    Stopping,
    VisitorForgotten,
    VisitorUnknown,
)
from consent_ledger.history import read_history
from consent_ledger.schemas.answers import ErasureSchema, HistorySchema, ReceiptSchema
from consent_ledger.schemas.queries import HistoryQuery
from consent_ledger.schemas.requests import DecisionSchema

PATH = "/v1/sites/<site>/consents"

resource = Resource("consents")


@resource.operation(
    Operation(
        "POST",
        PATH,
        "record",
        "Records a decision. It is durable before it is answered; sending it again is safe.",
        limit="limit_record",
        hot=True,
        cors=True,
        body=DecisionSchema,
        body_types=(JSON, TEXT),
        answers={
            201: Answer("Recorded now: the visitor's receipt.", ReceiptSchema),
            200: Answer(
                "Recorded before: the same receipt, its proof perhaps of a newer checkpoint.",
                ReceiptSchema,
            ),
        },
        problems=(
            OriginUnknown,
            NoticeUnknown,
            RecordConflict,
            VisitorForgotten,
            OutcomeUnknown,
            Stopping,
            LogHalted,
        ),
    )
)
def record(call: Call) -> Response:
    parts = call.services
    origin = check_origin(call.origin, parts.origins.of(call.site))
    shown = parts.publications.shown(call.site, call.body["build"])
    decision = records.check_decision(call.site, origin, call.body, shown)
    recorded: records.Recorded = parts.committer.submit(decision)
    return Response(recorded.receipt.to_json(), 201 if recorded.created else 200, mimetype=JSON)


@resource.operation(
    Operation(
        "GET",
        PATH,
        "history",
        "The visitor's own decisions with their openings and proofs, newest first.",
        limit="limit_read",
        cors=True,
        credentials=VISITOR,
        query=HistoryQuery,
        answers={200: Answer("A page of receipts.", HistorySchema)},
        problems=(VisitorUnknown,),
    )
)
def history(call: Call) -> Response:
    page = read_history(
        call.services.database, call.site, call.subject, call.query["limit"], call.query["page"]
    )
    return Response(page, mimetype=JSON)


ERASED = {
    200: Answer("Erased: the bytes are gone from the ledger's files.", ErasureSchema),
    202: Answer(
        "Erased: nobody can read them any more, and the bytes are overwritten within minutes.",
        ErasureSchema,
    ),
}


@resource.operation(
    Operation(
        "DELETE",
        PATH,
        "forget",
        "Erases all decisions of the visitor. Their entries stay in the log as commitments that "
        "nobody can open. Asking again is safe, and tells when the bytes are gone.",
        limit="limit_erase",
        cors=True,
        credentials=VISITOR,
        answers=ERASED,
        problems=(VisitorUnknown, OutcomeUnknown, Stopping),
    )
)
def forget(call: Call) -> Response:
    return erasure_answer(call, ForgetVisitor(call.site, call.subject))


def erasure_answer(call: Call, work: ForgetVisitor | ForgetRecord) -> Response:
    """What was erased, once it is, and whether it is gone."""
    done = call.services.eraser.erase(work)
    status = HTTPStatus.OK if done.gone else HTTPStatus.ACCEPTED
    return Response(json.dumps(done.to_dict(call.site)), status, mimetype=JSON)
