# SPDX-License-Identifier: MIT
"""banner/README.md against the program."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from consent_banner import build, emit, report
from consent_banner.cli import main
from consent_banner.config import from_document
from consent_banner.schema import ManyTables, OneTable
from consent_banner.tables import BannerTable
from unit.builder.banner_document import banner_config, in_languages

README = Path(__file__).parents[3] / "banner" / "README.md"


@pytest.fixture(scope="module")
def text():
    return README.read_text()


def keys(schema, prefix=""):
    for name, field in schema.fields.items():
        if isinstance(field, ManyTables):
            yield from keys(field.inner.schema, f"{prefix}{name}.")
        elif isinstance(field, OneTable):
            yield from keys(field.schema, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_key_of_the_settings_is_in_the_table_and_no_other(text):
    section = text.split("## banner.toml")[1].split("\n## ")[0]
    told = re.findall(r"^\| `([a-z_.]+)` \|", section, re.MULTILINE)
    assert sorted(told) == sorted(keys(BannerTable()))


def test_every_file_that_build_writes_is_in_the_table(text):
    section = text.split("## What build writes")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE)
    told = {name for cell in cells for name in re.findall("`([^`]+)`", cell)}
    raw = in_languages("en", "fr", signals={"google": {}})
    raw["languages"]["scripts"] = "each"
    written = {
        re.sub(r"\.(en|fr)\.", ".<language>.", re.sub(r"\.[0-9a-f]{12}\.", ".<hash>.", name))
        for name in emit.files(build.make(from_document(raw)))
    }
    assert told == written


def test_the_commands_run_as_they_stand(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert block is not None
    lines = [shlex.split(line, comments=True) for line in block[1].splitlines()]
    assert [line[:2] for line in lines] == [
        ["consent-banner", verb] for verb in ("init", "check", "preview", "build")
    ]
    for _, *arguments in lines:
        # A preview runs until it is ended; its own tests run it.
        called = [*arguments, "--help"] if arguments[0] == "preview" else arguments
        result = CliRunner().invoke(main, called)
        assert result.exit_code == 0, result.output
    assert (tmp_path / "my-site" / "dist" / "consent.js").is_file()


def test_the_errors_shown_are_those_that_the_program_prints(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    runner.invoke(main, ["init"])
    file = tmp_path / "banner.toml"
    broken = file.read_text().replace("duration = 30", "duration = 0")
    file.write_text(broken.replace('privacy = "privacy@example.com"', ""))
    shown = re.search(r"```\n(Error: .*?)```", text, re.DOTALL)
    assert shown is not None
    assert runner.invoke(main, ["build"]).stderr == shown[1]


def test_the_size_it_tells_is_the_size_of_such_a_build(text):
    told = re.search(r"about ([0-9.]+) kB \(brotli\)", text)
    assert told is not None
    size = report.measure(build.make(banner_config()).consent).brotli
    assert abs(size / 1000 - float(told[1])) < 0.15, size
