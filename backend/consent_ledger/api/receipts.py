# SPDX-License-Identifier: MIT
"""Receipts by record id: the bare proof for everybody, and with its opening for whoever may."""

import re

from flask import Response
from marshmallow import ValidationError

from consent_ledger.accounting import BOTH_PARTS, NoteAccess
from consent_ledger.api.consents import ERASED, erasure_answer
from consent_ledger.api.operation import ANYONE, JSON, TEXT, Answer, Call, Operation, Resource
from consent_ledger.erasing import ForgetRecord
from consent_ledger.errors import LogHalted, OutcomeUnknown, RecordUnknown, Stopping
from consent_ledger.receipts import read_proof, read_receipt
from consent_ledger.schemas.fields import HEX32
from consent_ledger.schemas.queries import EraseQuery

PATH = "/v1/sites/<site>/receipts/<record>"

resource = Resource("receipts")


@resource.operation(
    Operation(
        "GET",
        PATH,
        "receipt",
        "The proof that a record is in the log, as a .tlog-proof file (C2SP tlog-proof), for "
        "everybody who has its id; what was decided is not in it. With the visitor's token or an "
        "API key with the scope audit: the receipt, which opens the entry.",
        limit="limit_log",
        cors=True,
        credentials=ANYONE,
        answers={200: Answer("The proof, or the receipt.", media_types=(TEXT, JSON))},
        problems=(RecordUnknown, LogHalted, OutcomeUnknown, Stopping),
    )
)
def receipt(call: Call) -> Response:
    parts = call.services
    record = _record(call)
    if not call.subject and not call.key:
        file = read_proof(parts.database, parts.published, call.site, bytes.fromhex(record))
        response = Response(file, mimetype=TEXT)
        response.headers["Content-Disposition"] = f'attachment; filename="{record}.tlog-proof"'
        return response
    found = read_receipt(parts.database, call.site, bytes.fromhex(record), call.subject or None)
    if call.key:
        note = NoteAccess(call.site, call.key, "audit", "receipt", BOTH_PARTS)
        parts.committer.submit(note)  # before anything is handed over
    response = Response(found, mimetype=JSON)
    response.headers["Content-Disposition"] = f'attachment; filename="{record}.receipt.json"'
    return response


@resource.operation(
    Operation(
        "DELETE",
        PATH,
        "erase",
        "Erases all decisions of the visitor whose record this is, or only this one. Asking again "
        "is safe, and tells when the bytes are gone.",
        limit="limit_erase",
        credentials="manage",
        query=EraseQuery,
        answers=ERASED,
        problems=(RecordUnknown, LogHalted, OutcomeUnknown, Stopping),
    )
)
def erase(call: Call) -> Response:
    record_id = bytes.fromhex(_record(call))
    work = ForgetRecord(call.site, record_id, call.query["only"] == "true", call.key)
    return erasure_answer(call, work)


def _record(call: Call) -> str:
    record = call.path["record"]
    if not re.fullmatch(HEX32, record):
        raise ValidationError({"record": ["expected 32 lower-case hexadecimal digits"]})
    return record
