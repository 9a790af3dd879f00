"""A step changes rows and does not say how many.

## What it does
Demands `expect` on a step with INSERT, UPDATE, DELETE or MERGE. Where a step has several statements, `rows` is a list
with one count of each: a run rolls back what it has no count for. What runs outside of a transaction is not looked at:
nothing could be rolled back.

## Why is it bad
`expect` is judged inside the transaction: a wrong WHERE is rolled back instead of regretted.

## Example
```yaml
sql: DELETE FROM expenses WHERE tenant_id = :tenant
```

## Use instead
```yaml
sql: DELETE FROM expenses WHERE tenant_id = :tenant
expect: {rows: {min: 1, max: 5000}}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book, StepView
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report DML without ``expect``, except on what this run created."""
    for view in book.steps:
        yield from _miscounted(view)
        if view.says("expect") or view.says("repeat") or not view.step.transaction:
            continue
        made = book.made_before(view)
        for text in view.sql_of("body"):
            for each in text.statements:
                dml = next((dml for dml in each.judged.dml if dml.relation not in made), None)
                if dml is not None:
                    message = f"{dml.kind.upper()} of {dml.relation} does not say how many rows it may touch"
                    yield text.flag(each, message, "Add expect: {rows: {min: …, max: …}}.")
                    break


def _miscounted(view: StepView) -> Iterator[Flag]:
    """Report row counts that are not one of each statement."""
    expect, body = view.step.expect, view.body
    if expect is None or expect.rows is None or body is None or not body.statements:
        return
    counts = len(expect.rows) if isinstance(expect.rows, tuple) else 1
    if counts != len(body.statements):
        message = f"rows expects something of {counts} statements, and there are {len(body.statements)}"
        yield Flag(
            (*view.path, "expect", "rows"), message, "Write a list with one count of each statement.", of_key=True
        )


RULE = Rule("expect-missing", __doc__, judge, severity="warning")
