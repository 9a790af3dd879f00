"""What a step expects of its row counts: one of each statement, or nobody could tell which is meant."""

import pytest

from runner.postgres.transaction import Result
from runner.runbook.bounds import Bounds
from runner.steps.expecting import judge_rows

ROWS = [
    ([3], [(3, 3)], []),
    ([2], [(3, 3)], ["statement 1 touched 2 rows; expected exactly 3"]),
    ([2, 9], [(None, None), (None, 8)], ["statement 2 touched 9 rows; expected at most 8"]),
    ([0], [(1, None)], ["statement 1 touched 0 rows; expected at least 1"]),
    ([0], [(1, 2)], ["statement 1 touched 0 rows; expected 1 to 2"]),
    ([1], [(1, 1), (1, 1)], ["row counts are expected of 2 statements, and there are 1: say one of each"]),
    ([1, 7], [(1, 1)], ["row counts are expected of 1 statements, and there are 2: say one of each"]),
    ([1, 7], [], []),
]


@pytest.mark.parametrize(("rows", "bounds", "problems"), ROWS)
def test_row_counts_are_judged_statement_by_statement(rows, bounds, problems):
    assert judge_rows([Result(count) for count in rows], [Bounds(*each) for each in bounds]) == problems
