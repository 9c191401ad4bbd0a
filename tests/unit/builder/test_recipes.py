# SPDX-License-Identifier: MIT
"""banner/RECIPES.md against the builder."""

import re

import pytest
from click.testing import CliRunner
from consent_banner.cli import main
from recipes import DOCUMENT, Recipe, blocks, recipes, settings, with_tags

TEN = [
    "youtube",
    "vimeo",
    "intercom",
    "stripe",
    "google-analytics",
    "matomo",
    "plausible",
    "hotjar",
    "google-tag-manager",
    "meta-pixel",
]


def check(toml: str, folder) -> str:
    (folder / "banner.toml").write_text(toml, encoding="utf-8")
    result = CliRunner().invoke(main, ["check", str(folder / "banner.toml")])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_ten_services_have_a_recipe():
    assert [recipe.id for recipe in with_tags()] == TEN


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.id)
def test_each_table_is_accepted_by_itself(recipe: Recipe, tmp_path):
    check(settings([recipe]), tmp_path)


def test_all_tables_are_accepted_in_one_file_and_nothing_but_the_sale_surprises(tmp_path):
    said = check(settings(with_tags()), tmp_path)
    warnings = [line for line in said.splitlines() if line.startswith("warning")]
    assert len(warnings) == 2
    assert all("sells or shares" in line for line in warnings)


def test_the_table_of_the_signals_is_accepted_with_the_services_it_names(tmp_path):
    check(settings(with_tags()) + blocks()["toml", "signals"], tmp_path)


@pytest.mark.parametrize("recipe", with_tags(), ids=lambda recipe: recipe.id)
def test_each_tag_waits_for_its_own_service_or_for_its_category(recipe: Recipe):
    assert recipe.gate in (recipe.id, recipe.category)


def test_nothing_that_a_parser_may_fetch_ahead_stands_in_a_tag_that_waits():
    """Firefox looks into templates, all look at scripts with a type that they know."""
    for recipe in with_tags():
        html = recipe.tag("after", "head") + recipe.tag("after", "body")
        for element in re.findall(r"<\w[^>]* (?:src|srcset|href)=[^>]*>", html):
            assert 'type="text/plain"' in element


@pytest.mark.parametrize("recipe", with_tags(), ids=lambda recipe: recipe.id)
def test_the_change_leaves_the_vendors_code_as_it_is(recipe: Recipe):
    def code(when: str) -> str:
        html = recipe.tag(when, "head") + recipe.tag(when, "body")
        html = re.sub(r"<noscript>.*?</noscript>|</?template[^>]*>", "", html, flags=re.DOTALL)
        html = re.sub(r' type="text/plain"| data-consent="[^"]+"', "", html)
        return "".join(html.replace(" data-src=", " src=").split())

    assert code("after") == code("before") != ""


def test_the_table_of_services_tells_what_the_recipes_do():
    rows = re.findall(
        r"^\| \[[^]]+\]\(#[^)]+\) \| `([^`]+)` \| (\w+) \| the (\w+)",
        DOCUMENT.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    opens = {True: "service", False: "whole"}
    assert rows == [(r.id, r.category, opens[r.gate == r.id]) for r in with_tags()]


def test_every_named_block_belongs_to_a_recipe():
    known = {recipe.id for recipe in recipes()} | {"site", "category", "signals"}
    assert {key[1] if key[0] == "html" else key[-1] for key in blocks()} <= known | {
        recipe.category for recipe in recipes()
    }
