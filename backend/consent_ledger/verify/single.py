# SPDX-License-Identifier: MIT
"""One entry: a receipt with its opening, or the bare proof that an entry is in the log."""

from __future__ import annotations

from typing import Any

from consent_ledger.tlog.entry import Kind, parse_entry
from consent_ledger.tlog.errors import FormatError, MismatchError, ProofError
from consent_ledger.tlog.json_document import encode_document
from consent_ledger.tlog.merkle import leaf_hash, verify_inclusion
from consent_ledger.tlog.proof_file import ProofFile, parse_proof_file
from consent_ledger.tlog.receipts import check_tree_size, read_receipt
from consent_ledger.verify.clock import Clock
from consent_ledger.verify.faults import Faults
from consent_ledger.verify.parts import read_evidence, read_subject
from consent_ledger.verify.report import Report
from consent_ledger.verify.trust import Pinned, SignedHead, read_head

_ACTIONS = {
    "accept_all": "everything that was asked was accepted",
    "reject_all": "everything that was asked was refused",
    "customise": "chosen one by one",
    "withdraw": "a consent given before was withdrawn",
    "signal": "decided by the browser's signal (Global Privacy Control)",
    "object": "the visitor objected",
}


def verify_receipt_file(data: bytes, pinned: Pinned) -> Report:
    """The report on a JSON receipt: the decision, its place in the log and who signed that."""
    report = Report("receipt", Faults(), is_authenticated=False)
    try:
        receipt = read_receipt(data)
        head = _check_inclusion(report, receipt.file, receipt.entry, receipt.origin, pinned)
        check_tree_size(receipt, head.checkpoint.size)
        moment = read_subject(Kind.DECISION, encode_document(receipt.subject))
        hour, evidence = read_evidence(Kind.DECISION, encode_document(receipt.evidence))
        wrong = Clock().advance(hour, moment)
        if wrong is not None:
            raise wrong
    except ProofError as error:
        report.faults.add_error(error)
        return report
    report.details["receipt"] = {
        "origin": receipt.origin,
        "index": receipt.index,
        "tree_size": receipt.tree_size,
        "subject": dict(receipt.subject),
        "evidence": evidence,
    }
    report.facts = [
        *_place(receipt.index, head),
        *_decision(dict(receipt.subject), evidence),
        "The receipt does not say what was decided before or after it.",
    ]
    return report


def verify_proof(data: bytes, pinned: Pinned) -> Report:
    """The report on a `.tlog-proof` file whose `extra` line holds the entry's bytes."""
    report = Report("proof", Faults(), is_authenticated=False)
    try:
        file = parse_proof_file(data)
        if not file.extra:
            raise FormatError("extra", "no such line", "the bytes of the entry")
        kind = parse_entry(file.extra).kind
        head = _check_inclusion(report, file, file.extra, None, pinned)
    except ProofError as error:
        report.faults.add_error(error)
        return report
    name = kind.name.lower().replace("_", " ")
    report.details["proof"] = {
        "origin": head.checkpoint.origin,
        "index": file.index,
        "tree_size": head.checkpoint.size,
        "kind": kind.name.lower(),
    }
    report.facts = [*_place(file.index, head), f"The entry is of the kind {name}."]
    if kind.is_private:
        report.facts.append(
            "What it says is not shown: the log holds two commitments, and only the receipt, "
            "with its salts, opens them."
        )
    return report


def _check_inclusion(
    report: Report, file: ProofFile, entry: bytes, origin: str | None, pinned: Pinned
) -> SignedHead:
    """The checkpoint of a proof that leads to its root; the report gets its signer.

    Raises: ProofError of every family.
    """
    head = read_head(file.checkpoint, pinned.logs)
    checkpoint = head.checkpoint
    if origin is not None and checkpoint.origin != origin:
        raise MismatchError("origin", origin, f"{checkpoint.origin}, as the checkpoint says")
    signers = [key for key in head.signers if key.name == checkpoint.origin]
    report.is_authenticated = bool(signers)
    report.checkpoint = file.checkpoint
    parts = checkpoint.origin.split("/")
    report.site = parts[-2] if len(parts) > 2 else None
    verify_inclusion(file.index, checkpoint.size, leaf_hash(entry), file.proof, checkpoint.root)
    if pinned.logs and not signers:
        found = ", ".join(f"{each.name}+{each.key_id.hex()}" for each in head.note.signatures)
        wanted = ", ".join(f"{key.name}+{key.key_id.hex()}" for key in pinned.logs)
        raise MismatchError("signer", found, f"{wanted}, for a log of the same name")
    return head


def _place(index: int, head: SignedHead) -> list[str]:
    checkpoint = head.checkpoint
    return [
        f"Log {checkpoint.origin}",
        f"It is entry {index} in a tree of {checkpoint.size:,} entries, whose root is signed.",
    ]


def _decision(subject: dict[str, Any], evidence: dict[str, Any]) -> list[str]:
    action, choices = evidence["action"], (evidence["categories"], evidence["services"])
    given, refused = (
        ", ".join(name for each in choices for name in sorted(each) if each[name] is value)
        for value in (True, False)
    )
    signal = "on" if evidence["gpc"] else "off"
    return [
        f"  decision   {_ACTIONS.get(action, action)} ({action})",
        f"  given      {given or 'nothing'}",
        f"  refused    {refused or 'nothing'}",
        f"  recorded   {subject['recorded_at']} by the ledger's clock",
        f"  decided    {subject['decided_at']} by the browser's clock",
        f"  expires    {evidence['expires_hour']}",
        f"  notice     {evidence['notice']}, in {evidence['language']}",
        f"  shown by   build {evidence['build']} on {evidence['origin']}",
        f"  used       {evidence['control']} on layer {evidence['layer']}; "
        f"Global Privacy Control {signal}",
        f"  record     {subject['id']}, number {subject['seq']} of this visitor",
    ]
