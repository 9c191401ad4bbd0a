# SPDX-License-Identifier: MIT
"""The control: with the gates taken off the pages, every test of the gate fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest


@pytest.mark.timeout(600)
def test_every_gate_test_fails_when_the_gate_is_disabled(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        str(Path(__file__).parent),
        "-m",
        "gate",
        # One engine and one case are enough to see what a test notices.
        "-k",
        "not firefox",
        "-p",
        "browser.one_case_each",
        "-q",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        f"--junit-xml={report}",
    ]
    # Where pytest looks for tests' own modules it looks too late for those of -p.
    path = str(Path(__file__).parents[1])
    subprocess.run(
        command,
        env={**os.environ, "WITHOUT_GATE": "1", "PYTHONPATH": path},
        capture_output=True,
        check=False,
    )
    cases = list(ElementTree.parse(report).iter("testcase"))
    passed = [case.get("name") for case in cases if case.find("failure") is None]
    assert len(cases) > 40
    assert passed == []
