from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runner.sql.errors import VariableError
from runner.sql.grammar import parse
from runner.sql.tokens import position, tokens
from runner.sql.variables import analysable, placeholders, render
from tests.runner.sql.statements import CASES

FOUND = yaml.safe_load((CASES / "variables.yaml").read_text("utf-8"))
SQLISH = st.lists(
    st.sampled_from([*"'\"$:eE\\-/*\n a1", "::", ":=", "--", "/*", "*/", "$$", "$x$", ":x", ":'x'", ':"x"', "U&'", "é"])
).map("".join)
STORABLE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


@pytest.mark.parametrize("case", FOUND, ids=lambda case: case["sql"])
def test_variables_are_found_only_where_code_stands(case):
    found = [[each.name, each.style, each.line, each.column] for each in placeholders(case["sql"])]
    assert found == case["found"]


@given(st.one_of(st.text(), SQLISH))
def test_no_text_makes_the_tokenizer_raise_and_its_places_are_right(sql):
    end = 0
    for token in tokens(sql):
        assert end <= token.start < token.end <= len(sql)
        end = token.end
    for each in placeholders(sql):
        assert sql[each.start] == ":"
        assert each.name in sql[each.start : each.end]
        assert (each.line, each.column) == position(sql, each.start)


@given(SQLISH)
def test_the_stand_ins_keep_every_offset(sql):
    ready = analysable(sql)
    assert len(ready) == len(sql)
    kept = [True] * len(sql)
    for each in placeholders(sql):
        kept[each.start : each.end] = [False] * (each.end - each.start)
    assert all(a == b for a, b, keep in zip(sql, ready, kept, strict=True) if keep)


@given(STORABLE)
def test_a_literal_means_the_value_whatever_stands_in_it(value):
    (statement,) = parse(render("SELECT :'x' AS a", {"x": value}).text)
    (target,) = statement.tree["targetList"]
    assert target["ResTarget"]["val"]["A_Const"]["sval"].get("sval", "") == value


@given(STORABLE.filter(lambda name: 0 < len(name.encode()) <= 63))
def test_an_identifier_means_the_name_whatever_stands_in_it(name):
    (statement,) = parse(render('SELECT 1 AS :"x"', {"x": name}).text)
    (target,) = statement.tree["targetList"]
    assert target["ResTarget"]["name"] == name


@given(st.one_of(st.integers(), st.booleans(), st.decimals(allow_nan=False, allow_infinity=False, places=3)))
def test_a_number_is_one_token_whatever_stands_around_it(value):
    (statement,) = parse(render("SELECT 1-:x,2", {"x": value}).text)
    first, second = statement.tree["targetList"]
    assert first["ResTarget"]["val"]["A_Expr"]["name"][0]["String"]["sval"] == "-"
    assert second["ResTarget"]["val"]["A_Const"]["ival"]["ival"] == 2


@pytest.mark.parametrize(
    ("sql", "values", "text"),
    [
        ("SELECT :n, :b, :d", {"n": 5, "b": True, "d": Decimal("1.50")}, "SELECT 5, TRUE, 1.50"),
        ("SELECT 1-:n", {"n": -5}, "SELECT 1- -5"),
        ("SELECT 'a':'x''b'", {"x": "c"}, "SELECT 'a' 'c' 'b'"),
        ("SELECT E:'x'", {"x": "c"}, "SELECT E 'c'"),
        ("SELECT :n.5", {"n": 1}, "SELECT 1 .5"),
        ("SELECT :'x'", {"x": "a\\'b"}, "SELECT E'a\\\\''b'"),
        ("SELECT :'x', :'n', :'b'", {"x": Path("/a b"), "n": 5, "b": False}, "SELECT '/a b', '5', 'false'"),
        ('SELECT :"x".:"y"', {"x": 'a"b', "y": "c"}, 'SELECT "a""b"."c"'),
    ],
)
def test_values_are_rendered_by_their_type_and_never_glued_to_their_neighbours(sql, values, text):
    assert render(sql, values).text == text


