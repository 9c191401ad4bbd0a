# SPDX-License-Identifier: MIT
"""GET /openapi.json: the description of everything above, made from what serves it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from consent_ledger.schemas.requests import DecisionSchema

from .conftest import OPERATIONS, Ledger, Make


@pytest.fixture
def document(ledger: Ledger) -> dict[str, Any]:
    found: dict[str, Any] = ledger.client.get("/openapi.json").get_json()
    return found


def test_every_route_and_method_is_described_and_nothing_else(
    ledger: Ledger, document: dict[str, Any]
) -> None:
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in ledger.app.url_map.iter_rules()
        for method in rule.methods or ()
        if method != "HEAD"  # follows from GET
    }
    described = {
        (path, method) for path, methods in document["paths"].items() for method in methods
    }
    assert served == described


def test_every_operation_stands_in_the_table(ledger: Ledger) -> None:
    endpoints = {rule.endpoint for rule in ledger.app.url_map.iter_rules()}
    assert endpoints == {*OPERATIONS, "preflight"}


def test_it_is_openapi_3_1_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "Consent Ledger"

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return here + [ref for value in node.values() for ref in references(value)]
        if isinstance(node, list):
            return [ref for value in node for ref in references(value)]
        return []

    found = references(document)
    assert found
    for reference in found:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target


def test_the_decision_is_described_field_by_field(document: dict[str, Any]) -> None:
    decision = document["components"]["schemas"]["Decision"]
    assert set(decision["properties"]) == set(DecisionSchema().fields)
    assert set(decision["required"]) == set(decision["properties"]) - {"previous"}
    assert decision["additionalProperties"] is False
    properties = decision["properties"]
    assert properties["token"]["pattern"] == "^(?:[0-9a-f]{32})$"
    assert properties["seq"]["maximum"] == 2**53 - 1
    assert "reject_all" in properties["action"]["enum"]
    assert properties["build"]["pattern"] == "^(?:[0-9a-f]{16,64})$"
    assert properties["previous"]["type"] == ["string", "null"]
    assert properties["choices"]["additionalProperties"]["type"] == "boolean"


def test_every_property_of_our_own_schemas_says_its_type(document: dict[str, Any]) -> None:
    notices = {
        "Notice",
        "Site",
        "Controller",
        "Contacts",
        "Category",
        "Service",
        "Cookie",
        "Change",
    }
    for name, schema in document["components"]["schemas"].items():
        if name in notices:
            continue  # described by the builder
        for field, described in schema["properties"].items():
            assert {"type", "$ref", "allOf", "anyOf"} & set(described), f"{name}.{field}"


def test_every_operation_tells_its_limit_its_problems_and_its_credentials(
    document: dict[str, Any],
) -> None:
    operations = [
        operation for methods in document["paths"].values() for operation in methods.values()
    ]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert {"429", "500", "503"} <= set(operation["responses"])
    export = document["paths"]["/v1/sites/{site}/export"]["get"]
    assert export["security"] == [{"key": ["audit"]}]
    assert {parameter["name"] for parameter in export["parameters"]} == {
        *("site", "format", "parts", "from", "to")
    }
    forget = document["paths"]["/v1/sites/{site}/consents"]["delete"]
    assert forget["security"] == [{"visitor": []}]
    assert {"200", "202", "404"} <= set(forget["responses"])
    receipts = document["paths"]["/v1/sites/{site}/receipts/{record}"]
    assert receipts["get"]["security"] == [{}, {"visitor": []}, {"key": ["audit"]}]
    assert receipts["delete"]["security"] == [{"key": ["manage"]}]
    assert {parameter["name"] for parameter in receipts["delete"]["parameters"]} == {
        "site",
        "record",
        "only",
    }
    record = document["paths"]["/v1/sites/{site}/consents"]["post"]
    assert {"200", "201", "403", "404", "409", "410", "413", "415", "422"} <= set(
        record["responses"]
    )
    assert set(record["requestBody"]["content"]) == {"application/json", "text/plain"}


def test_it_is_the_same_each_time(ledger: Ledger) -> None:
    one, two = (ledger.client.get("/openapi.json").data for _ in range(2))
    assert one == two


def test_another_method_and_a_query_are_refused(ledger: Ledger) -> None:
    assert ledger.client.post("/openapi.json").status_code == 405
    assert ledger.client.get("/openapi.json?pretty=1").status_code == 422


def test_it_is_limited(make_ledger: Make) -> None:
    ledger = make_ledger(limit_read="1/minute")
    assert ledger.client.get("/openapi.json").status_code == 200
    assert ledger.client.get("/openapi.json").status_code == 429
