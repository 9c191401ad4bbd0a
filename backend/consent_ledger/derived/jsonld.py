# SPDX-License-Identifier: MIT
"""Decisions as consent records in JSON-LD 1.1: W3C DPV 2 and its mapping of ISO/IEC TS 27560:2023.

Source: "Consent Records and Receipts as per ISO/IEC TS 27560:2023 using DPV" (W3C DPVCG, final
report of 2024-08-01), sections in brackets. What a field of 27560 is made from:

    schema version [9.1.1]         dct:conformsTo            dpv-27560:record
    record identifier [9.1.2]      dct:identifier            S.id; without S, generation#index
    data subject [9.1.3]           dpv:hasDataSubject        S.subject; without S, nobody named
    created, replaces [9.1.4]      dct:created, dct:replaces S.recorded_at, S.previous
    source [9.1.4]                 dct:source                E.origin, the origin of the page
    notice [9.2.1], language       dpv:hasNotice, dct:language   E.notice (SHA-256), E.language
    purpose, service [9.3]         dpv:hasPurpose, dpv:hasService    ids of E.categories, E.services
    controller, recipients [9.3]   dpv:hasDataController     named in the notice, by reference
    consent type [9.5.1]           dpv:hasLegalBasis         dpv:ExpressedConsent, always
    consent state [9.5.2]          dpv:hasConsentStatus      given: dpv:ConsentGiven; not given:
                                   dpv:ConsentWithdrawn after the action withdraw, otherwise
                                   dpv:ConsentRefused
    event time [9.5.3]             dpv:isIndicatedAtTime     E.recorded_hour
    event duration [9.5.4]         dpv:hasDuration           E.expires_hour
    expression by entity [9.5.5]   dpv:isIndicatedBy         the data subject
    expression method [9.5.6]      dpv:hasIndicationMethod   E.action, E.control, E.layer, E.gpc

What 27560 asks about the processing itself (personal data, recipients, storage, rights, withdrawal)
is in the notice, which each record names by its hash. A record holds what one decision said; its
purposes are grouped by their state, a dpv:Process for each. IRIs begin with https:// and the log's
name: they name things, and need not be addresses.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from consent_ledger.trusted_json import encode

SEPARATOR = b",\n"  # between two records
END = b"\n]}\n"

_IRI = {"@type": "@id"}
_TIME = {"@type": "xsd:dateTime"}
_CONTEXT: dict[str, object] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "dpv-27560": "https://w3id.org/dpv/schema/dpv-27560#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dct:conformsTo": _IRI,
    "dct:created": _TIME,
    "dct:source": _IRI,
    "dpv:hasDataController": _IRI,
    "dpv:hasLegalBasis": _IRI,
    "dpv:hasNotice": _IRI,
    "dpv:hasPurpose": _IRI,
    "dpv:hasService": _IRI,
    "dpv:isIndicatedAtTime": _TIME,
    "dpv:isIndicatedBy": _IRI,
    "rdf:value": _TIME,
}


class Pieces(NamedTuple):
    """What evidence says, as JSON: the language; source and controller; notice and processes."""

    language: bytes
    middle: bytes
    last: bytes


class ShownSubject(NamedTuple):
    """What of a subject part stands in a record, as it is spelt between quotes in JSON."""

    recorded_at: bytes
    id: bytes
    previous: bytes  # empty for none
    subject: bytes


def start(site_id: str, site_name: str, origin: str) -> bytes:
    """The document up to its first record: records follow, SEPARATOR between them, then END.

    *origin* is that of a generation of the site's log; IRIs are relative to it without the
    generation, which each record names itself.
    """
    base = f"https://{origin.rpartition('/')[0]}/"
    head = {
        "@context": {"@base": base, **_CONTEXT},
        "@id": base,
        "@type": "dcat:Dataset",
        "dct:identifier": site_id,
        "dct:title": site_name,
    }
    return encode(head)[:-1] + b',"dct:hasPart":[\n'


def node(
    generation: int,
    index: int,
    evidence: Mapping[str, Any] | None,
    subject: Mapping[str, Any] | None,
) -> bytes:
    """One decision as a dpv:ConsentRecord, canonical JSON; empty when its evidence is not at hand.

    Requires parts whose fields have the types that records give them.
    """
    if evidence is None:
        return b""
    shown = None if subject is None else _shown(subject)
    return fill(b"%d" % generation, b"%d" % index, pieces(evidence), shown)


def _shown(subject: Mapping[str, Any]) -> ShownSubject:
    return ShownSubject(
        *(
            b"" if value is None else encode(str(value))[1:-1]
            for value in (subject[field] for field in ShownSubject._fields)
        )
    )


def fill(generation: bytes, index: bytes, pieces: Pieces, subject: ShownSubject | None) -> bytes:
    """The record; values stand in it in the order of ShownSubject, after the index.

    Keys are in canonical order, those of evidence and of the subject taking turns.
    """
    language, middle, last = pieces
    created, replaces, person = b"", b"", b""
    identifier = b'"%b#%b"' % (generation, index)
    if subject is not None:
        created = b'"dct:created":"%b",' % subject.recorded_at
        identifier = b'"%b"' % subject.id
        person = b'"@id":"subjects/%b",' % subject.subject
        if subject.previous:
            replaces = (
                b'"dct:replaces":{"@type":"dpv:ConsentRecord","dct:identifier":"%b"},'
                % subject.previous
            )
    return (
        b'{"@id":"%b#%b","@type":"dpv:ConsentRecord","dct:conformsTo":"dpv-27560:record",%b'
        b'"dct:identifier":%b,"dct:language":%b,%b"dct:source":%b,'
        b'"dpv:hasDataSubject":{%b"@type":"dpv:DataSubject"},%b}'
        % (generation, index, created, identifier, language, replaces, middle, person, last)
    )


def pieces(evidence: Mapping[str, Any]) -> Pieces:
    """What the evidence of a decision says."""
    notice = "notices/" + evidence["notice"]
    processes = []
    for given in (True, False):
        categories, services = (
            sorted(f"{field}/{name}" for name, value in evidence[field].items() if value is given)
            for field in ("categories", "services")
        )
        if categories or services:
            processes.append(_process(evidence, given, categories, services))
    return Pieces(
        encode(evidence["language"]),
        b'%b,"dpv:hasDataController":%b'
        % (encode(evidence["origin"]), encode(notice + "#controller")),
        encode({"dpv:hasNotice": notice, "dpv:hasProcess": processes})[1:-1],
    )


def _process(
    evidence: Mapping[str, Any], given: bool, categories: list[str], services: list[str]
) -> dict[str, object]:
    if given:
        state = "dpv:ConsentGiven"
    elif evidence["action"] == "withdraw":
        state = "dpv:ConsentWithdrawn"
    else:
        state = "dpv:ConsentRefused"
    method = (
        f"{evidence['action']}; control {evidence['control']} on layer {evidence['layer']}; "
        f"Global Privacy Control {'on' if evidence['gpc'] else 'off'}"
    )
    return {
        "@type": "dpv:Process",
        "dpv:hasConsentStatus": {
            "@type": state,
            "dpv:hasDuration": {
                "@type": "dpv:UntilTimeDuration",
                "rdf:value": _time(evidence["expires_hour"]),
            },
            "dpv:hasIndicationMethod": method,
            "dpv:isIndicatedAtTime": _time(evidence["recorded_hour"]),
            "dpv:isIndicatedBy": "dpv:DataSubject",
        },
        "dpv:hasLegalBasis": "dpv:ExpressedConsent",
        "dpv:hasPurpose": categories + services,
        "dpv:hasService": services,
    }


def _time(hour: str) -> str:
    """An xsd:dateTime for an hour, as in 2026-11-21T22Z: its beginning."""
    return hour.removesuffix("Z") + ":00:00Z"
