"""Schemas under another name in the statements of a dump."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runner.sql.errors import SqlSyntaxError
from runner.sql.rename_schema import rename_in_literal, rename_schemas

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "rename_schema.yaml").read_text())
RENAMED = [case for case in CASES if "to" in case]
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\x00"), min_size=1, max_size=12
)


@pytest.mark.parametrize("case", RENAMED, ids=lambda case: case["from"][:60])
def test_only_what_stands_for_a_schema_is_renamed(case):
    found = rename_schemas(case["from"], {"env_a": "env_c"})
    assert (found.text, list(found.mentions)) == (case["to"], case.get("mentions", []))


@pytest.mark.parametrize("case", [case for case in CASES if "refused" in case], ids=lambda case: case["from"][:60])
def test_where_only_a_newer_grammar_could_tell_nothing_is_guessed(case):
    with pytest.raises(SqlSyntaxError, match=case["refused"]):
        rename_schemas(case["from"], {"env_a": "env_c"})


@pytest.mark.parametrize("case", RENAMED, ids=lambda case: case["from"][:60])
def test_a_statement_without_the_schema_stays_as_it_is(case):
    assert rename_schemas(case["from"], {"nowhere": "env_c"}).text == case["from"]


@given(NAMES, NAMES)
def test_any_name_can_be_renamed_there_and_back(old, new):
    quoted = '"' + old.replace('"', '""') + '"'
    literal = "'" + f"{quoted}.s".replace("'", "''") + "'"
    statement = f"ALTER TABLE {quoted}.t ALTER id SET DEFAULT nextval({literal}::regclass)"
    there = rename_schemas(statement, {old: new})
    assert there.mentions == ()
    assert rename_schemas(there.text, {new: old}).text == statement


def test_a_sequence_in_a_setval_is_renamed_in_its_literal():
    assert rename_in_literal("'env_a.s'", {"env_a": "it's"}) == "'\"it''s\".s'"
