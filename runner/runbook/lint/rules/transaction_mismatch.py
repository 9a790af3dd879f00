"""A statement and the step's transaction do not fit.

## What it does
Knows which commands cannot run in a transaction block (VACUUM, CREATE INDEX CONCURRENTLY, ALTER SYSTEM …), which
need one, and which end one.

## Why is it bad
PostgreSQL refuses it with SQLSTATE 25001 when the step is reached; or a step believed to be one transaction is two.

## Example
```yaml
sql: VACUUM expenses
```

## Use instead
```yaml
sql: VACUUM expenses
transaction: false
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book, StepView
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.lint.sqltext import SqlText


def judge(book: Book) -> Iterator[Flag]:
    """Report statements that cannot run where they stand."""
    for view in book.steps:
        for text in view.sql_of("body", "rollback", "cleanup"):
            yield from _judged(text, transaction=_transaction(view, text))


def _transaction(view: StepView, text: SqlText) -> bool:
    around = {"body": view.step, "rollback": view.step.rollback, "cleanup": view.step.cleanup}[text.role]
    return around is None or around.transaction


def _judged(text: SqlText, *, transaction: bool) -> Iterator[Flag]:
    several = len(text.statements) > 1
    for each in text.statements:
        name, how = each.judged.command, each.judged.transaction
        if how == "control":
            yield text.flag(
                each, f"{name} would end the step's transaction", "The program begins and ends it; remove this."
            )
        elif how == "forbidden" and several:
            hint = "Give it a step of its own, with transaction: false."
            yield text.flag(each, f"{name} cannot stand among several statements", hint)
        elif how == "forbidden" and transaction:
            yield text.flag(
                each, f"{name} cannot run inside a transaction block", "Add transaction: false to the step."
            )
        elif how == "required" and not transaction:
            yield text.flag(each, f"{name} does nothing outside of a transaction block", "Remove transaction: false.")
    if several and not transaction and all(each.judged.transaction == "any" for each in text.statements):
        message = "several statements without a transaction: a failure would leave the first ones done"
        yield text.flag(text.statements[0], message, "Remove transaction: false, or make a step of each.")


RULE = Rule("transaction-mismatch", __doc__, judge)
