"""A DELETE or UPDATE takes every row.

## What it does
Finds DELETE and UPDATE without WHERE, or with a condition that is the same for every row (`WHERE true`, `id = id`),
wherever they hide.

## Why is it bad
The forgotten WHERE is the oldest accident of all.

## Example
```yaml
sql: DELETE FROM expenses
```

## Use instead
```yaml
sql: DELETE FROM expenses WHERE tenant_id = :tenant
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report DML without a real condition, except on what this run created."""
    for view in book.steps:
        made = book.made_before(view)
        for text in view.sql_of("body", "rollback", "cleanup"):
            for each in text.statements:
                for dml in each.judged.dml:
                    if dml.where in {"absent", "constant"} and dml.relation not in made:
                        how = "has no WHERE" if dml.where == "absent" else "has a WHERE that is the same for every row"
                        message = f"{dml.kind.upper()} of {dml.relation} {how}: it takes every row"
                        yield text.flag(each, message, "Add a condition; TRUNCATE says openly that all rows go.")


RULE = Rule("dml-without-where", __doc__, judge)
