# SPDX-License-Identifier: MIT
import gzip
from dataclasses import replace

import brotli
import pytest
from consent_banner import build, report
from unit.builder.banner_document import banner_config

SCRIPTS = build.make(banner_config()).scripts


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_report_is_the_size_of_the_script(script):
    found = report.measure(script)
    assert found.raw == len(script.content)
    assert found.brotli == len(brotli.compress(script.content, quality=11))
    assert found.gzip == len(gzip.compress(script.content, 9))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_rows_sum_up(script):
    found = report.measure(script)
    assert sum(row.raw for row in found.rows) == found.raw
    assert sum(row.brotli for row in found.rows) == found.brotli
    own = {"consent": "gate.js", "choices": "history.js"}[script.name]
    assert {"style", "texts", "configuration", own} <= {row.name for row in found.rows}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_table_names_every_row_and_the_whole(script):
    found = report.measure(script)
    lines = report.table(script).splitlines()
    names = [line.split("  ")[0] or line[2:].split("  ")[0] for line in lines]
    for one in found.features:
        place = names.index(one["name"])
        if len(one["modules"]) > 1:
            assert names[place + 1 :][: len(one["modules"])] == one["modules"]
            assert all(line.startswith("  ") for line in lines[place + 1 :][: len(one["modules"])])
    assert lines[-2].startswith(f"{script.name}.js ")
    assert f"{found.raw:,}" in lines[-2]
    assert f"{found.gzip:,}" in lines[-1]


def test_the_document_tells_both_scripts_and_how_to_tie_a_page_to_the_second():
    made = build.make(banner_config())
    told = report.document(made)
    assert made.choices is not None
    assert told["script"] == report.measure(made.consent).sizes
    assert told["choices"]["file"] == made.choices.hashed_file
    assert told["choices"]["integrity"] == made.choices.integrity
    assert told["choices"]["brotli"] == sum(row["brotli"] for row in told["choices"]["modules"])
    without = build.make(replace(banner_config(), ledger_url=None))
    assert "choices" not in report.document(without)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_features_sum_up_and_have_every_row_once(script):
    found = report.measure(script)
    for unit in ("raw", "brotli"):
        assert sum(one[unit] for one in found.features) == getattr(found, unit)
    rows = [name for one in found.features for name in one["modules"]]
    assert sorted(rows) == [row.name for row in found.rows]
    sizes = [one["brotli"] for one in found.features]
    assert sizes == sorted(sizes, reverse=True)
