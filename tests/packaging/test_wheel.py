# SPDX-License-Identifier: MIT
"""The wheel holds everything that the two commands need, and they work from it alone."""

import json
import os
import sys
import zipfile
from pathlib import Path

import pytest
from wheel_checks import ROOT, run, use_both_commands

PACKAGES = {
    "consent_banner": ROOT / "banner" / "consent_banner",
    "consent_ledger": ROOT / "backend" / "consent_ledger",
}
# Building the wheel fetches the build backend, on a slow line too.
pytestmark = pytest.mark.timeout(300)


def test_the_wheel_holds_every_file_of_both_packages(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in PACKAGES.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected <= held
    others = {name for name in held - expected if ".dist-info/" not in name}
    assert others == set()


@pytest.mark.parametrize(
    "pattern",
    [
        "js/min/manifest.json",
        "js/min/main.js",
        "css/min/base.css",
        "locales/en.json",
        "consent.d.ts",
    ],
)
def test_the_wheel_holds_the_data_of_the_builder(wheel: Path, pattern: str) -> None:
    assert zipfile.ZipFile(wheel).read(f"consent_banner/{pattern}")


def test_the_wheel_names_both_commands_its_licence_and_what_it_needs(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel)
    (entry_points,) = [n for n in held.namelist() if n.endswith("entry_points.txt")]
    text = held.read(entry_points).decode()
    assert "consent-banner = consent_banner.cli:main" in text
    assert "consent-ledger = consent_ledger.cli:main" in text
    (metadata,) = [n for n in held.namelist() if n.endswith("METADATA")]
    facts = held.read(metadata).decode()
    assert "License-Expression: MIT" in facts
    assert "Requires-Python: >=3.11" in facts
    assert "Requires-Dist: flask" in facts


def test_both_commands_work_from_the_wheel_outside_the_tree(wheel: Path, tmp_path: Path) -> None:
    """The wheel's own files come first on the path, before the tree's; nothing is fetched."""
    unpacked, work = tmp_path / "unpacked", tmp_path / "work"
    zipfile.ZipFile(wheel).extractall(unpacked)
    work.mkdir()
    # Without a browser, as on a new owner's server; the steps of the README publish with pictures.
    env = {**os.environ, "PYTHONPATH": str(unpacked), "CHROMIUM": str(tmp_path / "none")}
    where = (
        "import json, consent_banner as b, consent_ledger as l\n"
        "print(json.dumps([b.__file__, l.__file__]))"
    )
    files = json.loads(run([sys.executable, "-c", where], work, env))
    assert all(Path(file).is_relative_to(unpacked) for file in files)

    def command(package: str) -> list[str]:
        return [sys.executable, "-c", f"from {package}.cli import main; main()"]

    use_both_commands(command("consent_banner"), command("consent_ledger"), work, env)
