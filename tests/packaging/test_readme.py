# SPDX-License-Identifier: MIT
"""Every command that a README shows is there, with the options it shows; the first one's work."""

import json
import os
import re
import shlex
import sys
import tomllib
from pathlib import Path

import click
import pytest
from consent_banner.cli import main as consent_banner
from consent_ledger.cli.main import group as consent_ledger
from wheel_checks import ROOT, run, serve_and_stop

COMMANDS = {"consent-banner": consent_banner, "consent-ledger": consent_ledger}
READMES = [p for p in (ROOT, ROOT / "backend", ROOT / "banner") if (p / "README.md").exists()]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def blocks(folder: Path, language: str) -> list[str]:
    """The blocks of code in a README, in order."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


def shown(folder: Path) -> list[list[str]]:
    """The command lines in the shell blocks of a README, without comments and variables."""
    lines = "".join(blocks(folder, "sh")).replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def without_target(words: list[str]) -> tuple[list[str], str | None]:
    """The words before a `> FILE`, and the file."""
    return (words[:-2], words[-1]) if words[-2:-1] == [">"] else (words, None)


def find(line: list[str]) -> tuple[click.Command, list[str]]:
    """The command that *line* calls, and the words after it."""
    command: click.Command = COMMANDS[line[0]]
    rest = line[1:]
    while isinstance(command, click.Group):
        while rest and rest[0].startswith("-"):
            has_value = any(
                rest[0] in option.opts and not option.is_flag
                for option in command.params
                if isinstance(option, click.Option)
            )
            rest = rest[2 if has_value else 1 :]
        if not rest:
            break
        below = command.get_command(click.Context(command), rest[0])
        assert below, f"{' '.join(line)}: {rest[0]} is not a command"
        command, rest = below, rest[1:]
    return command, rest


def test_the_first_readme_begins_with_run_and_test() -> None:
    assert [line[:2] for line in shown(ROOT)[:2]] == [["make", "run"], ["make", "test"]]


@pytest.mark.parametrize("folder", READMES, ids=lambda p: p.name)
def test_the_commands_of_each_readme_exist_with_their_options(folder: Path) -> None:
    lines = shown(folder)
    assert lines
    for line in lines:
        if line[0] == "make":
            for target in line[1:2]:
                assert re.search(rf"^{target}:", MAKEFILE, re.M), f"make {target}"
        elif line[0] in COMMANDS:
            command, rest = find(without_target(line)[0])
            try:
                command.make_context(line[0], [word for word in rest if word != "--help"])
            except click.ClickException as error:
                pytest.fail(f"{' '.join(line)}: {error.format_message()}")


def settle(toml: Path, wanted: str) -> None:
    """Sets in *toml* what the README's TOML sets, in the lines that `init` wrote for it."""
    text = toml.read_text(encoding="utf-8")
    for line in filter(None, wanted.splitlines()):
        start = re.escape(line if line.startswith("[") else line.partition("=")[0])
        text, count = re.subn(rf"^(# )?{start}.*$", line, text, count=1, flags=re.M)
        assert count == 1, f"the starter has no line for {line}"
    toml.write_text(text, encoding="utf-8")
    settings = tomllib.loads(text)
    for table, values in tomllib.loads(wanted).items():
        assert values.items() <= settings[table].items()


def test_the_steps_of_the_first_readme_work_from_top_to_bottom(tmp_path: Path) -> None:
    env = {key: value for key, value in os.environ.items() if "CONSENT_LEDGER_" not in key}
    starts = {
        name: [sys.executable, "-c", f"from {module} import main; main()"]
        for name, module in (
            ("consent-banner", "consent_banner.cli"),
            ("consent-ledger", "consent_ledger.cli"),
        )
    }
    (wanted,) = blocks(ROOT, "toml")
    done = []
    for name, *rest in shown(ROOT):
        if name == "export":
            env |= [rest[0].split("=", 1)]
        elif rest == ["serve"]:
            serve_and_stop(starts[name], tmp_path, env)
        elif name in starts:
            rest, target = without_target(rest)
            said = run([*starts[name], *rest], tmp_path, env)
            assert "warning:" not in said
            if target is not None:
                (tmp_path / target).write_text(said)
        if [name, *rest] == ["consent-banner", "init"]:
            settle(tmp_path / "banner.toml", wanted)
        done.append(" ".join([name, *rest[:1]]))
    assert [line for line in done if not line.startswith(("make", "export"))] == [
        "consent-banner init",
        "consent-banner check",
        "consent-banner build",
        "consent-ledger init",
        "consent-ledger site",
        "consent-ledger publish",
        "consent-ledger serve",
        "consent-ledger export",
        "consent-ledger signing-key",
        "consent-ledger verify",
    ]
    # Both halves speak of the same site, and the pages know where to send.
    settings = tomllib.loads(wanted)
    site = settings["site"]["id"]
    shown_site = json.loads(
        run([*starts["consent-ledger"], "site", "show", site, "--json"], tmp_path, env)
    )
    assert shown_site["origins"] == settings["site"]["origins"]
    assert shown_site["size"] == 1  # the notice
    notice = json.loads((tmp_path / "dist" / "notice.json").read_bytes())
    assert notice["ledger"] == settings["ledger"]["url"]


def commands(group: click.Command, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Every command below *group* that does something."""
    if not isinstance(group, click.Group):
        return [path]
    return [
        leaf for name, below in group.commands.items() for leaf in commands(below, (*path, name))
    ]


ALL = [leaf for name, group in COMMANDS.items() for leaf in commands(group, (name,))]


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_the_help_of_each_command_shows_an_example(path: tuple[str, ...]) -> None:
    command, _ = find(list(path))
    text = command.get_help(click.Context(command, info_name=" ".join(path)))
    assert re.search(rf"Example:\s+(\w+=\S+ )?{path[0]}\b.* {path[-1]}\b", text), text
    assert command.get_short_help_str()


@pytest.mark.parametrize("target", ["run", "test", "bench", "check", "minify", "clean"])
def test_make_help_lists_each_target(target: str) -> None:
    assert re.search(rf"^{target}:.*## \w", MAKEFILE, re.M)
    assert re.search(rf"^\.PHONY:.*\b{target}\b", MAKEFILE, re.M)
