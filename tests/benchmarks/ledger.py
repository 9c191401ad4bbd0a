# SPDX-License-Identifier: MIT
"""Durable decisions and preferences per second, beside servers that record nothing.

The real `consent-ledger serve` on a fresh data directory, a Flask no-op with the ledger's schema
and limits, and a bare Flask no-op, all three under the same server with the same settings. They
take turns within each number of connections, so that a busy minute hits all three.
Afterwards the books are checked: every 2xx is a stored decision, and nothing else is.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import decisions
import fsyncs
import load
import sizes
import tables
from consent_ledger.config import Settings
from processes import BIN, Server, command, free_port, size_of

HERE = Path(__file__).parent
SITE = "reference"
NAMES = {
    "ledger": "consent-ledger serve",
    "schema": "no-op with schema and limits",
    "bare": "bare no-op",
}
POST, GET = "POST /consents", "GET /preferences"
STATUS = {POST: 201, GET: 200}
# Out of the way, though counted like any other.
LIMITS = {
    f"CONSENT_LEDGER_LIMIT_{kind}": "1000000000/minute"
    for kind in ("RECORD", "READ", "PUBLISH", "EXPORT", "HEALTH")
}
AIM_AT_64 = 0.60


@dataclass(frozen=True)
class Plan:
    """How long to measure: *seconds* a figure, *syncs* decisions to count fsyncs for."""

    connections: tuple[int, ...] = (1, 16, 64)
    seconds: float = 3.0
    repetitions: int = 2
    starts: int = 5
    syncs: int = 300

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


class Ledger:
    """A data directory with one site and its published notice, and servers started on it."""

    def __init__(self, folder: Path, build: Path) -> None:
        folder.mkdir()
        self.data = folder / "data"
        self.folder = folder
        self.target = _target(build)
        self.cli("init")
        self.cli("site", "add", SITE, "--name", "Reference", "--origin", self.target.origin)
        self.cli("publish", build)

    def cli(self, *arguments: object) -> str:
        return command("consent-ledger", *arguments, env=environment(self.data))

    def serve(self, watch: Path | None = None) -> Server:
        """Starts a server; with *watch* its fsyncs are written to that file."""
        port = free_port()
        line: list[object] = [BIN / "consent-ledger", "serve"]
        if watch is not None:
            line = fsyncs.watched(line, watch)
        return Server(
            line, port, self.folder / "serve.log", environment(self.data, port), "/readyz"
        )

    def stored(self) -> list[str]:
        """Record ids of all decisions in the log, from an export."""
        lines = self.cli("export", SITE, "--parts", "all").splitlines()[1:]
        entries = map(json.loads, lines)
        return [entry["subject"]["part"]["id"] for entry in entries if entry["kind"] == 1]


def environment(data: Path, port: int | None = None) -> dict[str, str]:
    """This process's environment with the ledger's settings of the benchmark and no others."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CONSENT_LEDGER")}
    mine = {
        "CONSENT_LEDGER_DATA": str(data),
        "CONSENT_LEDGER_LOG_LEVEL": "warning",
    }
    if port is not None:
        mine["CONSENT_LEDGER_PORT"] = str(port)
    return {**kept, **mine, **LIMITS}


