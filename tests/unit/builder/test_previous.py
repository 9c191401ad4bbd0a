# SPDX-License-Identifier: MIT
"""`check --previous` and `build --previous`, as a site owner meets them."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from consent_banner import document, previous
from consent_banner.cli import main
from consent_banner.config import from_document, load
from unit.builder.banner_document import banner_document

COUNTER = 'provider = "Counter Ltd"'


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A site that was built once; gives a function that edits its file and calls a command."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    runner.invoke(main, ["init"])
    runner.invoke(main, ["build", "--out", "old"])
    file = tmp_path / "banner.toml"

    def call(*arguments, **replaced):
        text = file.read_text()
        for old, new in replaced.pop("edit", []):
            assert old in text
            text = text.replace(old, new)
        file.write_text(text)
        return runner.invoke(main, arguments)

    return call


CHECK = ("check", "--previous", "old/notice.json")
OTHER = [(COUNTER, 'provider = "Other Ltd"')]


def test_a_file_that_tells_the_same_passes(site):
    result = site(*CHECK)
    assert result.exit_code == 0
    assert result.output == (
        "Visitors are told the same as in old/notice.json.\n"
        "banner.toml: no error, 0 warnings; 1 category asked.\n"
    )


def test_a_small_difference_is_listed_and_passes(site):
    edit = [("duration = 30", "duration = 60"), ("updated = 2026-01-01", "updated = 2026-02-01")]
    result = site(*CHECK, edit=edit)
    assert result.exit_code == 0
    assert result.output.splitlines()[:2] == [
        "What visitors are told differs from old/notice.json, of 2026-01-01:",
        '  small        service "page-counter" keeps "visits" (cookie) for 60 days, '
        "before for 30 days",
    ]


def test_a_difference_under_the_old_date_is_warned_of(site):
    result = site(*CHECK, edit=[("duration = 30", "duration = 60")])
    assert (
        "warning: site.updated is 2026-01-01, and what is told has changed since then."
        in result.output
    )


def test_a_significant_difference_that_nobody_tells_is_an_error_with_the_words_to_paste(
    site, tmp_path
):
    refused = site(*CHECK, edit=OTHER)
    assert refused.exit_code == 1
    assert "  significant  service" in refused.stdout
    assert "no new [[change]] with significant = true says so" in refused.stderr
    day = re.search(r"Set site\.updated = (\S+), and add this", refused.stderr)
    assert day is not None
    # As the sentence says: the date set, the table pasted.
    table = refused.stderr[refused.stderr.index("[[change]]\n") :]
    file = tmp_path / "banner.toml"
    file.write_text(file.read_text() + "\n" + table)
    passed = site(*CHECK, edit=[("updated = 2026-01-01", f"updated = {day[1]}")])
    assert passed.exit_code == 0, passed.output
    (change,) = load(file).changes
    assert (change.cause, change.significant) == ("third_party", True)
    assert "Other Ltd" in change.text["en"]


def test_a_date_that_was_moved_on_is_the_day_of_the_change(site):
    edit = [*OTHER, ("updated = 2026-01-01", "updated = 2026-02-01")]
    refused = site(*CHECK, edit=edit)
    assert "\nAdd this to the end of banner.toml" in refused.stderr
    assert "\ndate = 2026-02-01\n" in refused.stderr


def test_a_change_that_is_not_significant_or_was_there_before_does_not_tell_it(site):
    change = '[[change]]\ndate = 2026-01-01\ncause = "use"\nsignificant = {}\ntext = "New."\n'
    last = '# text = "Counter Ltd counts our pages from now on."'
    told, small = f"{last}\n{change.format('true')}", change.format("false")
    assert site("build", "--out", "old", edit=[(last, told)]).exit_code == 0
    assert site(*CHECK, edit=OTHER).exit_code == 1
    assert site(*CHECK, edit=[(told, told + small)]).exit_code == 1
    # The same words a second time tell that it happened again.
    assert site(*CHECK, edit=[(small, change.format("true"))]).exit_code == 0


def test_the_example_of_the_readme_is_what_it_prints(site):
    readme = (Path(__file__).parents[3] / "banner" / "README.md").read_text()
    command, shown = re.findall(
        r"\$ consent-banner (check --previous .*)\n((?:.*\n)+?)```", readme
    )[0]
    site("build")
    result = site(*command.split(), edit=[*OTHER, ("duration = 30", "duration = 60")])
    assert result.output.startswith(shown)


def test_build_warns_and_builds_and_compares_with_what_it_writes_over(site, tmp_path):
    result = site("build", "--out", "old", "--previous", "old", edit=OTHER)
    assert result.exit_code == 0
    assert "warning: something significant has changed" in result.output
    assert '\ncause = "third_party"\n' in result.output
    assert "Other Ltd" in (tmp_path / "old" / "notice.json").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "old/notice.json: cannot be read: No such file or directory."),
        ("{", "old/notice.json: is no JSON, expected a notice.json."),
        ("\udc80", "old/notice.json: is no JSON, expected a notice.json."),
        ("[" * 100_000, "old/notice.json: is no JSON, expected a notice.json."),
        ("[]", "  document: found an empty list, expected a table"),
        ("{}", "  and "),
        ("other", 'found the notice of site "other", expected one of site "my-site".'),
    ],
)
def test_what_is_no_notice_of_this_site_is_one_error(site, tmp_path, content, message):
    file = tmp_path / "old" / "notice.json"
    if content is None:
        file.unlink()
    elif content == "other":
        file.write_text(file.read_text().replace('"id":"my-site"', '"id":"other"'))
    else:
        file.write_bytes(content.encode("utf-8", "surrogateescape"))
    result = site(*CHECK)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr


def notice(**changes):
    return document.notice(from_document(banner_document(**changes)))


def compared(before, now, tmp_path):
    file = tmp_path / "notice.json"
    file.write_bytes(before.canonical)
    return previous.compare(file, now)


def test_a_notice_from_before_changes_were_told_can_be_compared(tmp_path):
    old = json.loads(notice().canonical)
    del old["changes"]
    file = tmp_path / "notice.json"
    file.write_text(json.dumps(old))
    assert previous.compare(file, notice()).differences == ()


def test_a_change_that_was_told_and_is_altered_is_warned_of(tmp_path):
    change = {"date": date(2026, 11, 1), "cause": "use", "significant": True, "text": "New."}
    before, now = notice(change=[change, change]), notice(change=[change | {"text": "Newer."}])
    found = compared(before, now, tmp_path)
    assert (
        previous.warnings(found)
        == ["the [[change]] of 2026-11-01 (use) was told before, and is gone or altered"] * 2
    )
    assert [told["text"]["en"] for told in found.told] == ["Newer."]
    same_again = compared(notice(change=[change]), before, tmp_path)
    assert len(same_again.told) == 1
    assert previous.warnings(same_again) == []


def test_each_cause_gets_a_table_and_a_language_that_only_the_owner_writes_stays_empty(tmp_path):
    raw = banner_document()
    counter = raw["category"][1]["service"][0]
    counter |= {"provider": "Other Ltd", "purpose": 'Counts "people".'}
    now = document.notice(from_document(raw))
    text = previous.complaint(compared(notice(), now, tmp_path), date(2027, 1, 2))
    tables = text.split("\n\n")[1:]
    assert [re.findall("cause = .*", table) for table in tables] == [
        ['cause = "use"'],
        ['cause = "third_party"'],
    ]
    assert all("date = 2027-01-02\n" in table for table in tables)
    spoken = compared(notice(), now, tmp_path)
    object.__setattr__(spoken.now, "languages", ("fr", "en"))
    assert 'text = { fr = "", en = "service' in previous.complaint(spoken, date(2027, 1, 2))
    object.__setattr__(spoken.now, "languages", ("fr",))
    told = previous.complaint(spoken, date(2027, 1, 2))
    assert "\n# In English: service “page-counter”: purpose" in told
    assert '\ntext = ""' in told
