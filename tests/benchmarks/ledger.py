# SPDX-License-Identifier: MIT
"""Durable decisions and preferences per second, beside servers that record nothing.

The real `consent-ledger serve` on a fresh data directory, a Flask no-op with the ledger's schema
and limits, and a bare Flask no-op, all three under the same server with the same settings. They
take turns within each number of connections, so that a busy minute hits all three.
Afterwards the books are checked: every 2xx is a stored decision, and nothing else is.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import decisions
import fsyncs
import ledger_tables
import load
import sizes
import tables
from consent_ledger.config import Settings
from contenders import Ledger, start_noop
from processes import Server, size_of
from rates import GET, POST, STATUS, Books, Plan, measure, posts, ratios


def run(folder: Path, plan: Plan) -> dict[str, Any]:
    """Measures below *folder*, prints the figures and returns them with `ok`: the books agree."""
    tables.heading("Ledger: durable decisions and preferences per second")
    build = sizes.build(sizes.REFERENCE, folder / "build").folder
    ledger = Ledger(folder / "main", build)
    books = Books()
    empty_bytes = size_of(ledger.data)
    with ExitStack() as stack:
        startup_s = [_timed_start(ledger) for _ in range(plan.starts - 1)]
        servers = {"ledger": stack.enter_context(ledger.serve())}
        startup_s.append(servers["ledger"].startup_s)
        idle_bytes = servers["ledger"].pss_bytes()
        first, constant = constant_answers(ledger.target, servers["ledger"], folder)
        books.add([first])
        for kind in ("schema", "bare"):
            servers[kind] = stack.enter_context(start_noop(kind, constant, folder))
        figures = measure(plan, ledger.target, servers, books)
        loaded_bytes = {name: server.pss_bytes() for name, server in servers.items()}
    full_bytes = size_of(ledger.data)
    synced = _count_fsyncs(folder, build, plan.syncs)

    low, high = decisions.body_bytes(ledger.target)
    tables.note(
        f"  Body {low} to {high} B of JSON, a new visitor each; keep-alive; {plan.seconds:g} s a"
        f" figure, {plan.repetitions} a row, in turn; {Settings.threads} server threads.\n"
    )
    for verb in (POST, GET):
        ledger_tables.print_figures(verb, plan, figures)
    ledger_tables.print_ratios(plan, figures)
    stored = ledger.stored()
    result = {
        "body_bytes": [low, high],
        "figures": [
            {"request": verb, "connections": count, "server": name, **figure.document()}
            for (verb, count, name), figure in figures.items()
        ],
        "ratios": ratios(plan, figures),
        "answered_2xx": len(books.recorded),
        "stored": len(stored),
        "same_records": sorted(books.recorded) == sorted(stored),
        "bytes_per_record": (full_bytes - empty_bytes) / max(1, len(stored)),
        "startup_s": startup_s,
        "idle_pss_bytes": idle_bytes,
        "loaded_pss_bytes": loaded_bytes,
        "fsyncs": synced,
    }
    result["ok"] = result["same_records"] and synced["ok"]
    ledger_tables.print_rest(result)
    return result


def _timed_start(ledger: Ledger) -> float:
    with ledger.serve() as server:
        return server.startup_s


def constant_answers(
    target: decisions.Target, server: Server, folder: Path
) -> tuple[decisions.Decision, list[Path]]:
    """A real receipt, preferences and proof of a decision, for the no-ops to answer with."""
    decision = next(decisions.posts(target))
    answers = {
        "receipt.json": load.one(server.port, decision.request, STATUS[POST]),
        "preferences.json": load.one(
            server.port, decisions.read(target, decision.token), STATUS[GET]
        ),
        "proof.txt": load.one(server.port, decisions.prove(target, decision.record_id), 200),
    }
    for name, answer in answers.items():
        (folder / name).write_bytes(answer)
    return decision, [folder / name for name in answers]


def _count_fsyncs(folder: Path, build: Path, count: int) -> dict[str, Any]:
    """fsyncs for *count* decisions over one connection, on a ledger of its own under strace."""
    reason = fsyncs.reason_against()
    if reason is not None:
        return {"ok": True, "reason_against": reason}
    ledger = Ledger(folder / "watched", build)
    trace = folder / "fsyncs.txt"
    with ledger.serve(watch=trace) as server:
        load.run(  # the first write makes the log file, which costs more
            server.port, posts(ledger.target), connections=1, seconds=60, expected=201, limit=5
        )
        before = fsyncs.count(trace)
        result = load.run(
            server.port, posts(ledger.target), connections=1, seconds=60, expected=201, limit=count
        )
        calls = fsyncs.count(trace) - before
    answered = len(result.answered)
    return {
        "ok": calls.total() >= answered,
        "decisions": answered,
        "calls": dict(calls),
        "per_2xx": calls.total() / answered,
    }
