# SPDX-License-Identifier: MIT
import gzip

import brotli
from consent_banner import build, report
from unit.builder.banner_document import banner_config


def test_the_report_is_the_size_of_the_script():
    made = build.make(banner_config())
    found = report.measure(made)
    assert found.raw == len(made.script)
    assert found.brotli == len(brotli.compress(made.script, quality=11))
    assert found.gzip == len(gzip.compress(made.script, 9))


def test_the_rows_sum_up():
    made = build.make(banner_config())
    found = report.measure(made)
    assert sum(row.raw for row in found.rows) == found.raw
    assert sum(row.brotli for row in found.rows) == found.brotli
    assert {"style", "texts", "configuration", "gate.js", "ledger.js"} <= {
        row.name for row in found.rows
    }


def test_the_table_names_every_row_and_the_whole():
    found = report.measure(build.make(banner_config()))
    lines = report.table(found).splitlines()
    for row in found.rows:
        assert any(line.startswith(f"{row.name} ") for line in lines)
    assert f"{found.raw:,}" in lines[-2]
    assert f"{found.gzip:,}" in lines[-1]
