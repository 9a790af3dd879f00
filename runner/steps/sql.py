"""``sql``: statements in one transaction, judged before it commits; or one statement outside of any."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from runner.journal.events import StepEnded
from runner.postgres.transaction import Transaction, fate, in_words, judge_rows, leave_note
from runner.runbook.model import Expect, RowBounds, TableChange
from runner.sql.classify import classify
from runner.sql.grammar import parse
from runner.steps.base import Effect

if TYPE_CHECKING:
    import psycopg

    from runner.postgres.transaction import Result, TableDelta, Xid


def perform(effect: Effect) -> StepEnded:
    """Run the step's statements; exactly once where PostgreSQL can roll all of it back."""
    return _in_transaction(effect) if effect.step.transaction else _outside(effect)


def _in_transaction(effect: Effect) -> StepEnded:
    import psycopg

    begun = time.monotonic()
    xid = None
    committing = False
    try:
        with effect.connect() as connection, effect.connect(purpose="note") as second:
            step = effect.step
            transaction = Transaction(
                connection,
                lock_timeout=step.lock_timeout or "2s",
                statement_timeout=step.statement_timeout or step.timeout or "0",
            )
            xid = transaction.begin()
            leave_note(second, effect.run, effect.path, xid)
            effect.intend(xid)
            results = [transaction.send(text) for text in effect.statements]
            captured, missing = _captured(effect, results)
            problems = _judge(transaction, results, step.expect) + missing
            if problems:
                transaction.rollback()
                how = "unknown" if effect.survives_rollback else "failed"
                return _ended(how, f"rolled back: {'; '.join(problems)}", results, begun)
            for name, value in captured.items():
                effect.capture(name, value)  # before COMMIT: a value must not be lost with the program
            committing = True
            transaction.commit()
    except (psycopg.Error, KeyboardInterrupt) as error:
        return _after_error(effect, error, xid if committing else None, begun)
    return _ended("done", f"committed transaction {xid.xid}", results, begun)


def _after_error(effect: Effect, error: BaseException, xid: Xid | None, begun: float) -> StepEnded:
    """An error before COMMIT was sent rolled everything back; after it, only the server knows."""
    sentence, sqlstate = _sentence(error), getattr(error, "sqlstate", None)
    if xid is None and effect.survives_rollback:
        return _ended("unknown", f"{sentence}; a ROLLBACK does not undo all of this step", (), begun, sqlstate)
    if xid is None:
        how = "cancelled" if isinstance(error, KeyboardInterrupt) else "failed"
        return _ended(how, f"rolled back: {sentence}", (), begun, sqlstate)
    try:
        with effect.connect(purpose="fate") as probe:
            verdict, why = fate(probe, xid)
    except Exception as unreachable:  # noqa: BLE001 - whatever hinders the question, the answer is: unknown
        verdict, why = "unknown", f"the target cannot be asked: {type(unreachable).__name__}"
    outcome = {"committed": "done", "aborted": "failed"}.get(verdict, "unknown")
    if outcome == "failed" and effect.survives_rollback:
        outcome = "unknown"
    return _ended(outcome, f"{sentence}; {why}", (), begun, sqlstate)


def _outside(effect: Effect) -> StepEnded:
    import psycopg

    begun = time.monotonic()
    step, sent = effect.step, 0
    settings = {"lock_timeout": step.lock_timeout, "statement_timeout": step.statement_timeout or step.timeout}
    with effect.connect() as connection:
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value or "0"))
        effect.intend(None)
        try:
            for text in effect.statements:
                connection.execute(text.encode())
                sent += 1
        except psycopg.Error as error:
            known = sent == 0 and not connection.broken and _refused(effect.statements[0], error)
            message = _sentence(error) if known else f"{_sentence(error)}; part of it may stand"
            return _ended("failed" if known else "unknown", message, (), begun, error.sqlstate)
    return _ended("done", "sent outside of a transaction", (), begun)


def _refused(statement: str, error: psycopg.Error) -> bool:
    """Whether an error means that nothing of the statement stands, although no transaction of ours was around it.

    A plain statement rolls itself back. What commits in parts (CONCURRENTLY, VACUUM, a procedure) may leave
    something, unless the server objected to the statement itself (SQLSTATE class 42) and not to code within.
    """
    found = classify(parse(statement)[0])
    if found.transaction == "any" and found.command not in {"CALL", "DO"}:
        return error.sqlstate is not None
    return (error.sqlstate or "").startswith("42") and error.diag.context is None


def _judge(transaction: Transaction, results: list[Result], expect: Expect | None) -> list[str]:
    if expect is None:
        return []
    problems = []
    if expect.rows is not None:
        wanted = expect.rows if isinstance(expect.rows, tuple) else (expect.rows,)
        problems += judge_rows(results, [_bounds(bound) for bound in wanted])
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


def _bounds(bound: int | RowBounds | str) -> tuple[int | None, int | None]:
    if isinstance(bound, RowBounds):
        return _number(bound.min), _number(bound.max)
    exact = _number(bound)
    return exact, exact


def _number(value: int | str | None) -> int | None:
    return None if value is None else int(value)


def _captured(effect: Effect, results: list[Result]) -> tuple[dict[str, Any], list[str]]:
    """Take the columns to capture from the last statement's first row; what is missing is a problem."""
    captured, missing = {}, []
    for name, capture in effect.step.capture.items():
        last = results[-1]
        if last.first is None or capture.column not in last.columns:
            missing.append(f"there is no row with a column {capture.column} to capture as {name}")
            continue
        value = last.first[last.columns.index(capture.column)]
        captured[name] = value if value is None or isinstance(value, (bool, int, str)) else str(value)
    return captured, missing


def _sentence(error: BaseException) -> str:
    import psycopg

    if not isinstance(error, psycopg.Error):
        return "interrupted by the operator"
    primary = error.diag.message_primary or str(error).strip() or type(error).__name__
    return f"{primary} ({error.sqlstate})" if error.sqlstate else primary


def _ended(outcome: Any, message: str, results: Any, begun: float, sqlstate: str | None = None) -> StepEnded:
    return StepEnded(
        outcome=outcome,
        message=message,
        sqlstate=sqlstate,
        rows=tuple(result.rows for result in results),
        duration_ms=round((time.monotonic() - begun) * 1000),
    )
