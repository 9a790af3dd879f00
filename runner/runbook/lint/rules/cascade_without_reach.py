"""CASCADE is used without asking what it would take along.

## What it does
Demands the guard `cascade-reach` on a step with DROP … CASCADE or TRUNCATE … CASCADE.

## Why is it bad
Dropping a parent table silently drops the *default* of a child's column: the next insert stores NULL.

## Example
```yaml
sql: DROP TABLE base.customer CASCADE
```

## Use instead
```yaml
sql: DROP TABLE base.customer CASCADE
guards: {before: [{check: cascade-reach}]}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report CASCADE without the guard."""
    for view in book.steps:
        if view.guarded_by("cascade-reach"):
            continue
        for text in view.sql_of("body"):
            for each in text.statements:
                if each.judged.cascade:
                    message = f"{each.judged.command} … CASCADE takes along what nobody has listed"
                    yield text.flag(each, message, "Add guards: {before: [{check: cascade-reach}]}.")


RULE = Rule("cascade-without-reach", __doc__, judge)
