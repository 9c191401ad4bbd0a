# SPDX-License-Identifier: MIT
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from consent_banner import build, emit
from consent_banner.cli import starter
from consent_banner.config import BuilderError
from consent_banner.notice import Notice
from unit.builder.banner_document import banner_config

# The starter's ledger, which is commented out.
LEDGER = re.compile(rb"# \[ledger\].*\n# url")
PAGE = "<h1>Cookies</h1>\n<!-- consent declaration -->\nold\n<!-- /consent declaration -->\n<p>end"


@pytest.fixture(scope="module")
def made():
    return build.make(banner_config())


def test_the_output_directory_is_complete_and_consistent(made, tmp_path):
    written = emit.write(made, tmp_path / "dist")
    files = {path.name: path.read_bytes() for path in (tmp_path / "dist").iterdir()}
    assert {path.name for path in written} == set(files)
    facts = json.loads(files["build.json"])
    hashed = facts["script"]["file"]
    assert set(files) == {
        *("consent.js", hashed, "notice.json", "build.json", "report.json", "declaration.en.html"),
        *("choices.js", made.choices.hashed_file, "choices.en.html"),
        "consent.d.ts",
    }
    script = files["consent.js"]
    assert files[hashed] == script
    assert hashed == f"consent.{hashlib.sha256(script).hexdigest()[:12]}.js"
    digest = base64.b64encode(hashlib.sha384(script).digest()).decode()
    assert facts["script"] == {
        "file": hashed,
        "integrity": f"sha384-{digest}",
        "bytes": len(script),
    }
    notice = Notice.load(json.loads(files["notice.json"]))
    assert notice.canonical == files["notice.json"]
    assert facts["notice"] == notice.sha256 == hashlib.sha256(files["notice.json"]).hexdigest()
    # A record names its build, whose publication names the notice.
    assert facts["build"][:16].encode() in script
    assert json.loads(files["report.json"])["script"]["raw"] == len(script)
    choices = files["choices.js"]
    assert files[made.choices.hashed_file] == choices
    assert made.choices.hashed_file == f"choices.{hashlib.sha256(choices).hexdigest()[:12]}.js"


def test_without_a_ledger_there_is_nothing_of_receipts(tmp_path):
    without = build.make(replace(banner_config(), ledger_url=None))
    names = {path.name for path in emit.write(without, tmp_path / "dist")}
    assert not any("choices" in name for name in names)
    page = tmp_path / "choices.html"
    page.write_text(PAGE.replace("declaration", "choices"))
    with pytest.raises(BuilderError, match=r"without \[ledger\] there are no records to show"):
        emit.write(without, tmp_path / "dist", [page])


def test_a_page_gets_the_declaration_between_its_marks_again_and_again(made, tmp_path):
    page = tmp_path / "cookies.html"
    page.write_text(PAGE)
    page.chmod(0o640)
    emit.write(made, tmp_path / "dist", [page])
    once = page.read_text()
    assert once.startswith("<h1>Cookies</h1>\n<!-- consent declaration -->\n<div class=")
    assert once.endswith("</div>\n<!-- /consent declaration -->\n<p>end")
    assert "old" not in once
    emit.write(made, tmp_path / "dist", [page])
    assert page.read_text() == once
    assert page.stat().st_mode & 0o777 == 0o640


def test_a_page_gets_the_choices_and_the_declaration_each_between_its_own_marks(made, tmp_path):
    page = tmp_path / "both.html"
    page.write_text(PAGE + PAGE.replace("declaration", "choices"))
    emit.write(made, tmp_path / "dist", [page])
    declaration, choices = page.read_text().split("<p>end")[:2]
    assert '<div class="consent-declaration"' in declaration
    assert 'id="consent-page"' not in declaration
    assert '<div class="consent-page" id="consent-page" lang="en" dir="ltr">' in choices
    assert choices.endswith("</div>\n<!-- /consent choices -->\n")
    assert "\nold\n" not in declaration + choices


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (PAGE.replace("/consent declaration", "/consent choices"), "found 1 opening marks and 0"),
        ("<p>", "found 0 opening marks and 0 closed regions, expected a region from"),
        ("<!-- consent declaration -->", "found 1 opening marks and 0 closed regions"),
        (PAGE.replace("ion -->\nold", "ion -->\n<!-- consent declaration -->"), "found 2 opening"),
        (PAGE.replace("ion -->\nold", "ion fr -->\n"), 'found a mark for "fr", expected one of en'),
    ],
)
def test_a_page_without_a_proper_region_stops_everything(made, tmp_path, page, message):
    file = tmp_path / "cookies.html"
    file.write_text(page)
    with pytest.raises(BuilderError, match=message):
        emit.write(made, tmp_path / "dist", [file])
    assert not (tmp_path / "dist").exists()
    assert file.read_text() == page


def test_when_one_file_cannot_be_written_none_is(made, tmp_path):
    out = tmp_path / "dist"
    emit.write(made, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (out / "notice.json").write_text("as it was")
    (out / "consent.js").unlink()
    (out / "consent.js").mkdir()
    with pytest.raises(BuilderError, match=r"consent\.js: cannot be written: it is a directory\.$"):
        emit.write(made, out)
    assert (out / "notice.json").read_text() == "as it was"
    assert {path.name for path in out.iterdir()} == set(before)


def test_an_output_path_that_is_a_file_is_one_sentence(made, tmp_path):
    (tmp_path / "dist").write_text("x")
    with pytest.raises(BuilderError, match=r"dist: cannot be made: File exists\.$"):
        emit.write(made, tmp_path / "dist")


def test_new_files_can_be_read_by_a_web_server(made, tmp_path):
    emit.write(made, tmp_path / "dist")
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "dist" / "consent.js").stat().st_mode & 0o777 == 0o666 & ~umask


def test_the_same_settings_give_the_same_bytes_in_any_place_and_process(tmp_path):
    outputs = []
    for seed in ("1", "2"):
        place = tmp_path / f"place-{seed}"
        place.mkdir()
        (place / "banner.toml").write_bytes(LEDGER.sub(b"[ledger]\nurl", starter()))
        (place / "cookies.html").write_text(PAGE)
        subprocess.run(
            [
                *(sys.executable, "-m", "consent_banner", "build"),
                *("--insert", "cookies.html"),
            ],
            cwd=place,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC+{seed}", "LC_ALL": "C"},
            check=True,
            capture_output=True,
        )
        outputs.append(
            {
                path.relative_to(place).as_posix(): path.read_bytes()
                for path in place.rglob("*")
                if path.is_file()
            }
        )
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) == 9 + 3
    for name, content in outputs[0].items():
        assert b"\r" not in content, name
        assert str(tmp_path).encode() not in content, name
        assert str(Path.home()).encode() + b"/" not in content, name
