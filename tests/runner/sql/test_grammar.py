import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.sql.errors import SqlSyntaxError
from runner.sql.grammar import parse


def test_statements_know_their_text_and_place_behind_multibyte_comments():
    first, second = parse("-- é😀\n SELECT 'é';/* 表 */ DELETE FROM x -- end\n;\n-- nothing more")
    assert (first.text, first.offset, first.line, first.column, first.kind) == ("SELECT 'é'", 7, 2, 2, "SelectStmt")
    assert (second.text, second.line, second.column) == ("DELETE FROM x -- end", 2, 21)


def test_a_text_of_comments_has_no_statements():
    assert parse("-- nothing\n;/* */ ;") == ()


@pytest.mark.parametrize(
    ("sql", "message", "line", "column"),
    [
        ("SELECT 'é😀',\n é frm x y", 'syntax error at or near "x"', 2, 8),
        ("SELECT (", "syntax error at end of input", 1, 9),
        ("SELECT 'a", 'unterminated quoted string at or near "\'a"', 1, 8),
        ("SELECT 1\x00; DROP TABLE x", "a NUL character cannot stand in SQL", 1, 9),
        ("SELECT '\udc80'", "the text is not valid Unicode", 1, 9),
        ("\\copy x FROM y", 'syntax error at or near "\\"', 1, 1),
        ("SELECT 1" + "+1" * 5000, "the statement is nested too deeply to be looked into", 1, 1),
        ("SELECT 1" + "+1" * 200_000, "the statement is too long to be looked into", 1, 1),
        ("SELECT (" * 200_000, "the statement is too long to be looked into", 1, 1),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_the_grammar_refuses_is_told_with_its_place(sql, message, line, column):
    with pytest.raises(SqlSyntaxError) as refused:
        parse(sql)
    assert (refused.value.message, refused.value.line, refused.value.column) == (message, line, column)


def test_a_long_list_of_rows_is_not_a_deep_statement():
    (statement,) = parse("INSERT INTO t VALUES (1, 'x')" + ", (1, 'x')" * 20_000)
    assert statement.kind == "InsertStmt"


@given(st.text())
def test_any_text_is_parsed_or_refused(sql):
    try:
        statements = parse(sql)
    except SqlSyntaxError as refused:
        places = [(refused.line, refused.column)]
    else:
        places = [(each.line, each.column) for each in statements]
        assert all(sql[each.offset :].startswith(each.text) for each in statements)
    assert all(line >= 1 and column >= 1 for line, column in places)


def test_importing_the_package_loads_neither_the_grammar_nor_a_driver():
    code = "import sys, runner.sql.classify, runner.sql.variables; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "runner.sql.classify" in loaded
    assert {"pgparse", "psycopg", "hashlib", "unicodedata"}.isdisjoint(loaded)
