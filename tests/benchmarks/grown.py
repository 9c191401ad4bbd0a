# SPDX-License-Identifier: MIT
"""What a log costs when it has grown: decisions and proofs at few and at many entries.

Each server runs on a data directory of its own and they take turns, the no-ops among them.
Exports, and verifying them, are in `exports.py`.
"""

from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import decisions
import fill
import grown_tables
import tables
from consent_ledger import statements
from consent_ledger.db import open_database
from consent_ledger.proofs import tiles_of
from consent_ledger.tlog.prover import Prover
from consent_ledger.tlog.tile_reader import TileReader
from contenders import Ledger, start_noop
from ledger import constant_answers
from processes import Server, size_of
from rates import POST, Figure, Plan, posts, run_one

CONNECTIONS = 64
PROOF = "GET /receipts/{id}"
PROOFS_IN_PROCESS = 20_000


def run(folder: Path, plan: Plan, logs: fill.GrownLogs) -> dict[str, Any]:
    """Measures *logs*, which grow by it, with no-ops below *folder*; prints the figures and returns
    them with `ok`."""
    tables.heading("Log: decisions and proofs when it has grown")
    grown = {f"{size:,} entries": each for size, each in logs.ledgers().items()}
    ledgers = {name: ledger for name, (ledger, _) in grown.items()}
    filled = {name: each for name, (_, each) in grown.items()}
    entries = dict(zip(grown, logs.ledgers(), strict=True))
    in_process = {name: _prove_in_process(ledger) for name, ledger in ledgers.items()}
    stored_bytes = {name: size_of(ledger.data) for name, ledger in ledgers.items()}
    target = next(iter(ledgers.values())).target
    with ExitStack() as stack:
        servers = {name: stack.enter_context(ledger.serve()) for name, ledger in ledgers.items()}
        _, constant = constant_answers(target, list(servers.values())[-1], folder)
        for kind in ("schema", "bare"):
            servers[kind] = stack.enter_context(start_noop(kind, constant, folder))
        figures = _measure(plan, target, servers, filled)
        loaded_bytes = {name: server.pss_bytes() for name, server in servers.items()}
    result: dict[str, Any] = {
        "ok": True,  # the books are checked in the section before
        "connections": CONNECTIONS,
        "figures": [
            {"request": verb, "server": name, **figure.document()}
            for (verb, name), figure in figures.items()
        ],
        "entries": {
            name: {
                "filled_per_s": filled[name].per_s,
                "bytes": stored_bytes[name],
                "loaded_pss_bytes": loaded_bytes[name],
                "proofs_in_order_per_s": in_process[name][0],
                "proofs_at_random_per_s": in_process[name][1],
            }
            for name in ledgers
        },
    }
    grown_tables.print_figures(plan, list(ledgers), figures)
    grown_tables.print_rest(result, entries)
    return result


def _measure(
    plan: Plan,
    target: decisions.Target,
    servers: dict[str, Server],
    filled: dict[str, fill.Filled],
) -> dict[tuple[str, str], Figure]:
    """Every server in turn, each first once."""
    figures = {(verb, name): Figure() for verb in (POST, PROOF) for name in servers}
    names = list(servers)
    some = next(iter(filled.values()))
    for repetition in range(plan.repetitions):
        shift = repetition % len(names)
        for name in names[shift:] + names[:shift]:
            tables.progress(f"{name}, {CONNECTIONS} connections")
            run_one(plan, servers[name], 201, CONNECTIONS, posts(target), figures[POST, name])
            asked = [decisions.prove(target, each) for each in filled.get(name, some).record_ids]
            Random(repetition).shuffle(asked)
            requests = ((None, request) for request in cycle(asked))
            run_one(plan, servers[name], 200, CONNECTIONS, requests, figures[PROOF, name])
    tables.progress("")
    return figures


def _prove_in_process(ledger: Ledger) -> tuple[float, float]:
    """Inclusion proofs per second out of stored tiles: entry after entry, and anywhere."""
    database = open_database(ledger.data)
    with database.connection_context():
        row = database.execute_sql(statements.HEAD, (ledger.target.site, 1)).fetchone()
        generation, size = row[0], row[2]
        read = tiles_of(database, ledger.target.site, generation)
        count = min(PROOFS_IN_PROCESS, size)
        start = (size - count) // 2
        rates = []
        for indexes in (
            range(start, start + count),
            [Random(1).randrange(size) for _ in range(count // 10)],
        ):
            prover = Prover(size, TileReader(size, read))
            began = perf_counter()
            for index in indexes:
                prover.inclusion_proof(index)
            rates.append(len(indexes) / (perf_counter() - began))
    database.close_all()
    return rates[0], rates[1]
