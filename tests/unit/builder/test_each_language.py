# SPDX-License-Identifier: MIT
"""`languages.scripts = "each"`: a script of its own for each language."""

import json
import re

import pytest
from click.testing import CliRunner
from consent_banner import build, emit, locales
from consent_banner.cli import main, starter
from consent_banner.config import from_document
from consent_ledger.schemas.requests import PublicationSchema
from unit.builder.banner_document import in_languages

SPOKEN = ("en", "fr", "ar")


def built(scripts, *languages, **changes):
    raw = in_languages(*languages, **changes)
    raw["languages"]["scripts"] = scripts
    return build.make(from_document(raw))


@pytest.fixture(scope="module")
def each():
    return built("each", *SPOKEN)


@pytest.fixture(scope="module")
def one():
    return built("one", *SPOKEN)


def speaks(script):
    """The languages whose word for Close a script has: both scripts have that button."""
    text = script.content.decode()
    return [each for each in SPOKEN if json.dumps(word(each), ensure_ascii=False) in text]


def word(language):
    return locales.builtin(language)["close"]


def test_one_script_has_all_languages(one):
    assert [(script.name, speaks(script)) for script in one.scripts] == [
        ("consent", ["en", "fr", "ar"]),
        ("choices", ["en", "fr", "ar"]),
    ]
    assert one.translated == {}
    assert "translated" not in one.facts


def test_each_script_has_its_own_language_only(each):
    assert [(script.name, speaks(script)) for script in each.scripts] == [
        ("consent", ["en"]),
        ("choices", ["en"]),
        ("consent.fr", ["fr"]),
        ("choices.fr", ["fr"]),
        ("consent.ar", ["ar"]),
        ("choices.ar", ["ar"]),
    ]


def test_a_script_of_one_language_is_as_small_as_if_there_were_no_other(each):
    alone = built("one", "fr").consent
    _, french, _ = [script for script in each.scripts if script.name.startswith("consent")]
    assert [name for name, _ in french.pieces] == [name for name, _ in alone.pieces]


def test_all_ask_by_the_same_build_and_notice(each):
    for script in each.scripts:
        if script.name.startswith("consent"):
            assert each.build_hash[:16].encode() in script.content
            assert each.notice.sha256[:8].encode() in script.content


def test_the_files_and_what_names_them_are_complete(each, tmp_path):
    emit.write(each, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    facts = json.loads((tmp_path / "build.json").read_bytes())
    assert facts["script"]["file"] in names
    assert [told["language"] for told in facts["translated"]] == ["fr", "ar"]
    for told in facts["translated"]:
        plain = tmp_path / f"consent.{told['language']}.js"
        assert plain.read_bytes() == (tmp_path / told["file"]).read_bytes()
        assert re.fullmatch(rf"consent\.{told['language']}\.[0-9a-f]{{12}}\.js", told["file"])
        assert told["bytes"] == plain.stat().st_size
    told = json.loads((tmp_path / "report.json").read_bytes())["languages"]
    assert list(told) == sorted(SPOKEN)
    for language, about in told.items():
        consent, choices = about["scripts"]
        assert {consent["file"], choices["file"]} <= names
        assert consent["brotli"] < consent["gzip"] < consent["raw"] == consent["bytes"], language


def test_the_ledger_takes_such_a_build(each):
    body = {"notice": each.notice.document, "build": each.facts}
    assert PublicationSchema().load(body)["build"]["build"] == each.build_hash


def test_the_tags_of_every_language_are_printed(tmp_path):
    toml = (
        starter()
        .decode()
        .replace("[controller]", '[ledger]\nurl = "https://l.example"\n\n[controller]')
    )
    languages = '[languages]\navailable = ["de", "it"]\nscripts = "each"\n\n[controller]'
    toml = re.sub(
        r'^(title|name|purpose|reason)( = )(".*")$',
        lambda text: f"{text[1]}{text[2]}{{ de = {text[3]}, it = {text[3]} }}",
        toml.replace("[controller]", languages),
        flags=re.MULTILINE,
    )
    # Who the site and the controller are is the same in every language.
    toml = re.sub(r'name = \{ de = ("My (?:Site|Company Ltd)").*\}', r"name = \1", toml)
    (tmp_path / "banner.toml").write_text(toml)
    said = CliRunner().invoke(
        main, ["build", str(tmp_path / "banner.toml"), "--out", str(tmp_path / "dist")]
    )
    assert said.exit_code == 0, said.output
    tags = re.findall(r'<script async src="/(\S+\.js)"', said.output)
    hashes = [re.sub(r"[0-9a-f]{12}", "#", tag) for tag in tags]
    assert hashes == [
        *("consent.js", "consent.#.js", "choices.js", "choices.#.js"),
        *("consent.it.js", "consent.it.#.js", "choices.it.js", "choices.it.#.js"),
    ]
    assert all((tmp_path / "dist" / tag).is_file() for tag in tags)
    assert 'On pages in "it" these take their place:' in said.output
    assert "warning: no native speaker has reviewed the texts" in said.output
