# SPDX-License-Identifier: MIT
"""The OpenAPI 3.1 document, made from the operations and schemas that serve requests."""

import json
import re
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from consent_banner import rules
from consent_banner.schema import Table
from flask import Response, current_app
from marshmallow import Schema

from consent_ledger import __version__, errors
from consent_ledger.api.logs import ORIGIN, TILE
from consent_ledger.api.operation import (
    ANYONE,
    JSON,
    LOG,
    VISITOR,
    Answer,
    Call,
    Operation,
    Resource,
)
from consent_ledger.api.problems import MEDIA_TYPE
from consent_ledger.errors import LedgerError
from consent_ledger.schemas.answers import DocumentSchema, ProblemSchema
from consent_ledger.schemas.fields import HEX32, HEX64
from consent_ledger.services import EXTENSION

resource = Resource("document")

PATH_PARAMETERS = {
    "site": rules.SITE_ID.pattern,
    "notice": HEX64,
    "build": HEX64,
    "sha256": HEX64,
    "record": HEX32,
    "origin": ORIGIN,
    "tile": TILE,
}
LIMIT_HEADERS = {
    f"X-RateLimit-{name}": {"description": about, "schema": {"type": "integer"}}
    for name, about in (
        ("Limit", "Requests that the limit allows."),
        ("Remaining", "Requests that are left."),
        ("Reset", "Second since 1970 at which the count starts again."),
    )
}


@resource.operation(
    Operation(
        "GET",
        "/openapi.json",
        "openapi",
        "This document.",
        limit="limit_read",
        answers={200: Answer("OpenAPI 3.1.", DocumentSchema)},
    )
)
def openapi(call: Call) -> Response:
    made = current_app.extensions.get(EXTENSION + ".openapi")
    if made is None:
        from consent_ledger.api import RESOURCES  # which this module is part of

        operations = [op for found in RESOURCES for op in found.operations.values()]
        made = json.dumps(describe(operations), ensure_ascii=False)
        current_app.extensions[EXTENSION + ".openapi"] = made
    return Response(made, mimetype=JSON)


def describe(operations: list[Operation]) -> dict[str, Any]:
    """The document about *operations*."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="Consent Ledger",
        version=__version__,
        openapi_version="3.1.0",
        info={"license": {"name": "MIT", "identifier": "MIT"}},
        plugins=[plugin],
    )
    bearer = {"type": "http", "scheme": "bearer"}
    spec.components.security_scheme(
        "visitor", {**bearer, "description": "The visitor's token: 32 hexadecimal digits."}
    )
    spec.components.security_scheme(
        "key", {**bearer, "description": "An API key of the site, with the scope that is named."}
    )
    shared: dict[str, list[str]] = {}
    for operation in operations:
        spec.path(
            path=_path(operation.path),
            operations={operation.method.lower(): _operation(operation)},
        )
        if operation.cors:
            shared.setdefault(operation.path, []).append(operation.method)
    for path, methods in shared.items():
        spec.path(path=_path(path), operations={"options": _preflight(path, methods)})
    document: dict[str, Any] = spec.to_dict()
    for schema in document["components"]["schemas"].values():
        schema.setdefault("additionalProperties", False)  # Table refuses unknown keys
    return document


def _name(schema: type[Schema] | Schema) -> str:
    made = schema if isinstance(schema, type) else type(schema)
    return made.__name__.removesuffix("Schema").lstrip("_")


def _path(path: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "in": "path",
            "name": name,
            "required": True,
            "schema": {"type": "string", "pattern": f"^{pattern}$"},
        }
        for name, pattern in PATH_PARAMETERS.items()
        if f"{{{name}}}" in _path(path)
    ]


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.about,
        "parameters": [*_path_parameters(operation.path), *_query_parameters(operation.query)],
        "responses": {
            **{str(status): _answer(answer) for status, answer in operation.answers.items()},
            **_problems(operation.all_problems),
        },
    }
    if operation.credentials == VISITOR:
        described["security"] = [{"visitor": []}]
    elif operation.credentials == ANYONE:
        described["security"] = [{}, {"visitor": []}, {"key": ["audit"]}]
    elif operation.credentials == LOG:
        described["security"] = [{}, {"key": ["audit"]}]  # the first where the log is public
    elif operation.credentials is not None:
        described["security"] = [{"key": [operation.credentials]}]
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": operation.body} for kind in operation.body_types},
        }
    return described


def _query_parameters(query: type[Table]) -> list[dict[str, Any]]:
    return [
        {
            "in": "query",
            "name": name,
            "required": False,
            "description": made.metadata["description"],
            "schema": {key: value for key, value in made.metadata.items() if key != "description"},
        }
        for name, made in query().fields.items()
    ]


def _answer(answer: Answer) -> dict[str, Any]:
    schema: Any = answer.schema
    if schema is None:
        schema = {"type": "object"} if answer.media_types == (JSON,) else {"type": "string"}
    return {
        "description": answer.about,
        "headers": {
            **LIMIT_HEADERS,
            **{
                name: {"description": about, "schema": {"type": "integer"}}
                for name, about in answer.headers.items()
            },
        },
        "content": {kind: {"schema": schema} for kind in answer.media_types},
    }


def _problems(problems: tuple[type[LedgerError], ...]) -> dict[str, Any]:
    """Answers by status; the codes of each are named."""
    codes: dict[int, list[str]] = {429: ["rate_limited"], 500: [LedgerError.code]}
    for problem in problems:
        codes.setdefault(problem.status, []).append(problem.code)
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(dict.fromkeys(found))}.",
            "content": {MEDIA_TYPE: {"schema": ProblemSchema}},
            **(
                {
                    "headers": {
                        "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
                    }
                }
                if status in (429, 503)
                else {}
            ),
        }
        for status, found in sorted(codes.items())
    }


def _preflight(path: str, methods: list[str]) -> dict[str, Any]:
    return {
        "operationId": "preflight_" + path.rsplit("/", 1)[-1].strip("<>"),
        "summary": f"CORS preflight for {', '.join(methods)} from the site's own pages.",
        "parameters": _path_parameters(path),
        "responses": {
            "204": {"description": "The page may ask."},
            **_problems((errors.OriginUnknown, errors.SiteUnknown, errors.StorageUnavailable)),
        },
    }
