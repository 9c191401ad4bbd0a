# SPDX-License-Identifier: MIT
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from consent_banner import build, document, lint, locales, rules
from consent_banner.config import ConfigError, from_document
from unit.builder.banner_document import banner_document, in_languages

ENGLISH = locales.builtin("en")
TRANSLATIONS = ("ar", "de", "es", "fr", "it")
SAME_AS_ENGLISH = {
    "ar": set(),
    "de": {"declarationName"},
    "es": {"declarationCookie"},
    "fr": {"contact", "declarationCookie", "declarationSession"},
    "it": {"declarationCookie"},
}
BUTTONS = ("accept", "reject", "customise", "save", "close", "reload", "loadOnce")
IN_THE_SCRIPT = (
    *("title", "intro", "accept", "reject", "customise", "save", "close", "always", "policy"),
    *("contact", "still", "reload", "saved"),
)


def placeholders(text):
    return Counter(re.findall(r"\{\w+\}", text))


def test_six_languages_come_with_the_product():
    assert locales.shipped() == ("en", *TRANSLATIONS)


@pytest.mark.parametrize("language", TRANSLATIONS)
class TestTranslation:
    def test_has_every_text_in_the_order_of_the_english_ones_and_no_other(self, language):
        assert list(locales.builtin(language)) == list(ENGLISH)

    def test_keeps_every_placeholder(self, language):
        for key, text in locales.builtin(language).items():
            assert placeholders(text) == placeholders(ENGLISH[key]), key

    def test_has_no_empty_text_and_no_stray_space(self, language):
        for key, text in locales.builtin(language).items():
            assert rules.is_text(text), key
            assert text == text.strip(), key
            assert "  " not in text, key

    def test_leaves_nothing_in_english(self, language):
        texts = locales.builtin(language)
        same = {key for key, text in texts.items() if text == ENGLISH[key]}
        assert same == SAME_AS_ENGLISH[language]

    def test_calls_no_two_buttons_the_same(self, language):
        texts = locales.builtin(language)
        assert len({texts[key] for key in BUTTONS}) == len(BUTTONS)

    def test_says_in_every_script_little_more_than_the_english_one(self, language):
        texts = locales.builtin(language)
        assert all(len(texts[key]) <= 24 for key in BUTTONS)
        length = sum(len(texts[key]) for key in IN_THE_SCRIPT)
        assert length <= 1.3 * sum(len(ENGLISH[key]) for key in IN_THE_SCRIPT)

    def test_makes_a_notice_and_both_pieces_of_html(self, language):
        made = document.notice(from_document(in_languages(language)))
        assert made.languages == (language,)
        told = made.document["texts"][language]
        assert "Meridian Interfaces Ltd" in told["intro"]
        assert "180" in told["intro"]


def test_french_signs_do_not_begin_a_line():
    for key, text in locales.builtin("fr").items():
        assert not re.search(r" [:;?!]", text), key


@pytest.mark.parametrize("language", locales.shipped())
def test_every_text_can_be_replaced_in_every_language(language):
    own = {
        key: f"own {key} {' '.join(placeholders(text))}".strip()
        for key, text in locales.builtin(language).items()
    }
    config = from_document(in_languages(language, texts={language: own}))
    told = document.texts(config)[language]
    assert own.keys() == told.keys()
    assert all(text.startswith(f"own {key}") for key, text in told.items())
    one = from_document(in_languages(language, texts={language: {"accept": "!"}}))
    assert document.texts(one)[language] == document.texts(from_document(in_languages(language)))[
        language
    ] | {"accept": "!"}


@pytest.mark.parametrize("language", locales.shipped())
def test_a_mistake_in_an_own_text_names_key_found_and_expected(language):
    texts = {"acept": "!", "reject": 5, "intro": "{name}", "choicesGone": "{days}"}
    with pytest.raises(ConfigError) as error:
        from_document(in_languages(language, texts={language: texts}))
    assert [f"{'.'.join(map(str, place))}: {told}" for place, told in error.value.problems] == [
        f'texts.{language}.acept: unknown key, did you mean "accept"?',
        f"texts.{language}.choicesGone: found the placeholder {{days}}, expected only {{count}}",
        f"texts.{language}.intro: found the placeholder {{name}}, "
        "expected only {categories} {controller} {days} {site}",
        f"texts.{language}.reject: found 5, expected a text of 1 to 4000 characters",
    ]


def test_a_language_of_ones_own_needs_all_texts_and_then_all_is_well():
    missing = sorted(ENGLISH)[1:]
    first = {sorted(ENGLISH)[0]: "ok"}
    with pytest.raises(ConfigError) as error:
        from_document(in_languages("eo", texts={"eo": first}))
    assert [place for place, _ in error.value.problems] == [("texts", "eo", key) for key in missing]
    own = {key: f"eo {' '.join(placeholders(text))}" for key, text in ENGLISH.items()}
    config = from_document(in_languages("eo", texts={"eo": own}))
    assert document.notice(config).document["texts"]["eo"]["accept"] == "eo "
    assert not any("review" in warning for warning in lint.warnings(config))


def test_the_language_of_a_region_has_the_texts_of_its_language():
    config = from_document(in_languages("fr-CA", "de", texts={"fr-CA": {"accept": "Oui"}}))
    told = document.texts(config)
    assert told["fr-CA"]["reject"] == locales.builtin("fr")["reject"]
    assert told["fr-CA"]["accept"] == "Oui"
    assert locales.source("fr-CA") == "fr"
    assert locales.source("fro") is None


@pytest.mark.parametrize(
    ("language", "direction"),
    [
        *((language, "ltr") for language in ("en", "fr", "de", "es", "it", "en-GB", "ckt", "art")),
        *((language, "rtl") for language in ("ar", "ar-EG", "he", "fa", "ur-PK", "ckb", "yi")),
        *(("az-Arab", "rtl"), ("ur-Latn", "ltr"), ("pa-Arab-PK", "rtl"), ("ar-1996", "rtl")),
    ],
)
def test_the_direction_is_that_of_the_script_of_the_language(language, direction):
    assert locales.direction(language) == direction
    assert locales.marks(language) == f'lang="{language}" dir="{direction}"'


def test_a_name_keeps_its_own_direction_between_words_of_the_other():
    raw = in_languages("ar", "en", texts={"ar": {"title": "أ {controller}"}})
    raw["controller"]["name"] = "Meridian Ltd."
    for category in raw["category"]:
        for service in category["service"]:
            service["provider"] = "Meridian Ltd."
    told = document.texts(from_document(raw))
    assert told["ar"]["title"] == "أ \u2068Meridian Ltd.\u2069"
    assert "\u2068{services}\u2069" in told["ar"]["choicesGranted"]
    assert "\u2068" not in "".join(told["en"].values())
    raw["languages"]["scripts"] = "each"
    made = build.make(from_document(raw))
    arabic, english = (made.spoken(each)[0].content.decode() for each in ("ar", "en"))
    assert '"\u2068Meridian Ltd.\u2069"' in arabic
    assert '"Meridian Ltd."' in english


def test_the_starter_builds_in_every_language():
    raw = tomllib.loads((Path(lint.__file__).parent / "starter.toml").read_text())
    for language in locales.shipped():
        raw["languages"] = {"default": language}
        assert document.notice(from_document(raw)).languages == (language,)


def test_the_sample_in_several_languages_is_the_sample_in_one():
    assert in_languages("en") == banner_document(languages={"available": ["en"]})
