# SPDX-License-Identifier: MIT
"""Sizes, speed of banner, ledger and grown logs, printed in one run: `make bench`."""

import argparse
import json
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import exports
import fill
import grown
import ledger
import machine
import navigation
import sizes
import tables
from load import LoadError
from processes import CommandError
from rates import Plan

SECTIONS = ("sizes", "banner", "ledger", "exports", "log")
NAVIGATIONS, QUICK_NAVIGATIONS = 25, 4
QUICK = Plan(seconds=0.4, repetitions=1, starts=2, syncs=50, sizes=(300, 3000))
EXAMPLE = """example:
  python tests/benchmarks/run.py --only ledger --connections 1 --connections 64 --seconds 5

figures depend on the machine and on what else it does: read ratios, beside the noise table.
exit status: 0, or 1 when a size is over its budget, the books disagree or something failed"""


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    interrupted = threading.Event()

    def interrupt(*_: object) -> NoReturn:
        interrupted.set()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="consent-ledger-bench-") as folder:
            results = _run(options, Path(folder))
    except (CommandError, LoadError, navigation.MissingEngineError) as error:
        print(f"\nThe benchmark ended: {error}", file=sys.stderr)
        return 1
    except BaseException:
        # Ctrl-C reaches the browser's driver too, whose end then hides the interrupt.
        if not interrupted.is_set():
            raise
        print("\nInterrupted; servers and files are cleaned up.", file=sys.stderr)
        return 130
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    failed = [name for name in SECTIONS if name in results and not results[name]["ok"]]
    for name in failed:
        print(f"NOT AS IT MUST BE: {name} (see its table)", file=sys.stderr)
    return 1 if failed else 0


def _run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The chosen sections, each with a sample of the machine's noise before and after it."""
    plan = _plan(options)
    logs = fill.GrownLogs(folder / "grown", plan.sizes)
    sections: dict[str, Callable[[Path], dict[str, Any]]] = {
        "sizes": sizes.run,
        "banner": lambda place: _banner(place, options.navigations),
        "ledger": lambda place: ledger.run(place, plan),
        "exports": lambda place: exports.run(place, logs),
        "log": lambda place: grown.run(place, plan, logs),
    }
    results: dict[str, Any] = {"quick": options.quick, "machine": machine.describe(folder)}
    samples = [("at the start", machine.measure(folder))]
    for name in SECTIONS:
        if name in options.only:
            place = folder / name
            place.mkdir()
            start = time.perf_counter()
            results[name] = sections[name](place)
            results[name]["seconds"] = time.perf_counter() - start
            tables.note(f"  This section took {results[name]['seconds']:.0f} s.")
            samples.append((f"after {name}", machine.measure(folder)))
    machine.report(results["machine"], samples)
    results["noise"] = [{"when": when, **sample} for when, sample in samples]
    return results


def _banner(folder: Path, navigations: int) -> dict[str, Any]:
    built = sizes.build(sizes.REFERENCE, folder / "reference")
    return navigation.run(built.script.decode(), navigations, folder)


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else Plan()
    return replace(
        plan,
        connections=tuple(options.connections or plan.connections),
        seconds=options.seconds or plan.seconds,
        sizes=tuple(sorted(options.entries or plan.sizes)),
    )


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="Print the sizes and speeds of banner and ledger beside their yardsticks.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", choices=SECTIONS, help="this section (repeatable; default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="a short run, too short for figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here, too")
    parser.add_argument(
        "--navigations", type=_count, metavar="N", help=f"of each page (default {NAVIGATIONS})"
    )
    parser.add_argument(
        "--connections",
        action="append",
        type=_count,
        metavar="N",
        help="to the ledger at the same time (repeatable; default 1, 16, 64)",
    )
    parser.add_argument(
        "--seconds", type=_duration, metavar="S", help="of each of the ledger's figures (default 3)"
    )
    parser.add_argument(
        "--entries",
        action="append",
        type=_entries,
        metavar="N",
        help="of each log that has grown (repeatable; default 10000, 1000000)",
    )
    options = parser.parse_args(arguments)
    options.only = options.only or list(SECTIONS)
    options.navigations = options.navigations or (
        QUICK_NAVIGATIONS if options.quick else NAVIGATIONS
    )
    return options


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 1 to 1000")
    return int(text)


def _entries(text: str) -> int:
    if not text.isdecimal() or not 100 <= int(text) <= 100_000_000:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected 100 to 100000000")
    return int(text)


def _duration(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.05 <= value <= 600:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected 0.05 to 600")
    return value


if __name__ == "__main__":
    sys.exit(main())
