"""What a step expects of its own effect, judged inside the transaction before it commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.runbook.bounds import Bounds, bounds_of
from runner.runbook.model import Expect, TableChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.postgres.transaction import Result, TableDelta, Transaction


def row_bounds(expect: Expect) -> list[Bounds]:
    """Give the bounds of ``rows``, one for each that is written."""
    if expect.rows is None:
        return []
    return [bounds_of(said) for said in (expect.rows if isinstance(expect.rows, tuple) else (expect.rows,))]


def judge_rows(results: Sequence[Result], bounds: Sequence[Bounds]) -> list[str]:
    """Say which statements touched more or fewer rows than expected; empty when all is within bounds.

    Bounds of some of the statements would let the others through, and nobody could tell which are meant.
    """
    if bounds and len(bounds) != len(results):
        return [f"row counts are expected of {len(bounds)} statements, and there are {len(results)}: say one of each"]
    return [
        f"statement {number} touched {result.rows} rows; expected {bound}"
        for number, (result, bound) in enumerate(zip(results, bounds, strict=False), start=1)
        if not bound.hold(result.rows)
    ]


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
        said = getattr(change, what)
        count = 0 if delta is None else getattr(delta, what)
        bounds = bounds_of(0 if said is None else said)
        if not bounds.hold(count):
            problems.append(f"{change.table}: {count} rows {what}, expected {bounds}")
    return problems
