# SPDX-License-Identifier: MIT
"""Proofs by record id: that a decision is in the log, and nothing about it."""

import re

from flask import Response
from marshmallow import ValidationError

from consent_ledger.api.operation import TEXT, Answer, Call, Operation, Resource
from consent_ledger.errors import LogHalted, RecordUnknown
from consent_ledger.receipts import read_proof
from consent_ledger.schemas import HEX32

resource = Resource("receipts")


@resource.operation(
    Operation(
        "GET",
        "/v1/sites/<site>/receipts/<record>",
        "proof",
        "The proof that a record is in the log, as a .tlog-proof file (C2SP tlog-proof), for "
        "everybody who has its id; what was decided is not in it.",
        limit="limit_log",
        cors=True,
        answers={200: Answer("The file.", media_types=(TEXT,))},
        problems=(RecordUnknown, LogHalted),
    )
)
def proof(call: Call) -> Response:
    record = call.path["record"]
    if not re.fullmatch(HEX32, record):
        raise ValidationError({"record": ["expected 32 lower-case hexadecimal digits"]})
    parts = call.services
    file = read_proof(parts.database, parts.published, call.site, bytes.fromhex(record))
    response = Response(file, mimetype=TEXT)
    response.headers["Content-Disposition"] = f'attachment; filename="{record}.tlog-proof"'
    return response
