"""How many ids would be issued twice: the formula against counting."""

from hypothesis import given
from hypothesis import strategies as st

from checks.base import SequenceSet, Verdict
from checks.facts.drawers import Drawer, SequenceRow
from checks.facts.drift import Subject, judge_live, judge_restore

STEPS = st.integers(-7, 7).filter(bool)
NUMBERS = st.integers(-60, 60)
ID = Drawer("default", "public.t", "id")


def subject(step, *, live, in_use, backup=None, called=True):
    row = SequenceRow(1, "public", "s", "public.s", step, cycles=False, cache=1, readable=True)
    carried = None if backup is None else SequenceSet("public", "s", backup, called)
    return Subject("public.s", row, carried, live, (ID,), in_use)


def counted(first, in_use, step):
    """Numbers that nextval gives from ``first`` on until it is past every id in use."""
    if in_use is None:
        return 0
    return len(range(first, in_use + (1 if step > 0 else -1), step))


@given(STEPS, NUMBERS, st.none() | NUMBERS)
def test_the_live_count_is_what_counting_gives(step, live, in_use):
    found = judge_live(subject(step, live=live, in_use=in_use))
    assert found.measured["ids_to_be_reissued"] == counted(live, in_use, step)
    assert (found.verdict is Verdict.BLOCK) == (counted(live, in_use, step) > 0)


@given(STEPS, NUMBERS, st.none() | NUMBERS, NUMBERS, st.booleans())
def test_a_restore_blocks_exactly_where_ids_come_again_and_warns_where_numbers_do(step, live, in_use, backup, called):
    found = judge_restore(subject(step, live=live, in_use=in_use, backup=backup, called=called))
    first = backup + step if called else backup
    doubled = counted(first, in_use, step)
    given_out_again = range(first, live, step)
    expected = Verdict.BLOCK if doubled else Verdict.WARN if given_out_again else Verdict.PASS
    assert found.verdict is expected
    assert found.measured["backup_next"] == first
    assert found.measured["ids_to_be_reissued"] == doubled


@given(STEPS, NUMBERS, NUMBERS)
def test_the_bound_is_the_nearest_number_that_is_free(step, live, in_use):
    ((name, safe),) = judge_live(subject(step, live=live, in_use=in_use)).bound.items()
    assert counted(safe, in_use, step) == 0
    assert counted(safe - (1 if step > 0 else -1), in_use, step) == 1
    assert name == ("lowest_safe_next" if step > 0 else "highest_safe_next")