def _target(build: Path) -> decisions.Target:
    document = json.loads((build / "notice.json").read_bytes())
    facts = json.loads((build / "build.json").read_bytes())
    return decisions.Target(
        SITE, "http://reference.localhost", document, facts["notice"], facts["build"]
    )


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
        constant = _constant_answers(ledger, servers["ledger"], books, folder)
        for kind in ("schema", "bare"):
            servers[kind] = stack.enter_context(_noop(kind, constant, folder))
        figures = _measure(plan, ledger.target, servers, books)
        loaded_bytes = {name: server.pss_bytes() for name, server in servers.items()}
    full_bytes = size_of(ledger.data)
    synced = _count_fsyncs(folder, build, plan.syncs)

    low, high = decisions.body_bytes(ledger.target)
    tables.note(
        f"  Body {low} to {high} B of JSON, a new visitor each; keep-alive; {plan.seconds:g} s a"
        f" figure, {plan.repetitions} a row, in turn; {Settings.threads} server threads.\n"
    )
    for verb in (POST, GET):
        _print_figures(verb, plan, figures)
    _print_ratios(plan, figures)
    stored = ledger.stored()
    result = {
        "body_bytes": [low, high],
        "figures": [
            {"request": verb, "connections": count, "server": name, **figure.document()}
            for (verb, count, name), figure in figures.items()
        ],
        "ratios": _ratios(plan, figures),
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
    _print_rest(result)
    return result


def _timed_start(ledger: Ledger) -> float:
    with ledger.serve() as server:
        return server.startup_s


def _noop(kind: str, constant: tuple[Path, Path], folder: Path) -> Server:
    """A no-op server; the ledger's serve wants a data directory, so it gets an empty one."""
    port = free_port()
    env = environment(folder / f"{kind}-data", port)
    command("consent-ledger", "init", env=env)
    line = [sys.executable, HERE / "noop.py", kind, *constant]
    return Server(line, port, folder / f"{kind}.log", env, "/readyz")


def _constant_answers(
    ledger: Ledger, server: Server, books: Books, folder: Path
) -> tuple[Path, Path]:
    """A real receipt and real preferences, for the no-ops to answer with."""
    decision = next(decisions.posts(ledger.target))
    files = folder / "receipt.json", folder / "preferences.json"
    files[0].write_bytes(load.one(server.port, decision.request, STATUS[POST]))
    books.add([decision])
    request = decisions.read(ledger.target, decision.token)
    files[1].write_bytes(load.one(server.port, request, STATUS[GET]))
    return files


# --- measuring ---


def _posts(target: decisions.Target) -> Iterator[tuple[decisions.Decision, bytes]]:
    for decision in decisions.posts(target):
        yield decision, decision.request


def _gets(target: decisions.Target, tokens: list[str]) -> Iterator[tuple[None, bytes]]:
    """Preferences of known visitors, spread over all that were recorded."""
    chosen = tokens[:: max(1, len(tokens) // 2000)]
    for request in cycle([decisions.read(target, token) for token in chosen]):
        yield None, request


def _measure(
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
                    requests = _posts(target) if verb == POST else _gets(target, books.tokens)
                    answered = _run_one(
                        plan, servers[name], verb, count, requests, figures[verb, count, name]
                    )
                    if (name, verb) == ("ledger", POST):
                        books.add(answered)
    tables.progress("")
    return figures


def _run_one(
    plan: Plan,
    server: Server,
    verb: str,
    count: int,
    requests: Iterator[tuple[Any, bytes]],
    figure: Figure,
) -> list[Any]:
    """A warm-up and a measured run, added to *figure*. Returns: the tags of all 2xx answers."""
    expected = STATUS[verb]
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


def _count_fsyncs(folder: Path, build: Path, count: int) -> dict[str, Any]:
    """fsyncs for *count* decisions over one connection, on a ledger of its own under strace."""
    reason = fsyncs.reason_against()
    if reason is not None:
        return {"ok": True, "reason_against": reason}
    ledger = Ledger(folder / "watched", build)
    trace = folder / "fsyncs.txt"
    with ledger.serve(watch=trace) as server:
        load.run(  # the first write makes the log file, which costs more
            server.port, _posts(ledger.target), connections=1, seconds=60, expected=201, limit=5
        )
        before = fsyncs.count(trace)
        result = load.run(
            server.port, _posts(ledger.target), connections=1, seconds=60, expected=201, limit=count
        )
        calls = fsyncs.count(trace) - before
    answered = len(result.answered)
    return {
        "ok": calls.total() >= answered,
        "decisions": answered,
        "calls": dict(calls),
        "per_2xx": calls.total() / answered,
    }


# --- printing ---


def _ratios(plan: Plan, figures: Figures) -> list[dict[str, Any]]:
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


def _print_figures(verb: str, plan: Plan, figures: Figures) -> None:
    tables.note(f"  {verb}")
    rows = []
    for count in plan.connections:
        for name, words in NAMES.items():
            figure = figures[verb, count, name]
            cpu = figure.cpu_ms
            rows.append(
                [
                    f"{count:>3} conn., {words}",
                    tables.number(figure.per_s),
                    tables.spread([run.per_s for run in figure.runs], tables.number),
                    tables.ms(tables.percentile(figure.latencies_ms, 0.50)),
                    tables.ms(tables.percentile(figure.latencies_ms, 0.99)),
                    tables.ms(cpu) if cpu is not None else "-",
                    f"{max(run.client_share for run in figure.runs):.0%}",
                ]
            )
    tables.table(
        ["connections, server", "per s", "min..max", "p50 ms", "p99 ms", "CPU ms each", "client"],
        rows,
    )


def _print_ratios(plan: Plan, figures: Figures) -> None:
    tables.note("  The ledger over the no-ops (per s: median and each repetition)")
    tables.table(
        [
            "request, connections",
            *("/s over schema no-op", "each", "CPU over it"),
            *("/s over bare no-op", "each", "CPU over it"),
        ],
        [
            [
                f"{row['request']}, {row['connections']}",
                *(
                    cell
                    for name in ("schema", "bare")
                    for cell in (
                        tables.ratio(tables.middle(row[name])),
                        tables.spread(row[name], tables.ratio),
                        tables.ratio(row[f"{name}_cpu"]) if row[f"{name}_cpu"] else "-",
                    )
                ),
            ]
            for row in _ratios(plan, figures)
        ],
    )
    tables.note(
        "  client: the load generator's own use of a core; near 100% it is what limits.\n"
        "  CPU: the server's processor time for each request; it depends least on the noise.\n"
        f"  Aim at 64 connections, on a quiet machine: POST at least {AIM_AT_64:.2f} of the bare"
        " no-op, p99 at most 25 ms.\n"
    )


def _print_rest(result: dict[str, Any]) -> None:
    memory = result["loaded_pss_bytes"]
    startup_ms = [seconds * 1e3 for seconds in result["startup_s"]]
    synced = result["fsyncs"]
    if "reason_against" in synced:
        fsync_cells = ["not counted", synced["reason_against"]]
    else:
        files = ", ".join(f"{name} {count}" for name, count in sorted(synced["calls"].items()))
        verdict = "" if synced["ok"] else "; TOO FEW: a power cut loses decisions"
        fsync_cells = [
            f"{synced['per_2xx']:.2f}",
            f"{synced['decisions']} decisions, 1 connection: {files}{verdict}",
        ]
    agree = "the same records" if result["same_records"] else "THE BOOKS DISAGREE"
    tables.table(
        ["books and weight", "figure", "about it"],
        [
            ["decisions answered 2xx", tables.number(result["answered_2xx"]), "warm-ups included"],
            ["decisions stored", tables.number(result["stored"]), f"from an export: {agree}"],
            ["fsyncs per 2xx", *fsync_cells],
            [
                "bytes at rest per record",
                tables.number(result["bytes_per_record"]),
                "data directory after a clean stop, less the empty one",
            ],
            [
                "start to ready, ms",
                tables.number(tables.middle(startup_ms)),
                f"{len(startup_ms)} starts, {tables.spread(startup_ms, tables.number)}",
            ],
            ["memory when ready, MB", _megabytes(result["idle_pss_bytes"]), "PSS, all processes"],
            [
                "memory after the load, MB",
                _megabytes(memory["ledger"]),
                f"no-op with schema {_megabytes(memory['schema'])},"
                f" bare {_megabytes(memory['bare'])}",
            ],
        ],
        left=(2,),
    )


def _megabytes(size: int | None) -> str:
    return "not seen (no /proc)" if size is None else f"{size / 1e6:.1f}"
