"""CONCURRENTLY has no `cleanup` for the invalid index it may leave.

## What it does
Demands `cleanup:` on a step with CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY.

## Why is it bad
A failed build leaves an INVALID index that costs on every write and is used by no query.

## Example
```yaml
sql: CREATE INDEX CONCURRENTLY i ON t (x)
transaction: false
```

## Use instead
```yaml
sql: CREATE INDEX CONCURRENTLY i ON t (x)
transaction: false
cleanup: {sql: DROP INDEX CONCURRENTLY IF EXISTS i, transaction: false}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report concurrent index builds without cleanup."""
    for view in book.steps:
        for text in view.sql_of("body"):
            for each in text.statements:
                building = each.statement.kind in {"IndexStmt", "ReindexStmt"} and each.judged.concurrently
                if building and not view.says("cleanup"):
                    message = f"{each.judged.command} leaves an INVALID index when it fails, and nothing tidies up"
                    yield text.flag(each, message, "Add cleanup: with DROP INDEX CONCURRENTLY IF EXISTS.")


RULE = Rule("concurrently-without-cleanup", __doc__, judge, severity="warning")
