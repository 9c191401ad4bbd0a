# SPDX-License-Identifier: MIT
"""Everything a site's log holds, for whoever audits it."""

from flask import Response

from consent_ledger.api.operation import Answer, Call, Operation, Resource
from consent_ledger.export import ENTRIES, MEDIA_TYPES, prepare_export
from consent_ledger.schemas import ExportQuery

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
                "NDJSON: a line about the export, then one for each entry. CSV: a row for each.",
                media_types=tuple(MEDIA_TYPES.values()),
                headers={ENTRIES: "Entries that a complete export holds."},
            )
        },
    )
)
def export(call: Call) -> Response:
    form = call.query["format"]
    prepared = prepare_export(
        call.services.database, call.site, with_subjects=call.query["parts"] == "all"
    )
    response = Response(prepared.write_guarded(form), mimetype=MEDIA_TYPES[form])
    response.headers[ENTRIES] = str(prepared.size)
    response.headers["Content-Disposition"] = f'attachment; filename="{call.site}-consents.{form}"'
    return response
