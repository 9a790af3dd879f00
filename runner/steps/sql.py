"""``sql``: statements in one transaction, judged before it commits; or one statement outside of any."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from runner.journal.events import StepEnded
from runner.postgres.transaction import Transaction, leave_note
from runner.runbook.model import Expect
from runner.runbook.values import masked
from runner.sql.classify import classify
from runner.sql.grammar import parse
from runner.steps.base import Effect
from runner.steps.expecting import judge_rows, row_bounds, unexpected
from runner.steps.fated import after_error, ended, sentence

if TYPE_CHECKING:
    import psycopg

    from runner.postgres.transaction import Result


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
                lock_timeout=effect.lock_timeout,
                statement_timeout=step.statement_timeout or step.timeout or "0",
                counting=step.expect is not None and bool(step.expect.changes),
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
                return ended(how, f"rolled back: {'; '.join(problems)}", _rows(results), begun)
            for name, value in captured.items():
                effect.capture(name, value)  # before COMMIT: a value must not be lost with the program
            committing = True
            transaction.commit()
    except (psycopg.Error, KeyboardInterrupt) as error:
        return after_error(effect, error, xid if committing else None, begun)
    return ended("done", f"committed transaction {xid.xid}", _rows(results), begun)


def _outside(effect: Effect) -> StepEnded:
    import psycopg

    begun = time.monotonic()
    step, rows = effect.step, list[int]()
    settings = {"lock_timeout": step.lock_timeout, "statement_timeout": step.statement_timeout or step.timeout}
    with effect.connect() as connection:
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value or "0"))
        effect.intend(None)
        try:
            for text in effect.statements:
                rows.append(max(connection.execute(text.encode()).rowcount, 0))
        except psycopg.Error as error:
            answered = error.sqlstate is not None and not connection.broken
            tidied = effect.step.cleanup is not None  # whatever part of it stands is its business
            known = answered and (tidied or (not rows and _refused(effect.statements[0], error)))
            message = sentence(error) if known else f"{sentence(error)}; part of it may stand"
            return ended("failed" if known else "unknown", message, (), begun, error.sqlstate)
    return ended("done", "sent outside of a transaction", rows, begun)


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
    return judge_rows(results, row_bounds(expect)) + unexpected(transaction, expect)


def _rows(results: list[Result]) -> tuple[int, ...]:
    return tuple(result.rows for result in results)


def _captured(effect: Effect, results: list[Result]) -> tuple[dict[str, Any], list[str]]:
    """Take the columns to capture from the last statement's first row; what is missing or secret is a problem."""
    captured, missing = {}, []
    for name, capture in effect.step.capture.items():
        last = results[-1]
        if last.first is None or capture.column not in last.columns:
            missing.append(f"there is no row with a column {capture.column} to capture as {name}")
            continue
        value = last.first[last.columns.index(capture.column)]
        if isinstance(value, str) and masked(value, effect.secrets) != value:
            missing.append(f"what would be captured as {name} holds a secret, which the journal must not keep")
            continue
        captured[name] = value if value is None or isinstance(value, (bool, int, str)) else str(value)
    return captured, missing
