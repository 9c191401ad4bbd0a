# SPDX-License-Identifier: MIT
"""banner.toml with anything anywhere: a valid configuration or named errors, never another end."""

from datetime import date

from consent_banner import build, config, declaration
from consent_banner.config import ConfigError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.builder.banner_document import banner_document

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)

words = st.sampled_from(
    ["", "en", "fr", "session", "until-deleted", "local", "analytics", "/a", "https://a.example"]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.one_of(
    words, st.booleans(), st.integers(), st.floats(), st.dates(), st.datetimes(), st.none()
)
values = st.recursive(
    scalars,
    lambda more: (
        st.lists(more, max_size=3)
        | st.dictionaries(
            words | st.sampled_from(["id", "name", "en", "cookies"]), more, max_size=3
        )
    ),
    max_leaves=6,
)


def places(node, place=()):
    """Every place in a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, below in items:
        yield (*place, key)
        if isinstance(below, (dict, list)):
            yield from places(below, (*place, key))


def full_document():
    change = {"date": date(2026, 11, 1), "cause": "use", "significant": True, "text": "New."}
    document = banner_document(
        change=[change, change | {"text": {"en": "Newer."}}],
        choice={"lifetime_days": 200},
        look={"accent": "#112233", "dark": {"text": "#ffffff"}},
        languages={"default": "en", "available": ["en"]},
        texts={"en": {"title": "{site}"}},
    )
    hosts = {"script": ["https://a.example"], "connect": ["wss://a.example"]}
    document["category"][1]["service"][0]["hosts"] = hosts
    return document


PLACES = sorted(places(full_document()), key=str)


def put(document, place, value):
    """Sets *value* at *place*, or nothing when an earlier change took the place away."""
    node = document
    try:
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = value
    except (IndexError, KeyError, TypeError):
        return


@unhurried
@given(st.lists(st.tuples(st.sampled_from(PLACES), values), min_size=1, max_size=3))
def test_any_value_at_any_place_is_accepted_or_named(changes):
    document = full_document()
    for place, value in changes:
        put(document, place, value)
    try:
        made = config.from_document(document)
    except ConfigError:
        return
    # What is accepted can be built, and its notice and declaration are whole.
    built = build.make(made)
    assert declaration.html(built.notice, made.default_language).count("<table") == len(
        built.notice.document["categories"]
    )
