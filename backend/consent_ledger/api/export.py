# SPDX-License-Identifier: MIT
"""Everything a site's log holds, for whoever audits it."""

from flask import Response

from consent_ledger.accounting import BOTH_PARTS, NoteAccess
from consent_ledger.api.operation import Answer, Call, Operation, Resource
from consent_ledger.bundle import Bundle
from consent_ledger.errors import InvalidFields, LogHalted, NotFound, OutcomeUnknown, Stopping
from consent_ledger.export import (
    BUNDLE,
    ENTRIES,
    MEDIA_TYPES,
    SUFFIXES,
    guarded,
    prepare_export,
)
from consent_ledger.export_range import Range
from consent_ledger.schemas.queries import ExportQuery

resource = Resource("export")


@resource.operation(
    Operation(
        "GET",
        "/v1/sites/<site>/export",
        "export",
        "All entries with their evidence parts, streamed; subject parts only when asked for.",
        limit="limit_export",
        credentials="audit",
        query=ExportQuery,
        answers={
            200: Answer(
                "NDJSON: a line about the export, then one for each entry. CSV: a row for each. "
                "JSON-LD: a document of consent records. Bundle: a ZIP file that proves itself.",
                media_types=tuple(MEDIA_TYPES.values()),
                headers={ENTRIES: "Entries that a complete export holds."},
            )
        },
        problems=(InvalidFields, NotFound, LogHalted, OutcomeUnknown, Stopping),
    )
)
def export(call: Call) -> Response:
    form, site, given = call.query["format"], call.site, call.services
    with_subjects = call.query["parts"] == "all"
    wanted = Range.parse(call.query["from"], call.query["to"])
    prepared = prepare_export(given.database, site, with_subjects=with_subjects, wanted=wanted)
    if form == BUNDLE:
        pieces = Bundle(prepared, lambda: given.eraser.announce_pending(site)).pieces()
    else:
        pieces = prepared.lines(form)
    parts = BOTH_PARTS if with_subjects else BOTH_PARTS[:1]
    note = NoteAccess(site, call.key, "audit", "export", parts)
    given.committer.submit(note)  # before anything is handed over; the next export shows it
    response = Response(guarded(pieces, form), mimetype=MEDIA_TYPES[form])
    response.headers[ENTRIES] = str(prepared.size)
    name = f"{site}-consents{SUFFIXES[form]}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
