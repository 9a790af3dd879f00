"""The order in which tables take rows."""

from hypothesis import given
from hypothesis import strategies as st

from runner.postgres.rows.order import referenced_first

PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=16)


@given(PAIRS)
def test_whoever_refers_comes_behind_or_there_is_a_circle(references):
    tables = tuple(range(6))
    order, whole = referenced_first(tables, references)
    assert sorted(order) == list(tables)
    behind = [order.index(who) > order.index(whom) for who, whom in references if who != whom and max(who, whom) < 6]
    assert whole or not all(behind)
    assert not whole or all(behind)


def test_tables_without_references_keep_their_order():
    assert referenced_first((3, 1, 2), [(3, 3), (9, 1)]) == ((3, 1, 2), True)
