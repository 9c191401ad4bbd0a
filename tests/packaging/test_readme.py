# SPDX-License-Identifier: MIT
"""Every command that a README shows is there, with the options it shows."""

import re
import shlex
from pathlib import Path

import click
import pytest
from consent_banner.cli import main as consent_banner
from consent_ledger.cli.main import group as consent_ledger
from wheel_checks import ROOT

COMMANDS = {"consent-banner": consent_banner, "consent-ledger": consent_ledger}
READMES = [p for p in (ROOT, ROOT / "backend", ROOT / "banner") if (p / "README.md").exists()]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def shown(folder: Path) -> list[list[str]]:
    """The command lines in the shell blocks of a README, without comments and variables."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


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
            command, rest = find(line)
            try:
                command.make_context(line[0], [word for word in rest if word != "--help"])
            except click.ClickException as error:
                pytest.fail(f"{' '.join(line)}: {error.format_message()}")


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
