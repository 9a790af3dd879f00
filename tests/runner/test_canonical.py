import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.canonical import NotCanonicalError, canonical, parse_canonical

keys = st.text(st.characters(max_codepoint=127), max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_is_spelled_reads_back_and_has_one_spelling(value):
    data = canonical(value)
    assert parse_canonical(data) == value
    assert canonical(json.loads(data)) == data


def test_the_spelling_is_fixed_byte_for_byte():
    value = {"b": [1, True, None, "é\n\x7f"], "a": {"Z": -5, "A": "\u0001"}}
    assert canonical(value) == b'{"a":{"A":"\\u0001","Z":-5},"b":[1,true,null,"\xc3\xa9\\n\x7f"]}'


def test_text_is_not_normalised():
    assert canonical("e\u0301") != canonical("\u00e9")


def test_a_tuple_is_a_list():
    assert canonical((1, (2,))) == b"[1,[2]]"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1.0, "float has no one spelling"),
        ({"a": [1, float("nan")]}, r"\$\.a\[1\]: float has no one spelling"),
        ({"schlüssel": 1}, "is not ASCII text"),
        ({1: 2}, "is not ASCII text"),
        ("\ud800", "half of a surrogate pair"),
        (b"bytes", "bytes has no one spelling"),
        ({1, 2}, "set has no one spelling"),
    ],
)
def test_what_has_no_one_spelling_is_refused_with_the_place(value, reason):
    with pytest.raises(NotCanonicalError, match=reason):
        canonical(value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a":1,"a":2}', "a key stands twice"),
        (b'{"a":1.0}', "number 1.0 is not an integer"),
        (b'{"a":1e3}', "number 1e3 is not an integer"),
        (b'{"a":NaN}', "number NaN is not an integer"),
        (b'{"a": 1}', "another spelling"),
        (b'{"b":1,"a":2}', "another spelling"),
        (b'"\\u00e9"', "another spelling"),
        (b'"\\/"', "another spelling"),
        (b"-0", "another spelling"),
        (b'"\\ud800"', "half of a surrogate pair"),
        ('{"ß":1}'.encode(), "is not ASCII text"),
        (b"\xff", "not canonical JSON"),
        (b"", "not canonical JSON"),
        (b"1\n", "another spelling"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_other_spellings_and_tricks_are_refused(data, reason):
    with pytest.raises(NotCanonicalError, match=reason):
        parse_canonical(data)
