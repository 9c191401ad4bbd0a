# SPDX-License-Identifier: MIT
"""Set-up explains itself where Python is missing, too old or incomplete; browsers likewise."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from browser import engines
from consent_ledger import chromium
from wheel_checks import ROOT

FIND = ROOT / "tests" / "browser" / "engines.py"
OLD = "#!/bin/sh\ncase $1 in --version) echo Python 3.9.2;; *) exit 1;; esac\n"
# Stands in for apt-get: takes down what it is asked, and "installs" by linking.
APT = """#!/bin/sh
echo "$@" >> {path}/asked
case "$*" in
  *firefox-esr*) ln -s new {path}/firefox-esr;;
  *webkit2gtk-driver*) ln -s new {path}/WebKitWebDriver; ln -s new {path}/Xvfb;;
esac
"""
BARE = '#!/bin/sh\ncase $2 in *venv*) exit 1;; esac\nexec "{python}" "$@"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A directory to be the whole PATH: the few tools that a recipe calls, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "head", "touch"):
        (folder / tool).symlink_to(shutil.which(tool))
    return folder


def program(path: Path, name: str, text: str) -> None:
    (path / name).write_text(text)
    (path / name).chmod(0o755)


def set_up(path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """`make` up to the environment, in an empty folder."""
    line = [shutil.which("make"), "--file", str(ROOT / "Makefile"), ".venv/bin/python", *more]
    env = {"PATH": str(path), "HOME": str(path)}
    return subprocess.run(
        line, cwd=path.parent, env=env, capture_output=True, text=True, timeout=100, check=False
    )


def test_without_python_one_sentence_says_what_is_needed(path: Path) -> None:
    answer = set_up(path)
    assert answer.returncode != 0
    assert answer.stderr.splitlines()[0].startswith("Python 3.11 or newer is needed and none")


def test_a_python_that_is_too_old_is_named(path: Path) -> None:
    program(path, "python3", OLD)
    answer = set_up(path)
    assert answer.returncode != 0
    assert "only python3 (Python 3.9.2) was found" in answer.stderr.splitlines()[0]


def test_a_python_without_venv_is_told_how_to_get_it(path: Path) -> None:
    program(path, "python3", BARE.format(python=sys.executable))
    answer = set_up(path)
    assert answer.returncode != 0
    assert "sudo apt install python3-venv" in answer.stderr.splitlines()[0]
    assert not (path.parent / ".venv").exists()


def test_the_first_python_that_can_make_an_environment_makes_it(path: Path) -> None:
    program(path, "python3.13", OLD)
    program(path, "python3.12", BARE.format(python=sys.executable))
    program(path, "python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    answer = set_up(path)
    assert answer.returncode == 0, answer.stderr
    made = path.parent / ".venv" / "bin" / "python"
    version = subprocess.run([made, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.strip() == f"Python {sys.version.split()[0]}"
    assert "up to date" in set_up(path).stdout


def find(path: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    # Playwright is looked for in an empty folder, so that only PATH counts.
    empty = {"PLAYWRIGHT_BROWSERS_PATH": str(path), "PATH": str(path), "HOME": str(path)}
    unnamed = {"CHROMIUM": "", "FIREFOX": "", "REQUIRE_ENGINES": ""}
    return subprocess.run(
        [sys.executable, str(FIND), *options],
        env={**os.environ, **unnamed, **empty, **env},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_a_browser_on_the_path_is_found_if_it_starts(path: Path) -> None:
    program(path, "chromium", "#!/bin/sh\nexit 127\n")
    program(path, "google-chrome", "#!/bin/sh\necho Chrome 1\n")
    program(path, "firefox-esr", "#!/bin/sh\nexit 127\n")
    program(path, "firefox", "#!/bin/sh\necho Firefox 1\n")
    program(path, "WebKitWebDriver", "")
    program(path, "Xvfb", "")
    answer = find(path, REQUIRE_ENGINES="all")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == [
        f"Chromium: {path / 'google-chrome'}",
        f"Firefox: {path / 'firefox'}",
        f"WebKit: {path / 'WebKitWebDriver'}",
    ]


@pytest.mark.parametrize("engine", ["Chromium", "Firefox"])
def test_a_browser_that_is_named_is_taken_or_refused_by_name(path: Path, engine: str) -> None:
    variable = engine.upper()
    program(path, "mine", "#!/bin/sh\necho Browser 1\n")
    program(path, engine.lower(), "#!/bin/sh\necho Browser 2\n")
    assert f"{engine}: {path / 'mine'}\n" in find(path, **{variable: str(path / "mine")}).stdout
    answer = find(path, REQUIRE_ENGINES="all", **{variable: "/nowhere/browser"})
    assert answer.returncode == 1
    assert "!!!!" in answer.stderr
    assert f"{variable} is '/nowhere/browser', but no browser starts from there" in answer.stderr


def test_without_chromium_the_search_fails_loudly_and_says_what_to_do(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromium, "ELSEWHERE", ())
    monkeypatch.delenv("CHROMIUM", raising=False)
    for name in ("PATH", "PLAYWRIGHT_BROWSERS_PATH"):
        monkeypatch.setenv(name, str(path))
    with pytest.raises(engines.MissingEngineError) as error:
        engines.find("chromium")
    for way in ("sudo apt install chromium", "playwright install chromium", "CHROMIUM="):
        assert way in str(error.value)


def test_without_the_other_engines_their_tests_are_skipped_unless_they_are_required(
    path: Path,
) -> None:
    program(path, "chromium", "#!/bin/sh\necho Chromium 1\n")
    answer = find(path, "--install", FIREFOX="/nowhere/firefox")
    assert answer.returncode == 0, answer.stderr
    assert "No WebKit was found: " in answer.stderr
    for name in ("Firefox", "WebKit"):
        assert f"{name}'s tests will be skipped" in answer.stderr
    assert find(path, REQUIRE_ENGINES="all").returncode == 1


def test_what_is_missing_is_installed_where_this_user_may(path: Path) -> None:
    for name, version in (("chromium", "Chromium 1"), ("new", "New 1")):
        program(path, name, f"#!/bin/sh\necho {version}\n")
    program(path, "sudo", '#!/bin/sh\nshift\nexec "$@"\n')  # for those who are not root
    program(path, "true", "#!/bin/sh\n")
    program(path, "apt-get", APT.format(path=path))
    (path / "ln").symlink_to(shutil.which("ln"))
    answer = find(path, "--install", REQUIRE_ENGINES="all")
    assert answer.returncode == 0, answer.stderr
    assert f"Firefox: {path / 'firefox-esr'}\n" in answer.stdout
    assert f"WebKit: {path / 'WebKitWebDriver'}\n" in answer.stdout
    asked = (path / "asked").read_text().splitlines()
    assert [line.split()[0] for line in asked] == ["update", "install", "install"]


def test_a_missing_command_that_cannot_be_installed_is_named(path: Path) -> None:
    program(path, "chromium", "#!/bin/sh\necho Chromium 1\n")
    answer = find(path, "--command", "no-such-command")
    assert answer.returncode == 0
    if sys.platform == "linux":
        assert "no-such-command is missing and could not be installed" in answer.stderr
