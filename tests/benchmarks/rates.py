# SPDX-License-Identifier: MIT
"""Rates and latencies of the servers, taken in turn for each number of connections."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import decisions
import load
import tables
from processes import Server

NAMES = {
    "ledger": "consent-ledger serve",
    "schema": "no-op with schema and limits",
    "bare": "bare no-op",
}
POST, GET = "POST /consents", "GET /preferences"
STATUS = {POST: 201, GET: 200}


@dataclass(frozen=True)
class Plan:
    """How long to measure: *seconds* a figure, *syncs* decisions to count fsyncs for.

    *sizes* are the entries of the logs that have grown.
    """

    connections: tuple[int, ...] = (1, 16, 64)
    seconds: float = 3.0
    repetitions: int = 2
    starts: int = 5
    syncs: int = 300
    sizes: tuple[int, ...] = (10_000, 1_000_000)

    @property
    def warm_up_s(self) -> float:
        return min(0.5, self.seconds / 2)


@dataclass
class Figure:
    """One server, one kind of request, one number of connections: a result a repetition."""

    runs: list[load.Result[Any]] = field(default_factory=list)
    cpu_s: float | None = 0.0
    answers: int = 0

    @property
    def per_s(self) -> float:
        return tables.middle([run.per_s for run in self.runs])

    @property
    def latencies_ms(self) -> list[float]:
        return [value for run in self.runs for value in run.latencies_ms]

    def document(self) -> dict[str, Any]:
        return {
            "per_s": [run.per_s for run in self.runs],
            "p50_ms": tables.percentile(self.latencies_ms, 0.50),
            "p99_ms": tables.percentile(self.latencies_ms, 0.99),
            "server_cpu_ms_per_request": self.cpu_ms,
        }

    @property
    def cpu_ms(self) -> float | None:
        """Processor time of the server per request."""
        return self.cpu_s * 1e3 / self.answers if self.cpu_s and self.answers else None


Figures = dict[tuple[str, int, str], Figure]


@dataclass
class Books:
    """What the ledger was asked to keep: record ids of all decisions it answered with 2xx."""

    recorded: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def add(self, answered: list[decisions.Decision]) -> None:
        self.recorded += [decision.record_id for decision in answered]
        self.tokens += [decision.token for decision in answered]


def posts(target: decisions.Target) -> Iterator[tuple[decisions.Decision, bytes]]:
    for decision in decisions.posts(target):
        yield decision, decision.request


def _gets(target: decisions.Target, tokens: list[str]) -> Iterator[tuple[None, bytes]]:
    """Preferences of known visitors, spread over all that were recorded."""
    chosen = tokens[:: max(1, len(tokens) // 2000)]
    for request in cycle([decisions.read(target, token) for token in chosen]):
        yield None, request


def measure(
    plan: Plan, target: decisions.Target, servers: dict[str, Server], books: Books
) -> Figures:
    figures: Figures = {
        (verb, count, name): Figure()
        for verb in (POST, GET)
        for count in plan.connections
        for name in servers
    }
    names = list(servers)
    for count in plan.connections:
        for repetition in range(plan.repetitions):
            # each goes first once, so that none always follows the same one
            shift = repetition % len(names)
            for name in names[shift:] + names[:shift]:
                for verb in (POST, GET):
                    tables.progress(f"{NAMES[name]}, {verb}, {count} connections")
                    requests = posts(target) if verb == POST else _gets(target, books.tokens)
                    answered = run_one(
                        plan,
                        servers[name],
                        STATUS[verb],
                        count,
                        requests,
                        figures[verb, count, name],
                    )
                    if (name, verb) == ("ledger", POST):
                        books.add(answered)
    tables.progress("")
    return figures


def run_one(
    plan: Plan,
    server: Server,
    expected: int,
    count: int,
    requests: Iterator[tuple[Any, bytes]],
    figure: Figure,
) -> list[Any]:
    """A warm-up and a measured run, added to *figure*. Returns: the tags of all 2xx answers."""
    warm = load.run(
        server.port, requests, connections=count, seconds=plan.warm_up_s, expected=expected
    )
    before = server.cpu_s()
    result = load.run(
        server.port, requests, connections=count, seconds=plan.seconds, expected=expected
    )
    after = server.cpu_s()
    figure.runs.append(result)
    figure.answers += len(result.answered)
    if before is None or after is None or figure.cpu_s is None:
        figure.cpu_s = None
    else:
        figure.cpu_s += after - before
    return warm.answered + result.answered


def ratios(plan: Plan, figures: Figures) -> list[dict[str, Any]]:
    """The ledger over each no-op: the rates of each repetition, and the processor time."""
    rows = []
    for verb in (POST, GET):
        for count in plan.connections:
            ours = [run.per_s for run in figures[verb, count, "ledger"].runs]
            row: dict[str, Any] = {"request": verb, "connections": count}
            for name in ("schema", "bare"):
                base = [run.per_s for run in figures[verb, count, name].runs]
                row[name] = [mine / theirs for mine, theirs in zip(ours, base, strict=True)]
                costs = [figures[verb, count, each].cpu_ms for each in ("ledger", name)]
                row[f"{name}_cpu"] = costs[0] / costs[1] if costs[0] and costs[1] else None
            rows.append(row)
    return rows
