"""Calls of nextval are read out of text, and what cannot be read is never taken for harmless."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from checks.facts.nextval import calls

CASES = yaml.safe_load(Path(__file__).with_name("nextval.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_calls_are_read_out_of_text(case):
    found = calls(case["text"], case.get("language", "plpgsql"))
    assert {".".join(part for part in name if part) for name in found.names} == set(case.get("names", []))
    assert found.dynamic == case.get("dynamic", False)
    assert found.plain == case.get("plain", False)
    columns = {column for assigned in found.assigned.values() for column in assigned}
    assert columns == ({case["column"]} if "column" in case else set())


@given(st.text(), st.text(), st.sampled_from(["sql", "plpgsql", "plpython3u"]))
def test_a_call_with_a_computed_name_is_seen_in_any_text_without_quotes_and_comments(before, after, language):
    clean = str.maketrans("", "", "'\"$-/*\\")
    text = f"{before.translate(clean)} nextval(x {after.translate(clean)}"
    assert calls(text, language).dynamic
