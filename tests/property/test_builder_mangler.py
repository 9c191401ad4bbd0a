# SPDX-License-Identifier: MIT
"""The mangler on random code: names change, and nothing else does."""

from consent_banner import minify, modules
from consent_banner.javascript import tokens
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TABLE = {"_alpha": "Q", "_beta": "R"}

names = st.sampled_from(["_alpha", "_beta", "plain", "$odd", "__double"])
inner = st.text(st.sampled_from("_alph bet{}$/*'\"`[]().;:\u2028é"), max_size=12)


def quoted(sign):
    return inner.map(lambda text: sign + text.replace("\\", "").replace(sign, "\\" + sign) + sign)


strings = quoted('"') | quoted("'")
comments = inner.map(lambda text: "/*" + text.replace("*/", "") + "*/")
regexes = st.sampled_from(["/_alpha/g", "/[/_beta]/", r"/\/_alpha\//u"]).map(lambda r: f"({r})")
plain_templates = inner.map(lambda text: "`" + text.replace("`", "").replace("$", "") + "`")
literals = strings | plain_templates | regexes | st.sampled_from(["1", "0x1f", "2.5e-3"])


def templates(expressions):
    texts = inner.map(lambda text: text.replace("`", "").replace("$", ""))
    return st.tuples(texts, expressions, texts).map(
        lambda parts: f"`{parts[0]}${{{parts[1]}}}{parts[2]}`"
    )


expressions = st.recursive(
    literals | names,
    lambda more: (
        st.tuples(more, st.sampled_from([" + ", " / ", ", ", " || "]), more).map("".join)
        | more.map(lambda e: f"({e})")
        | st.tuples(names, more).map(lambda parts: f"{parts[0]}({parts[1]})")
        | st.tuples(names, more).map(lambda parts: f"({{ {parts[0]}: {parts[1]} }})")
        | st.tuples(comments, more).map(" ".join)
        | templates(more)
    ),
    max_leaves=12,
)


@unhurried
@given(expressions)
def test_only_private_names_change(expression):
    source = f"f({expression});\n"
    mangled = minify.mangle(modules.read("a.js", source), TABLE)
    before, after = list(tokens("a.js", source)), list(tokens("a.js", mangled))
    assert [token.kind for token in after] == [token.kind for token in before]
    for old, new in zip(before, after, strict=True):
        expected = TABLE.get(old.text, old.text) if old.kind == "name" else old.text
        assert new.text == expected


@unhurried
@given(expressions)
def test_a_table_that_renames_nothing_gives_the_source_back(expression):
    source = f"f({expression});\n"
    module = modules.read("a.js", source)
    assert minify.mangle(module, {name: name for name in module.private}) == source


@unhurried
@given(expressions, st.sets(st.sampled_from("ABCDEFabcdef"), max_size=6))
def test_no_short_name_meets_an_ordinary_one(expression, ordinary):
    source = f"f({expression});\n" + "".join(f"g({name});" for name in sorted(ordinary))
    module = modules.read("a.js", source)
    table = minify.names_table([module])
    assert not set(table.values()) & module.public
    assert len(set(table.values())) == len(table) == len(module.private)