@pytest.mark.parametrize(
    ("sql", "value", "reason"),
    [
        ("SELECT\n :x", "a", "the variable x: only a number or a boolean may stand unquoted"),
        ("SELECT\n :x", Decimal("NaN"), "the variable x: the number is not finite or has too many digits"),
        ("SELECT\n :x", Decimal("1E+2000"), "the variable x: the number is not finite or has too many digits"),
        ("SELECT\n :x", 10**2000, "the variable x: the number is not finite or has too many digits"),
        ("SELECT\n :'x'", "a\x00b", "the variable x: PostgreSQL cannot store a NUL character"),
        ("SELECT\n :'x'", "\udc80", "the variable x: the text is not valid Unicode"),
        ("SELECT\n :'x'", ["a"], "the variable x: a list or another structure has no SQL text"),
        ("SELECT\n :'x'", 1.5, "the variable x: a list or another structure has no SQL text"),
        ('SELECT\n :"x"', "", "the variable x: an identifier cannot be empty"),
        ('SELECT\n :"x"', "é" * 32, "the variable x: an identifier longer than 63 bytes would be cut by the server"),
        ('SELECT\n :"x"', 5, "the variable x is not a name"),
        ("SELECT\n :scram'x'", "a", "the variable x is not a secret"),
        ("SELECT\n :y", 5, "the variable y is not declared"),
    ],
)
def test_a_value_that_cannot_be_rendered_is_refused_with_its_place(sql, value, reason):
    with pytest.raises(VariableError) as refused:
        render(sql, {"x": value})
    assert (refused.value.message, refused.value.line, refused.value.column) == (reason, 2, 2)


def test_a_secret_shows_as_its_name_until_the_send():
    rendered = render("SET a = :'pw'; SELECT :'x'", {"x": "\u2039secret pw\u203a"}, secrets=frozenset({"pw"}))
    assert rendered.text == "SET a = \u2039secret pw\u203a; SELECT '\u2039secret pw\u203a'"
    assert rendered.with_secrets({"pw": "it's"}) == "SET a = 'it''s'; SELECT '\u2039secret pw\u203a'"
    assert [statement.kind for statement in parse(rendered.analysable)] == ["VariableSetStmt", "SelectStmt"]
    assert len(rendered.analysable) == len(rendered.text)


def test_a_verifier_is_sent_in_place_of_the_password_and_the_text_says_so():
    rendered = render("ALTER ROLE a PASSWORD :scram'pw'", {}, secrets=frozenset({"pw"}))
    assert rendered.text == "ALTER ROLE a PASSWORD \u2039scram pw\u203a"
    first, second = (rendered.with_secrets({"pw": "geheim"}) for _ in range(2))
    assert first.startswith("ALTER ROLE a PASSWORD 'SCRAM-SHA-256$4096:")
    assert "geheim" not in first
    assert first != second


@pytest.mark.parametrize("sql", ["SELECT :pw", 'SELECT :"pw"'])
def test_a_secret_stands_nowhere_else(sql):
    with pytest.raises(VariableError, match="the secret pw may stand only in :'pw' or :scram'pw'"):
        render(sql, {"pw": "x"}, secrets=frozenset({"pw"}))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({}, "the secret pw has no value"),
        ({"pw": "top\x00secret"}, "the secret pw: PostgreSQL cannot store a NUL character"),
    ],
)
def test_a_secret_that_cannot_be_sent_is_refused_without_telling_it(value, reason):
    rendered = render("SELECT :'pw'", {}, secrets=frozenset({"pw"}))
    with pytest.raises(VariableError) as refused:
        rendered.with_secrets(value)
    assert refused.value.message == reason


def test_any_text_comes_back_from_the_server_as_it_was(database):
    @given(st.lists(STORABLE, min_size=1, max_size=30))
    def round_trip(values):
        sql = ", ".join(f":'v{number}'" for number in range(len(values)))
        rendered = render(f"SELECT {sql}", {f"v{number}": value for number, value in enumerate(values)})
        assert conn.execute(rendered.text).fetchone() == tuple(values)

    with database.connect() as conn:
        for setting in ("on", "off"):
            conn.execute(f"SET standard_conforming_strings = {setting}")
            conn.execute("SET escape_string_warning = off")
            round_trip()


def test_any_name_comes_back_from_the_server_as_it_was(database):
    @given(STORABLE.filter(lambda name: 0 < len(name.encode()) <= 63))
    def round_trip(name):
        assert conn.execute(render('SELECT 1 AS :"x"', {"x": name}).text).description[0].name == name

    with database.connect() as conn:
        round_trip()
