"""Questions are put together so that no statement locks or reads too much, and none is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from checks.facts.packing import RELATIONS, packed

ITEMS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 70), min_size=1), st.integers(0, 500))
)


def locks(group):
    return sum({name: count for relations, _ in group for name, count in relations.items()}.values())


@given(ITEMS)
def test_groups_stay_within_the_bounds_and_keep_every_item(items):
    groups = packed(items, relations=lambda item: item[0], size_mb=lambda item: item[1])
    assert [item for group in groups for item in group] == items
    for group in groups:
        assert len(group) == 1 or (locks(group) <= RELATIONS and sum(size for _, size in group) <= 400)


def test_a_table_that_many_refer_to_counts_once():
    items = [{f"t{number}": 1, "parent": 1} for number in range(49)]
    assert len(packed(items, relations=lambda item: item)) == 1
