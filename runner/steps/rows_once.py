"""Rows changed in one transaction, exactly once: stage, lock, count, keep, intend, change, judge, commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from runner.errors import StepFailedError
from runner.journal.events import StepEnded
from runner.postgres.rows.apply import Counts, Prepared, apply
from runner.postgres.rows.kept import keep
from runner.postgres.rows.stage import readable
from runner.postgres.transaction import Transaction, leave_note
from runner.runbook.model import Expect
from runner.steps.base import Effect
from runner.steps.expecting import row_bounds, unexpected
from runner.steps.fated import after_error, ended
from runner.steps.progress import Progress

if TYPE_CHECKING:
    from psycopg import Connection

    from runner.postgres.transaction import Xid

Staged = TypeVar("Staged")


def in_one_transaction(
    effect: Effect,
    *,
    stage: Callable[[Connection[Any]], Staged],
    prepare: Callable[[Connection[Any], Staged], Prepared],
    finish: Callable[[Connection[Any], Staged], dict[str, Any]],
    keeps: bool,
    triggers: bool,
) -> StepEnded:
    """Stage before the transaction, prepare in it, and then do what was counted or nothing.

    ``finish`` comes last before the expectations and gives more of the outcome's detail. What goes wrong before the
    intent is raised.
    """
    import psycopg

    begun = time.monotonic()
    committing: Xid | None = None
    timeout = effect.step.statement_timeout or effect.step.timeout or "0"
    try:
        with effect.connect() as connection, effect.connect(purpose="note") as second:
            # a snapshot from before the locks would not see what they made us wait for
            connection.execute("SET default_transaction_isolation = 'read committed'")
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("SELECT set_config('statement_timeout', %s, false)", (timeout,))
            staged = stage(connection)
            effect.look_again()  # while nothing is locked yet
            transaction = Transaction(connection, lock_timeout=effect.lock_timeout, statement_timeout=timeout)
            effect.tell("all rows are staged; their tables are locked against writing now, and compared")
            xid = transaction.begin()
            progress = Progress(effect.progress, effect.tell)
            with progress.during("the rows are compared"):
                prepared = prepare(connection, staged)
            effect.tell(f"what will be changed: {in_numbers(prepared.counts)}")
            with progress.during("the rows that will change are written to a file"):
                kept = _keep(effect, connection, prepared, xid, triggers=triggers) if keeps else None
            leave_note(second, effect.run, effect.path, xid)
            effect.intend(xid, kept)
            more: dict[str, Any] = {}
            try:
                apply(connection, prepared, triggers=triggers, during=progress.during)
                more = finish(connection, staged)
                problems = _judged(transaction, prepared.counts, effect.step.expect)
            except StepFailedError as error:
                problems = [error.message if error.hint is None else f"{error.message}; {error.hint}"]
            if problems:
                transaction.rollback()
                how = "unknown" if effect.survives_rollback else "failed"
                return ended(how, f"rolled back: {'; '.join(problems)}", (), begun)
            committing = xid
            transaction.commit()
    except (psycopg.Error, KeyboardInterrupt) as error:
        return after_error(effect, error, committing, begun)
    counts = prepared.counts
    detail = {"tables": [each.as_json() for each in counts], "kept": kept} | more
    message = f"{in_numbers(counts)}; committed transaction {xid.xid}"
    return ended("done", message, [each.rows for each in counts], begun, **detail)


def in_numbers(counts: Sequence[Counts]) -> str:
    """Say how many rows of each table change."""
    told = [f"{each.table}: {_words(each)}" for each in counts if each.rows]
    return "; ".join(told) or "no row differs"


def _words(each: Counts) -> str:
    numbers = {"inserted": each.inserted, "updated": each.updated, "deleted": each.deleted}
    return ", ".join(f"{number} {word}" for word, number in numbers.items() if number)


def _judged(transaction: Transaction, counts: Sequence[Counts], expect: Expect | None) -> list[str]:
    """Say what a step that changes rows expected otherwise."""
    if expect is None:
        return []
    rows, problems = sum(each.rows for each in counts), []
    bounds = row_bounds(expect)
    if len(bounds) > 1:
        problems.append(f"{len(bounds)} row counts are expected, but a restore has one, of all its tables together")
    elif bounds and not bounds[0].hold(rows):
        problems.append(f"{rows} rows would change ({in_numbers(counts)}); expected {bounds[0]}")
    return problems + unexpected(transaction, expect)


def _keep(effect: Effect, connection: Connection[Any], prepared: Prepared, xid: Xid, *, triggers: bool) -> str:
    """Write what will change beside the journal."""
    connection.execute("SAVEPOINT keeping")
    with readable(connection):
        rows = keep(connection, prepared, run=effect.run, step=effect.path, xid=xid, triggers=triggers)
        kept = effect.keep(rows)
    connection.execute("ROLLBACK TO SAVEPOINT keeping")
    connection.execute("RELEASE SAVEPOINT keeping")  # else the rows would carry a subtransaction's id
    return kept
