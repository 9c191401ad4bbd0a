# SPDX-License-Identifier: MIT
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner
from consent_banner import budget, build, emit, report
from consent_banner.cli import main
from consent_banner.config import BuilderError
from unit.builder.banner_document import banner_config

MADE = build.make(banner_config())
SIZE = report.measure(MADE.consent).brotli


def with_budget(size, **changes):
    """The build with another budget; that alone changes no script."""
    return replace(MADE, config=replace(MADE.config, budget_bytes=size, **changes))


def test_a_script_may_have_all_of_its_budget_and_no_byte_more(tmp_path):
    assert emit.write(with_budget(SIZE), tmp_path / "fits")
    with pytest.raises(BuilderError):
        emit.write(with_budget(SIZE - 1), tmp_path / "over")
    assert not (tmp_path / "over").exists()


def test_the_error_says_what_was_found_what_weighs_most_and_how_to_go_on():
    rows = sorted(report.measure(MADE.consent).rows, key=lambda row: -row.brotli)[:3]
    with pytest.raises(BuilderError) as refused:
        budget.require(with_budget(2000))
    assert str(refused.value).splitlines() == [
        f"consent.js is too large, so nothing was written: found {SIZE:,} bytes (brotli 11), "
        "expected at most 2,000 (size.budget_bytes).",
        "  The largest parts: " + ", ".join(f"{row.name} {row.brotli:,}" for row in rows) + ".",
        f"  To allow it: budget_bytes = {-(-SIZE // 100) * 100} in the table [size].",
    ]


def test_several_languages_in_one_script_are_told_that_each_may_have_its_own():
    with pytest.raises(BuilderError, match=r'languages\.scripts = "each" gives every language'):
        budget.require(with_budget(2000, languages=("en", "fr")))


def test_the_script_of_each_language_has_to_keep_to_it():
    large = replace(MADE.consent, name="consent.fr", pieces=((("texts", "x")),))
    small = with_budget(SIZE, languages=("en", "fr"), language_scripts="each")
    budget.require(replace(small, translated={"fr": (large,)}))
    larger = replace(MADE.consent, name="consent.fr", pieces=(*MADE.consent.pieces, ("texts", "?")))
    with pytest.raises(BuilderError, match=r"^consent\.fr\.js is too large"):
        budget.require(replace(small, translated={"fr": (larger,)}))


def test_build_and_check_refuse_alike_and_what_they_say_helps(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    runner.invoke(main, ["init"])
    file = tmp_path / "banner.toml"
    text = file.read_text()
    file.write_text(f"{text}\n[size]\nbudget_bytes = 1000\n")
    told = {command: runner.invoke(main, [command]) for command in ("build", "check")}
    assert {result.exit_code for result in told.values()} == {1}
    assert told["build"].stderr == told["check"].stderr
    assert not (tmp_path / "dist").exists()
    (size,) = re.findall(r"(budget_bytes = \d+) in the table \[size\]", told["check"].stderr)
    file.write_text(f"{text}\n[size]\n{size}\n")
    assert runner.invoke(main, ["check"]).exit_code == 0
