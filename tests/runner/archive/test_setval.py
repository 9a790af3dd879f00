"""The statement that moves a sequence is read exactly, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import SequenceSet
from runner.archive import setval
from tests.runner.archive.committed import cases

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


def quoted(text: str, mark: str) -> str:
    return mark + text.replace(mark, mark * 2) + mark


@pytest.mark.parametrize("case", cases("setval.yaml"), ids=lambda case: case["sql"].strip())
def test_a_setval_statement_gives_its_sequence_or_nothing(case):
    found = setval.parse(case["sql"], backslash_escapes=case.get("backslashes", False))
    assert found == (None if case["gives"] is None else SequenceSet(*case["gives"]))


@given(names, names, st.integers(-(1 << 63), (1 << 63) - 1), st.booleans(), st.booleans())
def test_any_name_and_value_survive_being_written_and_read(schema, name, value, is_called, escapes):
    text = f"{quoted(schema, chr(34))}.{quoted(name, chr(34))}"
    literal = quoted(text.replace("\\", "\\\\") if escapes else text, "'")
    sql = f"SELECT pg_catalog.setval({literal}, {value}, {str(is_called).lower()});\n"
    assert setval.parse(sql, backslash_escapes=escapes) == SequenceSet(schema, name, value, is_called)
