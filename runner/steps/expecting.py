"""What a step expects of its own effect, judged inside the transaction before it commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.postgres.transaction import in_words
from runner.runbook.model import Expect, RowBounds, TableChange

if TYPE_CHECKING:
    from runner.postgres.transaction import TableDelta, Transaction

Bounds = tuple[int | None, int | None]


def row_bounds(expect: Expect) -> list[Bounds]:
    """Give the bounds of ``rows``, one for each that is written."""
    if expect.rows is None:
        return []
    return [_bounds(bound) for bound in (expect.rows if isinstance(expect.rows, tuple) else (expect.rows,))]


def unexpected(transaction: Transaction, expect: Expect) -> list[str]:
    """Say what ``changes`` and ``sql`` object to; nothing can be written in the transaction after ``sql``."""
    problems = []
    if expect.changes:
        deltas = {delta.table: delta for delta in transaction.changes()}
        problems += [problem for change in expect.changes for problem in _judge_change(change, deltas)]
    if expect.sql is not None:
        transaction.only_look()
        answer = transaction.send(expect.sql)
        if answer.first is None or answer.first[0] is not True:
            got = None if answer.first is None else answer.first[0]
            problems.append(f"expect.sql answered {got!r} instead of true")
    return problems


def _judge_change(change: TableChange, deltas: dict[str, TableDelta]) -> list[str]:
    delta = deltas.get(change.table)
    problems = []
    for what in ("inserted", "updated", "deleted"):
        bound = getattr(change, what)
        count = 0 if delta is None else getattr(delta, what)
        low, high = (0, 0) if bound is None else _bounds(bound)
        if (low is not None and count < low) or (high is not None and count > high):
            problems.append(f"{change.table}: {count} rows {what}, expected {in_words(low, high)}")
    return problems


def _bounds(bound: int | RowBounds | str) -> Bounds:
    if isinstance(bound, RowBounds):
        return _number(bound.min), _number(bound.max)
    exact = _number(bound)
    return exact, exact


def _number(value: int | str | None) -> int | None:
    return None if value is None else int(value)
