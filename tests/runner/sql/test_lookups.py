"""An expression that a person wrote over a row, and the tables in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.sql.errors import SqlError
from runner.sql.lookups import expression

INSTEAD = {"orders": "pg_temp.o", "public.orders": "pg_temp.o", '"Or d".x': "pg_temp.x"}
CASES = {
    "tenant = 1": "tenant = 1",
    "SELECT tenant FROM orders WHERE id = order_id": 'SELECT tenant FROM pg_temp.o AS "orders" WHERE id = order_id',
    "SELECT o.tenant FROM public . orders AS o": "SELECT o.tenant FROM pg_temp.o AS o",
    "SELECT 'é', t FROM ONLY orders": "SELECT 'é', t FROM ONLY pg_temp.o AS \"orders\"",
    'EXISTS (SELECT FROM "Or d".x JOIN orders o ON true)': (
        'EXISTS (SELECT FROM pg_temp.x AS "x" JOIN pg_temp.o o ON true)'
    ),
    "a IN (WITH orders AS (SELECT 1 AS a) SELECT a FROM orders)": (
        "a IN (WITH orders AS (SELECT 1 AS a) SELECT a FROM orders)"
    ),
    "a IN (SELECT id FROM other)": "a IN (SELECT id FROM other)",
    "v = 'FROM orders' -- orders": "v = 'FROM orders' -- orders",
}
NOT_ONE = [
    "true) OR (true",
    "1); DROP TABLE t; SELECT (1",
    "a, b",
    "a AS b",
    "a FROM t",
    "a WHERE b",
    "a = 1; b = 2",
    "a LIMIT 1",
    "",
    "SELECT 1; SELECT 2",
    "DELETE FROM t",
]


@pytest.mark.parametrize(("text", "written"), CASES.items(), ids=CASES)
def test_tables_are_looked_into_elsewhere(text, written):
    assert expression(text).looking_in(INSTEAD) == f"({written}\n)"
    assert expression(text).looking_in({}) == f"({text}\n)"


@pytest.mark.parametrize("text", NOT_ONE)
def test_what_is_not_one_expression_is_refused(text):
    with pytest.raises(SqlError):
        expression(text)


@given(st.text(alphabet="a1 ()'\",;-\n=é", max_size=30))
def test_no_text_gets_out_of_its_parentheses(text):
    from runner.sql.grammar import parse

    try:
        written = expression(text).text
    except SqlError:
        return
    (statement,) = parse(f"SELECT {written}, 'behind'")
    assert len(statement.tree["targetList"]) == 2
