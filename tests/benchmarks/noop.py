# SPDX-License-Identifier: MIT
"""Two servers that record nothing, to show what the ledger's own work costs.

    python tests/benchmarks/noop.py schema|bare RECEIPT_FILE PREFERENCES_FILE PROOF_FILE

`schema` loads each body with the ledger's own schema and stands under the ledger's own limits;
`bare` only reads JSON. Both answer with the constant documents in the files. They run in the
ledger's own server, with its settings, so that only the application differs.
"""

import sys
from functools import partial
from pathlib import Path

from consent_ledger import server
from consent_ledger.api import consents, cors, preferences, receipts
from consent_ledger.config import Settings
from consent_ledger.limits import Limits
from consent_ledger.loading import loader
from consent_ledger.schemas.requests import DecisionSchema
from flask import Flask, Response, request

JSON = "application/json"
POSTED = consents.resource.operations["consents.record"]
PROVED = receipts.resource.operations["receipts.receipt"]
READ = preferences.resource.operations["preferences.current"]


def application(
    kind: str, receipt: bytes, current: bytes, proof: bytes, settings: Settings
) -> Flask:
    """The no-op *kind*, "schema" or "bare"; made in the worker process, as the ledger is."""
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/readyz", "ready", lambda: "ready")
    load = loader(DecisionSchema)

    def record_checked(site: str) -> Response:
        load(request.get_json(force=True))
        return Response(receipt, 201, mimetype=JSON)

    def record(site: str) -> Response:
        request.get_json(force=True)
        return Response(receipt, 201, mimetype=JSON)

    def read(site: str) -> Response:
        return Response(current, 200, mimetype=JSON)

    def prove(site: str, record: str) -> Response:
        return Response(proof, 200, mimetype="text/plain")

    posted = record_checked if kind == "schema" else record
    app.add_url_rule(POSTED.path, "record", posted, methods=["POST"])
    app.add_url_rule(READ.path, "read", read, methods=["GET"])
    app.add_url_rule(PROVED.path, "prove", prove, methods=["GET"])
    if kind == "schema":
        # The ledger's limits cover its preflight route too, so there has to be one.
        app.add_url_rule("/preflight", cors.PREFLIGHT, lambda: "", methods=["OPTIONS"])
        Limits(app, settings, {"record": POSTED, "read": READ, "prove": PROVED}, lambda _: True)
    return app


def main() -> None:
    kind, *files = sys.argv[1:]
    if kind not in ("schema", "bare") or len(files) != 3:
        sys.exit(__doc__)
    answers = [Path(file).read_bytes() for file in files]
    server._load = partial(application, kind, *answers)
    server.serve(Settings.load())


if __name__ == "__main__":
    main()
