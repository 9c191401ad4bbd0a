# SPDX-License-Identifier: MIT
"""That `make bench` runs and keeps its books; what it measures is no business of a test."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# A busy machine is no failure.
pytestmark = pytest.mark.timeout(300)

RUN = Path(__file__).parent / "run.py"


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(RUN), *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=280)


def figures(tmp_path: Path, *arguments: object) -> tuple[str, dict[str, Any]]:
    """What a run printed, and its JSON."""
    file = tmp_path / "figures.json"
    answer = bench("--quick", "--json", file, *arguments)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout, json.loads(file.read_text())


def test_the_sizes_are_printed_by_feature_and_module_and_the_demo_keeps_its_budget(
    tmp_path: Path,
) -> None:
    printed, result = figures(tmp_path, "--only", "sizes")
    sizes = result["sizes"]
    scripts = sizes["scripts"]
    assert sizes["budget_bytes"] == {"demo": 4500, "reference": 3000}
    assert scripts["floor"]["brotli"] < scripts["reference"]["brotli"] < scripts["demo"]["brotli"]
    assert scripts["demo"]["brotli"] <= 4500
    for name, budget in sizes["budget_bytes"].items():
        over = scripts[name]["brotli"] - budget
        assert f"{budget:,}: " + (f"OVER by {over:,}" if over > 0 else "kept") in printed
        for listed in (sizes["features"][name], sizes["modules"][name]):
            assert sum(row["raw"] for row in listed) == scripts[name]["raw"]
            assert sum(row["brotli"] for row in listed) == scripts[name]["brotli"]
            assert all(row["name"] in printed for row in listed)


def test_every_decision_that_the_ledger_answered_is_stored_and_no_other(tmp_path: Path) -> None:
    printed, result = figures(
        tmp_path, "--only", "ledger", "--seconds", 0.1, "--connections", 1, "--connections", 4
    )
    ledger = result["ledger"]
    assert ledger["same_records"]
    assert ledger["answered_2xx"] == ledger["stored"] > 0
    assert "the same records" in printed
    assert {(row["server"], row["connections"]) for row in ledger["figures"]} == {
        (server, count) for server in ("ledger", "schema", "bare") for count in (1, 4)
    }
    assert ledger["bytes_per_record"] > 89
    assert all(seconds > 0 for seconds in ledger["startup_s"])


def test_a_log_is_measured_at_each_of_its_sizes(tmp_path: Path) -> None:
    printed, result = figures(
        tmp_path, "--only", "log", "--seconds", 0.1, "--entries", 100, "--entries", 700
    )
    log = result["log"]
    assert set(log["entries"]) == {"100 entries", "700 entries"}
    servers = {"100 entries", "700 entries", "schema", "bare"}
    asked = {"POST /consents", "GET /receipts/{id}"}
    assert {(row["server"], row["request"]) for row in log["figures"]} == {
        (server, request) for server in servers for request in asked
    }
    assert all(row["proofs_in_order_per_s"] > 0 for row in log["entries"].values())
    assert "700 entries" in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seconds", "soon"), "found 'soon', expected 0.05 to 600"),
        (("--connections", "0"), "found '0', expected a whole number"),
        (("--only", "everything"), "invalid choice: 'everything'"),
        (("--entries", "1"), "found '1', expected 100 to 100000000"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_starts(
    arguments: tuple[str, str], words: str
) -> None:
    answer = bench(*arguments)
    assert answer.returncode == 2
    assert words in answer.stderr
    assert answer.stdout == ""


def test_help_shows_an_example() -> None:
    answer = bench("--help")
    assert answer.returncode == 0
    assert "example:" in answer.stdout


def test_every_format_is_exported_and_the_bundle_of_it_verified(tmp_path: Path) -> None:
    printed, result = figures(tmp_path, "--only", "exports", "--entries", 700)
    rows = result["exports"]["rows"]
    assert [(row["what"], row["form"]) for row in rows if row["parts"] == "evidence"] == [
        *(("export", form) for form in ("ndjson", "csv", "jsonld", "bundle")),
        *(("hashes", "bundle"), ("openings", "bundle")),
    ]
    assert [(row["what"], row["form"]) for row in rows if row["parts"] == "all"] == [
        *(("export", "bundle"), ("openings", "bundle")),
    ]
    assert {row["entries"] for row in rows} == {700}
    assert "Exports stay below 100 MB whatever the size: yes." in printed


def test_the_banner_is_measured_beside_the_floor_on_both_devices_and_nothing_leaks_or_moves(
    tmp_path: Path,
) -> None:
    printed, result = figures(tmp_path, "--only", "banner", "--navigations", 1)
    banner = result["banner"]
    assert len(banner["profiles"]) == 2
    assert banner["third_party_requests"] == []
    assert banner["layout_shift"] == 0
    for profile in banner["profiles"].values():
        for key in ("ready", "frame", "drawn", "scripts"):
            assert profile["ratios"][key] > 0
        for visit in ("first", "back"):
            assert set(profile[visit]) == {"none", "ours", "floor"}
            assert all(min(each["script"]) > 0 for each in profile[visit].values())
        assert profile["summary"]["heap"]["ours"] > 0
    for words in ("can be clicked", "click: all scripts are here", "tasks over 50 ms", "<= 1.10"):
        assert words in printed
