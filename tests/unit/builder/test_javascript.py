# SPDX-License-Identifier: MIT
import pytest
from consent_banner.javascript import SourceError, tokens


def kinds(source):
    return [(t.kind, t.text) for t in tokens("a.js", source) if t.kind != "space"]


def test_tokens_joined_are_the_source_again():
    source = "const a = `x${b + `y${c}`}z` / 2; // end\n/* more */ if (/[/]/u.test(d)) e?.f();"
    assert "".join(token.text for token in tokens("a.js", source)) == source


@pytest.mark.parametrize(
    ("source", "regex"),
    [
        ("a = /_x/g", "/_x/g"),
        ("f(/_x/)", "/_x/"),
        ("return /_x/", "/_x/"),
        ("if (a) /_x/.test(b)", "/_x/"),
        ("a = b ? /[/_x]/ : c", "/[/_x]/"),
        (r"a = [/\/_x/]", r"/\/_x/"),
        ("x = `${/_x/}`", "/_x/"),
        ("a => /_x/", "/_x/"),
        ("!/_x/", "/_x/"),
    ],
)
def test_a_slash_where_a_value_begins_is_a_regular_expression(source, regex):
    assert ("regex", regex) in kinds(source)


@pytest.mark.parametrize(
    "source",
    [
        *("a / _x / 2", "f() / _x / 2", "a[0] / _x / 2", "1 / _x / 2"),
        *("i++ / _x / 2", "`t` / _x / g", "this.return / _x / 2"),
    ],
)
def test_a_slash_after_a_value_divides(source):
    assert ("name", "_x") in kinds(source)


def test_a_slash_after_a_closing_brace_is_refused_with_its_line():
    with pytest.raises(SourceError, match=r"^a\.js:2: a `/` after `}` is ambiguous"):
        list(tokens("a.js", "f({\n}) ; ({}) ; {} /x/"))


def test_code_inside_a_template_is_code_and_its_text_is_not():
    found = kinds("`_a${_b({ _c: `_d${_e}` })}_f`")
    assert [text for kind, text in found if kind == "name"] == ["_b", "_c", "_e"]
    assert [text for kind, text in found if kind == "template"] == ["`_a${", "`_d${", "}`", "}_f`"]


def test_strings_and_comments_are_one_token_each():
    source = r"""'_a\'_b' "_c\"_d" /* _e */ // _f '"""
    assert [kind for kind, _ in kinds(source)] == ["string", "string", "comment", "comment"]


def test_numbers_keep_their_letters():
    assert [text for _, text in kinds("1_000 0x_f .5e-3 10n 1.5")] == [
        *("1_000", "0x_f", ".5e-3", "10n", "1.5")
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n'b", "a.js:2: a string has no end"),
        ("/* a", "a.js:1: a comment has no end"),
        ("`a", "a.js:1: a template has no end"),
        ("`a${", "a.js:1: `${` is never closed"),
        ("(\n[", "a.js:2: `[` is never closed"),
        ("(]", "a.js:1: `]` closes nothing"),
        ("a = /b\n/", "a.js:1: a regular expression has no end"),
        ("a = 1b", "a.js:1: a name right after the number 1"),
        ("a = \\u0062", "a.js:1: '\\\\' is not expected here"),
        ("größe = 1", "a.js:1: '\\xf6' is not expected here"),
    ],
)
def test_broken_source_is_refused_with_its_line(source, message):
    with pytest.raises(SourceError) as refused:
        list(tokens("a.js", source))
    assert str(refused.value) == message
