# SPDX-License-Identifier: MIT
"""Logs as C2SP tlog-tiles: the checkpoint, tiles and entry bundles, for any verifier."""

from __future__ import annotations

from flask import Response
from werkzeug.routing import BaseConverter

from consent_ledger.api.notices import IMMUTABLE
from consent_ledger.api.operation import LOG, TEXT, Answer, Call, Operation, Resource
from consent_ledger.errors import CheckpointUnknown, LogHalted, TileUnknown
from consent_ledger.logs import describe
from consent_ledger.proofs import log
from consent_ledger.publishing import ServedLog, read_tile
from consent_ledger.tlog.errors import FormatError, ProofError
from consent_ledger.tlog.tile import parse_path

BYTES = "application/octet-stream"
CHECKPOINT_AGE_S = 5

# The last two of an origin are site and generation, so no log name can be taken for more.
ORIGIN = r"[a-z0-9.:/_-]+/[a-z][a-z0-9-]*/[0-9]+"
TILE = r"(?:entries|[0-9]+)/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/[0-9]+)?"


class OriginConverter(BaseConverter):
    """The origin of a log, slashes included."""

    regex = ORIGIN
    part_isolating = False


class TileConverter(BaseConverter):
    """What stands behind tile/ in the path of a tile; `tlog/tile.py` is stricter still."""

    regex = TILE
    part_isolating = False


CONVERTERS = {"origin": OriginConverter, "tile": TileConverter}

resource = Resource("logs")


@resource.operation(
    Operation(
        "GET",
        "/logs/<origin:origin>/checkpoint",
        "checkpoint",
        "The published checkpoint: a signed note with the log's size and root hash.",
        limit="limit_log",
        credentials=LOG,
        answers={200: Answer("The checkpoint.", media_types=(TEXT,))},
        problems=(CheckpointUnknown, LogHalted),
    )
)
def checkpoint(call: Call) -> Response:
    served = _log(call)
    response = Response(call.services.published.of(served.head).checkpoint, mimetype=TEXT)
    response.headers["Cache-Control"] = _cached(served, f"public, max-age={CHECKPOINT_AGE_S}")
    return response


@resource.operation(
    Operation(
        "GET",
        "/logs/<origin:origin>/tile/<tile:tile>",
        "tile",
        "A tile of 256 hashes, or with `entries` for the level a bundle of 256 entries; partial "
        "ones of every width up to the published checkpoint.",
        limit="limit_log",
        credentials=LOG,
        answers={200: Answer("The bytes, which never change.", media_types=(BYTES,))},
        problems=(CheckpointUnknown, TileUnknown, LogHalted),
    )
)
def tile(call: Call) -> Response:
    served = _log(call)
    try:
        wanted = parse_path(f"tile/{call.path['tile']}")
    except FormatError as error:
        raise TileUnknown(str(error)) from None
    parts = call.services
    published = parts.published.of(served.head)
    try:
        data = read_tile(parts.database, published, wanted)
    except ProofError as error:
        log.error("the log %s cannot be read: %s", published.origin, describe(error))
        raise LogHalted(f"{wanted.path} is damaged; the operator has to repair the log") from None
    response = Response(data, mimetype=BYTES)
    response.headers["Cache-Control"] = _cached(served, IMMUTABLE)
    return response


def _log(call: Call) -> ServedLog:
    if call.log is None:
        raise AssertionError("a log's operation was described without LOG")
    return call.log


def _cached(served: ServedLog, public: str) -> str:
    """What needs a key must not stay where others can get it."""
    return public if served.is_public else public.replace("public", "private", 1)
