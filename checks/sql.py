"""``sql``: any query that only looks, with what its answer must be."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.wording import counted


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What the query answered."""

    rows: int
    columns: tuple[str, ...] = ()
    value: str | bool | int | None = None
    """The first column of the only row; a number that is not whole as text."""
    number: bool = False
    """Whether the value is a number."""


@check("sql", since=14, group="open", looks_at="answers", limits=["rows", "value"])
class Sql(Check[Facts]):
    """A query of your own answers what it must.

    ## Why it matters

    What only this application knows (no job is running, the month is closed, the new column is filled) decides whether
    a step may go on, and belongs into the runbook as a query rather than into somebody's head.

    ## When it blocks

    With `rows_at_least` or `rows_at_most` the number of rows is outside. Otherwise the query must give one row, whose
    first column is `equals` (as text), or a number from `at_least` to `at_most`, or true where none of these is given.
    NULL, no row and several rows are unknown. The query is one statement that is proven to be read-only, and is run in
    a read-only transaction within its timeout.

    ## What to do

    What the answer asks for: `title` or `why` of the step should tell. List functions of your own that only look under
    `functions: {harmless: …}` in shisa.yaml, or the query is refused.

    ## What it cannot see

    Anything that the query does not ask. Its answer is of one moment.
    """

    sql: str = param("The query, which only looks.")
    equals: str | None = param("What the value must be, as text.", default=None)
    at_least: int | None = param("Smallest number that is fine.", default=None)
    at_most: int | None = param("Greatest number that is fine.", default=None)
    rows_at_least: int | None = param("Fewest rows that are fine.", default=None, minimum=0)
    rows_at_most: int | None = param("Most rows that are fine.", default=None, minimum=0)

    def gather(self, ask: Ask) -> Facts:
        """Run the query."""
        answer = ask.select(self.sql)
        if len(answer.rows) != 1 or not answer.columns:
            return Facts(len(answer.rows), answer.columns)
        value = answer.rows[0][0]
        plain = value if value is None or isinstance(value, (bool, int, str)) else str(value)
        return Facts(1, answer.columns, plain, _is_number(value))

    def looked_at(self, facts: Facts) -> int:
        """One answer."""
        return 1

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare the answer with what it must be."""
        if self.rows_at_least is not None or self.rows_at_most is not None:
            yield self._by_rows(facts)
        elif facts.rows != 1 or not facts.columns:
            message = f"The query gave {counted(facts.rows, 'row')} instead of one, so there is no answer to judge."
            yield self._said(facts, Verdict.UNKNOWN, message)
        elif facts.value is None:
            yield self._said(facts, Verdict.UNKNOWN, f"{facts.columns[0]} is NULL, which answers nothing.")
        else:
            yield self._by_value(facts, facts.columns[0], facts.value)

    def _by_rows(self, facts: Facts) -> Finding:
        few = self.rows_at_least is not None and facts.rows < self.rows_at_least
        many = self.rows_at_most is not None and facts.rows > self.rows_at_most
        wrong = ", and there must be " + ("more." if few else "fewer.") if few or many else "."
        verdict = Verdict.BLOCK if few or many else Verdict.PASS
        return self._said(facts, verdict, f"The query gave {counted(facts.rows, 'row')}{wrong}")

    def _by_value(self, facts: Facts, column: str, value: str | bool | int) -> Finding:  # noqa: FBT001 - a value of the database
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        if self.equals is not None:
            holds, wanted = shown == self.equals, self.equals
        elif self.at_least is not None or self.at_most is not None:
            number = Decimal(value) if facts.number else None
            if number is None or number.is_nan():
                return self._said(facts, Verdict.UNKNOWN, f"{column} is {shown!r}, which is no number to compare.")
            low, high = self.at_least, self.at_most
            holds = (low is None or number >= low) and (high is None or number <= high)
            wanted = " and ".join([f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None))
        else:
            holds, wanted = value is True, "true"
        message = f"{column} is {shown}" + ("." if holds else f", and must be {wanted}.")
        return self._said(facts, Verdict.PASS if holds else Verdict.BLOCK, message)

    def _said(self, facts: Facts, verdict: Verdict, message: str) -> Finding:
        bounds = ("equals", "at_least", "at_most", "rows_at_least", "rows_at_most")
        bound = {name: getattr(self, name) for name in bounds if getattr(self, name) is not None}
        return Finding("answer", verdict, message, {"rows": facts.rows, "value": facts.value}, bound)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
