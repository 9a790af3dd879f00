"""CREATE INDEX would lock a table in use against writing.

## What it does
Reports CREATE INDEX and REINDEX without CONCURRENTLY on a table that this run did not create.

## Why is it bad
Every insert and update waits until the index is built.

## Example
```yaml
sql: CREATE INDEX expenses_day ON expenses (day)
```

## Use instead
```yaml
sql: CREATE INDEX CONCURRENTLY expenses_day ON expenses (day)
transaction: false
cleanup: {sql: DROP INDEX CONCURRENTLY IF EXISTS expenses_day, transaction: false}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report index builds that lock."""
    for view in book.steps:
        made = book.made_before(view)
        for text in view.sql_of("body"):
            for each in text.statements:
                building = each.statement.kind in {"IndexStmt", "ReindexStmt"} and not each.judged.concurrently
                if building and not set(each.judged.writes) & made:
                    tables = ", ".join(each.judged.writes) or "its tables"
                    message = f"{each.judged.command} locks {tables} against writing until it is done"
                    yield text.flag(each, message, "Use CONCURRENTLY, with transaction: false and a cleanup:.")


RULE = Rule("index-not-concurrently", __doc__, judge)
