"""Any bytes give a document or problems with a place; what is read is what YAML 1.2 and 1.1 agree on."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.strict_yaml import MAX_BYTES, MAX_NODES, parse

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=20
)


@given(DATA)
def test_what_a_yaml_writer_writes_is_read_back_as_it_was(data: Any):
    document = parse(yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True))
    if not document.problems:
        assert document.data == data
    else:
        assert {each.rule for each in document.problems} <= {"hidden-characters", "yaml-surprise"}


@given(st.binary(max_size=200) | st.text(max_size=200) | st.text("[]{}&*a-:? \n!|>'\"#,%@`", max_size=80))
def test_any_bytes_give_a_document_or_problems_with_a_place(content: bytes | str):
    document = parse(content)
    for problem in document.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message
    if not document.problems:
        assert document.root is not None


@given(
    st.dictionaries(st.from_regex("[a-z]{1,6}", fullmatch=True), st.lists(st.integers(0, 99), min_size=1), min_size=1)
)
def test_each_value_knows_where_it_stands(data: dict[str, list[int]]):
    text = yaml.safe_dump(data)
    document = parse(text)
    lines = text.splitlines()
    for key, items in data.items():
        line, column = document.position((key,), of_key=True)
        assert lines[line - 1][column - 1 :].lstrip("'\"").startswith(key)
        for i, item in enumerate(items):
            line, column = document.position((key, i))
            assert lines[line - 1][column - 1 :] == str(item)


@given(st.lists(st.from_regex("[a-z]{1,9}( [a-z]{1,9}){0,3}", fullmatch=True), min_size=1, max_size=5), st.data())
def test_a_character_of_a_block_is_found_in_the_file(rows: list[str], data: st.DataObject):
    text = "sql: |\n" + "".join(f"    {row}\n" for row in rows) + "after: 1\n"
    document = parse(text)
    value = document.data["sql"]
    offset = data.draw(st.integers(0, len(value) - 1))
    line, column = document.locate(("sql",), offset)
    if value[offset] != "\n":
        assert text.splitlines()[line - 1][column - 1] == value[offset]


@pytest.mark.parametrize("style", ["sql: {}", "sql: '{}'", 'sql: "{}"', "- [x, {}]"])
def test_a_character_of_one_line_is_found_in_the_file(style: str):
    text = style.format("SELECT one FROM t")
    document = parse(text)
    path = ("sql",) if "sql" in style else (0, 1)
    line, column = document.locate(path, len("SELECT "))
    assert (line, text[column - 1 :][:3]) == (1, "one")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"),
        ("on", "on"),
        ("~", None),
        ("null", None),
        ("true", True),
        ("-3", -3),
        ("1.5", 1.5),
        ('"no"', "no"),
    ],
)
def test_plain_words_of_the_language(text: str, value: Any):
    document = parse(f"a: {text}")
    assert document.problems == ()
    assert document.data == {"a": value}


SURPRISES = "no Yes NO 010 0x1F 0o17 0b1 1_000 1:30 1:30:00 .5 5. 1e3 +5 .inf .NaN True NULL 1.0 99999999999999999999"


@pytest.mark.parametrize("text", SURPRISES.split())
def test_what_other_readers_read_otherwise_is_refused_unless_quoted(text: str):
    assert [each.rule for each in parse(f"a: {text}").problems] == ["yaml-surprise"]
    assert parse(f"a: '{text}'").data == {"a": text}


def test_dates_are_text_only_where_asked_for():
    assert parse("a: 2027-03-31", dates=True).data == {"a": "2027-03-31"}
    assert [each.rule for each in parse("a: 2027-03-31").problems] == ["yaml-surprise"]


@pytest.mark.parametrize(
    "content",
    [
        "[" * 1_000_000,
        "{" * 1_000_000,
        "- " * 1_000_000,
        "a: &a [" + "x," * 400 + "]\nb: &b [" + "*a," * 400 + "]",
        "x" * (MAX_BYTES + 1),
        "\n".join(f"- {i}" for i in range(MAX_NODES + 1)),
        "\n".join("a: no" for _ in range(10_000)),
        b"\0" * 1_000_000,
    ],
    ids=["brackets", "braces", "dashes", "bomb", "one long line", "many values", "many problems", "zeros"],
)
def test_what_is_too_much_ends_in_few_problems(content: bytes | str):
    problems = parse(content).problems
    assert 1 <= len(problems) <= 200


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_text_inside_values_is_no_suppression(text: str):
    document = parse(yaml.safe_dump({"a": f"# shisa: ignore sql-syntax {text}"}))
    assert document.suppressions == ()
