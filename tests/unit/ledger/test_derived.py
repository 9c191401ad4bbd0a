# SPDX-License-Identifier: MIT
"""Rows and consent records out of openings: valid, harmless, and the same by either way in."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from consent_banner import canonical
from consent_ledger.derived import csv_rows, forms, jsonld
from consent_ledger.tlog.entry import Kind
from hypothesis import given
from hypothesis import strategies as st

DPV, DCT = "https://w3id.org/dpv#", "http://purl.org/dc/terms/"
TIME = "http://www.w3.org/2001/XMLSchema#dateTime"
BASE = "https://ledger.example.com/meridian/"

EVIDENCE: dict[str, Any] = {
    "schema": "consent-ledger/evidence/v1",
    "action": "customise",
    "categories": {"functional": True, "analytics": False},
    "services": {"settings": True, "counter": True, "speed": False},
    "notice": "a" * 64,
    "build": "b" * 64,
    "language": "en",
    "layer": "second",
    "control": "save",
    "gpc": False,
    "origin": "https://www.example.com",
    "recorded_hour": "2026-11-21T22Z",
    "expires_hour": "2027-05-20T22Z",
}
SUBJECT: dict[str, Any] = {
    "id": "c" * 32,
    "subject": "d" * 64,
    "seq": 2,
    "recorded_at": "2026-11-21T22:45:37.123Z",
    "decided_at": "2026-11-21T22:45:30.000Z",
    "previous": "e" * 32,
}


def expand(value: Any, context: dict[str, Any], coercion: Any = None) -> Any:
    """What JSON-LD 1.1 expansion makes of a document that uses what ours uses: a base, prefixes,
    and terms with a type; anything else fails."""
    if isinstance(value, list):
        return [expand(each, context, coercion) for each in value]
    if isinstance(value, dict):
        expanded = {}
        for key, each in value.items():
            if key == "@context":
                continue
            if key == "@id" or key == "@type":
                expanded[key] = iri(each, context)
            else:
                assert ":" in key, f"the key {key} has no prefix"
                kind = context.get(key, {}).get("@type")
                expanded[iri(key, context)] = expand(each, context, kind)
        return expanded
    if coercion == "@id":
        return {"@id": iri(value, context)}
    if coercion is not None:
        return {"@type": iri(coercion, context), "@value": value}
    return {"@value": value}


def iri(text: str, context: dict[str, Any]) -> str:
    prefix, colon, rest = text.partition(":")
    if not colon:
        return str(context["@base"]) + text
    if rest.startswith("//"):
        return text
    return str(context[prefix]) + rest


def expanded(subject: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    node = jsonld.node(1, 5, EVIDENCE | changes, subject)
    start = jsonld.start("meridian", "Meridian API", "ledger.example.com/meridian/1")
    document = json.loads(start + node + jsonld.END)
    whole = expand(document, document["@context"])
    (record,) = whole[DCT + "hasPart"]
    found: dict[str, Any] = record
    return found


# --- JSON-LD -------------------------------------------------------------------------------------


def test_a_record_says_in_dpv_what_the_openings_say() -> None:
    def process(state: str, categories: list[str], services: list[str]) -> dict[str, Any]:
        purposes = [f"categories/{each}" for each in categories]
        served = [f"services/{each}" for each in services]
        return {
            "@type": DPV + "Process",
            DPV + "hasLegalBasis": {"@id": DPV + "ExpressedConsent"},
            DPV + "hasPurpose": [{"@id": BASE + each} for each in purposes + served],
            DPV + "hasService": [{"@id": BASE + each} for each in served],
            DPV + "hasConsentStatus": {
                "@type": DPV + state,
                DPV + "isIndicatedAtTime": {"@type": TIME, "@value": "2026-11-21T22:00:00Z"},
                DPV + "isIndicatedBy": {"@id": DPV + "DataSubject"},
                DPV + "hasIndicationMethod": {
                    "@value": "customise; control save on layer second; Global Privacy Control off"
                },
                DPV + "hasDuration": {
                    "@type": DPV + "UntilTimeDuration",
                    "http://www.w3.org/1999/02/22-rdf-syntax-ns#value": {
                        "@type": TIME,
                        "@value": "2027-05-20T22:00:00Z",
                    },
                },
            },
        }

    assert expanded(SUBJECT) == {
        "@id": BASE + "1#5",
        "@type": DPV + "ConsentRecord",
        DCT + "conformsTo": {"@id": "https://w3id.org/dpv/schema/dpv-27560#record"},
        DCT + "identifier": {"@value": "c" * 32},
        DCT + "created": {"@type": TIME, "@value": "2026-11-21T22:45:37.123Z"},
        DCT + "replaces": {
            "@type": DPV + "ConsentRecord",
            DCT + "identifier": {"@value": "e" * 32},
        },
        DCT + "language": {"@value": "en"},
        DCT + "source": {"@id": "https://www.example.com"},
        DPV + "hasDataSubject": {
            "@id": BASE + "subjects/" + "d" * 64,
            "@type": DPV + "DataSubject",
        },
        DPV + "hasDataController": {"@id": BASE + "notices/" + "a" * 64 + "#controller"},
        DPV + "hasNotice": {"@id": BASE + "notices/" + "a" * 64},
        DPV + "hasProcess": [
            process("ConsentGiven", ["functional"], ["counter", "settings"]),
            process("ConsentRefused", ["analytics"], ["speed"]),
        ],
    }


def test_without_the_subject_nobody_is_named() -> None:
    record = expanded(None)
    assert record[DPV + "hasDataSubject"] == {"@type": DPV + "DataSubject"}
    assert record[DCT + "identifier"] == {"@value": "1#5"}
    assert not {DCT + "created", DCT + "replaces"} & set(record)


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("withdraw", "ConsentWithdrawn"),
        *((each, "ConsentRefused") for each in ("reject_all", "customise", "signal", "object")),
    ],
)
def test_what_is_not_given_is_withdrawn_or_refused(action: str, state: str) -> None:
    refused = {"categories": {"functional": False}, "services": {"settings": False}}
    (process,) = expanded(None, action=action, **refused)[DPV + "hasProcess"]
    assert process[DPV + "hasConsentStatus"]["@type"] == DPV + state


def test_a_document_without_records_is_whole() -> None:
    start = jsonld.start("meridian", 'The "Meridian"', "ledger.example.com/meridian/2")
    document = json.loads(start + jsonld.END)
    assert expand(document, document["@context"]) == {
        "@id": BASE,
        "@type": "http://www.w3.org/ns/dcat#Dataset",
        DCT + "identifier": {"@value": "meridian"},
        DCT + "title": {"@value": 'The "Meridian"'},
        DCT + "hasPart": [],
    }


def test_a_term_that_is_spelt_with_a_prefix_means_what_the_prefix_says() -> None:
    """JSON-LD 1.1 wants that of terms that look like compact IRIs, and of no keyword in them."""
    document = json.loads(jsonld.start("a", "b", "c/a/1") + jsonld.END)
    for term, definition in document["@context"].items():
        if ":" in term:
            assert set(definition) == {"@type"}
            assert term.partition(":")[0] in document["@context"]


def test_no_evidence_makes_no_record() -> None:
    assert jsonld.node(1, 5, None, SUBJECT) == b""
    assert forms.Forms(1, True).node(5, None, canonical.dumps(SUBJECT)) == b""


# --- both ways in --------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
IDS = st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), st.booleans(), max_size=4)
EVIDENCES = st.fixed_dictionaries(
    {
        key: IDS if isinstance(value, dict) else st.booleans() if value is False else TEXT
        for key, value in EVIDENCE.items()
    }
) | st.just(EVIDENCE)
SUBJECTS = st.fixed_dictionaries(
    {
        key: st.just(value) | (st.integers(0, 2**53 - 1) if key == "seq" else TEXT)
        for key, value in SUBJECT.items()
        if key != "previous"
    }
    | {"previous": st.none() | st.just("e" * 32) | TEXT}
)


@given(st.none() | EVIDENCES, st.none() | SUBJECTS, st.booleans())
def test_parts_as_bytes_make_the_same_as_parts_as_objects(
    evidence: dict[str, Any] | None, subject: dict[str, Any] | None, with_subjects: bool
) -> None:
    parts = [None if each is None else canonical.dumps(each) for each in (evidence, subject)]
    made = forms.Forms(2, with_subjects)
    node = jsonld.node(2, 7, evidence, subject)
    assert made.node(7, *parts) == node
    if node:
        assert canonical.dumps(json.loads(node)) == node
    row = csv_rows.row(2, 7, Kind.DECISION, evidence, subject, with_subjects)
    assert made.row(7, Kind.DECISION, *parts) == row


def test_a_usual_subject_part_takes_the_short_way_and_others_do_not() -> None:
    assert forms.plain_subject(canonical.dumps(SUBJECT)) is not None
    assert forms.plain_subject(canonical.dumps(SUBJECT | {"previous": None})) is not None
    for changes in ({"seq": -1}, {"id": "C" * 32}, {"decided_at": "=1"}, {"more": 1}):
        assert forms.plain_subject(canonical.dumps(SUBJECT | changes)) is None


def test_what_is_remembered_is_forgotten_before_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "REMEMBERED", 3)
    known = forms.Forms(1, True)
    parts = [canonical.dumps(EVIDENCE | {"language": each}) for each in ("de", "en", "fr", "it")]
    first = known.of(parts[0])
    assert known.of(bytes(parts[0])) is first
    assert all(known.of(part) is not first for part in parts[1:])
    assert known.of(parts[0]) is not first


def test_a_large_part_is_not_remembered() -> None:
    known = forms.Forms(1, True)
    part = canonical.dumps(EVIDENCE | {"language": "x" * forms.REMEMBERED_BYTES})
    assert known.of(part) is not known.of(part)


# --- CSV -----------------------------------------------------------------------------------------


def cells(line: bytes) -> list[str]:
    (found,) = csv.reader(io.StringIO(line.decode(), newline=""))
    return found


@given(st.none() | EVIDENCES, st.none() | SUBJECTS, st.booleans())
def test_every_row_has_a_cell_for_each_column(
    evidence: dict[str, Any] | None, subject: dict[str, Any] | None, with_subjects: bool
) -> None:
    columns = cells(csv_rows.header(with_subjects))
    assert len(columns) == (23 if with_subjects else 17)
    line = csv_rows.row(2, 7, Kind.DECISION, evidence, subject, with_subjects)
    assert line.endswith(csv_rows.LINE_END)
    found = dict(zip(columns, cells(line), strict=True))
    assert (found["generation"], found["index"], found["kind"]) == ("2", "7", "decision")
    if evidence is not None and evidence is not EVIDENCE:
        given = " ".join(sorted(key for key, value in evidence["services"].items() if value))
        assert found["services_given"] == given
        assert found["gpc"] in ("true", "false", evidence["gpc"], "'" + str(evidence["gpc"]))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_can_be_taken_for_a_formula(start: str) -> None:
    planted = start + 'HYPERLINK("x")'
    line = csv_rows.row(1, 1, Kind.DECISION, EVIDENCE | {"origin": planted}, None, False)
    row = dict(zip(cells(csv_rows.header(False)), cells(line), strict=True))
    assert row["origin"] == "'" + planted
    assert not [cell for cell in row.values() if cell.startswith(csv_rows.FORMULA_STARTS)]


def test_an_equals_sign_within_a_cell_stays_as_it_is() -> None:
    line = csv_rows.row(1, 1, Kind.DECISION, EVIDENCE | {"origin": "a=b"}, None, False)
    assert "a=b" in cells(line)
