# SPDX-License-Identifier: MIT
import json
import re
from pathlib import Path

import pytest
from consent_banner import lint, locales, report, review
from consent_banner.build import make
from consent_banner.config import from_document
from unit.builder.banner_document import in_languages

README = Path(__file__).parents[3] / "banner" / "README.md"


@pytest.fixture
def noted(tmp_path):
    file = tmp_path / "reviewed.json"
    file.write_text("{}")
    return file


def warnings(raw):
    return [each for each in lint.warnings(from_document(raw)) if "native speaker" in each]


def test_a_reading_is_noted_with_reader_day_and_the_texts_as_they_are(noted):
    assert not review.is_reviewed("fr", noted)
    review.note("fr", "Ada", noted)
    [(language, told)] = json.loads(noted.read_text()).items()
    assert (language, told["by"], told["texts"]) == ("fr", "Ada", review.fingerprint("fr"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", told["on"])
    assert review.is_reviewed("fr", noted)
    assert not review.is_reviewed("de", noted)


def test_a_text_that_changed_after_the_reading_is_unreviewed(noted, monkeypatch):
    review.note("fr", "Ada", noted)
    changed = {**locales.builtin("fr"), "accept": "Oui"}
    monkeypatch.setattr(locales, "builtin", lambda _: changed)
    assert not review.is_reviewed("fr", noted)


def test_the_reference_needs_no_review_and_others_cannot_have_one(noted, capsys):
    assert review.is_reviewed("en", noted)
    for language in ("en", "eo", "../en"):
        assert review.main([language, "Ada"]) == 1
        expected = f'Found "{language}", expected one of the translations: ar, de, es, fr, it.\n'
        assert capsys.readouterr().err == expected
    assert review.main(["fr"]) == 2
    assert capsys.readouterr().err.startswith("Usage: ")


def test_a_warning_names_the_languages_that_nobody_has_reviewed(monkeypatch):
    monkeypatch.setattr(review, "is_reviewed", lambda language: language in ("en", "it"))
    assert warnings(in_languages("en", "it")) == []
    [one] = warnings(in_languages("en", "it", "fr-CA", "ar"))
    assert "in fr-CA and ar:" in one
    assert "[texts.fr-CA], [texts.ar]" in one
    told = report.document(make(from_document(in_languages("en", "ar"))))["languages"]
    assert {language: each["reviewed"] for language, each in told.items()} == {
        "en": True,
        "ar": False,
    }


def test_a_language_in_the_owners_words_throughout_is_the_owners_own(monkeypatch):
    monkeypatch.setattr(review, "is_reviewed", lambda _: False)
    own = dict(locales.builtin("fr"))
    assert warnings(in_languages("fr", texts={"fr": own})) == []
    del own["accept"]
    assert len(warnings(in_languages("fr", texts={"fr": own}))) == 1


def test_the_table_of_the_languages_tells_which_are_reviewed():
    section = README.read_text().split("\n## Languages\n")[1].split("\n## ")[0]
    told = dict(re.findall(r"^\| `([a-z]+)` \|.*\| ([^|]+) \|$", section, re.MULTILINE))
    assert told == {
        language: "the reference"
        if language == locales.REFERENCE
        else "yes"
        if review.is_reviewed(language)
        else "not yet"
        for language in locales.shipped()
    }
