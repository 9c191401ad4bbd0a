# SPDX-License-Identifier: MIT
"""The quick way of loading a document gives and raises exactly what marshmallow does."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from consent_banner.schema import Table
from consent_ledger.loading import loader
from consent_ledger.schemas.queries import ExportQuery, HistoryQuery
from consent_ledger.schemas.requests import DecisionSchema, PublicationSchema
from harness import sample_build, sample_decision, sample_notice
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

unhurried = settings(deadline=None)  # a busy machine is no failure

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=5,
)
near_values = st.sampled_from(
    [
        0,
        1,
        True,
        2**53 - 1,
        2**53,
        None,
        "",
        "en",
        "ab" * 8,
        "ab" * 16,
        "AB" * 16,
        "ab" * 32,
        "accept_all",
    ]
)
choices = st.dictionaries(st.sampled_from(["a", "A", "b-1", ""]), st.booleans() | values)
names = st.sampled_from([*sample_decision(), "unknown"])


def outcome(load: Any, document: Any) -> Any:
    """What came out, with the order of its keys, or what was wrong."""
    try:
        loaded = load(document)
    except ValidationError as error:
        return error.messages
    return list(loaded.items())


@unhurried
@given(
    st.dictionaries(names, near_values | choices | values, max_size=3),
    st.sets(names, max_size=2),
    st.randoms(),
)
def test_a_changed_decision_loads_as_before(
    changes: dict[str, Any], dropped: set[str], random: Any
) -> None:
    changed = {**sample_decision(), **changes}
    keys = [key for key in changed if key not in dropped]
    random.shuffle(keys)
    document = {key: changed[key] for key in keys}
    assert outcome(loader(DecisionSchema), document) == outcome(DecisionSchema().load, document)


@pytest.mark.parametrize("schema", [DecisionSchema, HistoryQuery, ExportQuery, PublicationSchema])
@unhurried
@given(values)
def test_anything_loads_as_before(schema: type[Table], document: Any) -> None:
    assert outcome(loader(schema), document) == outcome(schema().load, document)


@pytest.mark.parametrize("left_out", [(), ("previous",)])
def test_a_good_decision_needs_no_marshmallow(left_out: tuple[str, ...]) -> None:
    document = {key: value for key, value in sample_decision().items() if key not in left_out}
    with patch.object(DecisionSchema, "load", side_effect=AssertionError("it was asked")):
        loaded = loader(DecisionSchema)(document)
    assert loaded == {"previous": None, **document}


def test_what_is_loaded_is_another_object() -> None:
    document = sample_decision()
    loaded = loader(DecisionSchema)(document)
    assert loaded == document
    assert loaded is not document


def test_a_schema_with_tables_in_it_loads_them() -> None:
    document = {"notice": sample_notice(), "build": sample_build(sample_notice())}
    assert loader(PublicationSchema)(document) == PublicationSchema().load(document)
