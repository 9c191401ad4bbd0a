# SPDX-License-Identifier: MIT
"""Our canonical JSON against an independent implementation of RFC 8785."""

import json

import rfc8785
from consent_banner import canonical
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner, max_size=5)
    ),
    max_leaves=30,
)


@unhurried
@given(documents)
def test_bytes_equal_those_of_an_independent_implementation(document):
    assert canonical.dumps(document) == rfc8785.dumps(document)


@unhurried
@given(documents)
def test_what_is_written_reads_back_equal(document):
    assert json.loads(canonical.dumps(document)) == document
