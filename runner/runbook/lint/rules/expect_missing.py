"""A step changes rows and does not say how many.

## What it does
Demands `expect` on a step with INSERT, UPDATE, DELETE or MERGE.

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

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report DML without ``expect``, except on what this run created."""
    for view in book.steps:
        if view.says("expect") or view.says("repeat"):
            continue
        made = book.made_before(view)
        for text in view.sql_of("body"):
            for each in text.statements:
                dml = next((dml for dml in each.judged.dml if dml.relation not in made), None)
                if dml is not None:
                    message = f"{dml.kind.upper()} of {dml.relation} does not say how many rows it may touch"
                    yield text.flag(each, message, "Add expect: {rows: {min: …, max: …}}.")
                    break


RULE = Rule("expect-missing", __doc__, judge, severity="warning")
