"""CONCURRENTLY runs under a short lock_timeout.

## What it does
Reports `lock_timeout` (and `statement_timeout`) on a step with … CONCURRENTLY.

## Why is it bad
CONCURRENTLY waits for every old snapshot of the database; a lock_timeout ends it there and leaves an INVALID index.

## Example
```yaml
sql: CREATE INDEX CONCURRENTLY i ON t (x)
transaction: false
lock_timeout: 2s
```

## Use instead
```yaml
sql: CREATE INDEX CONCURRENTLY i ON t (x)
transaction: false
timeout: 2h
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report timeouts that would leave an invalid index."""
    for view in book.steps:
        for text in view.sql_of("body"):
            if any(
                each.judged.concurrently and each.statement.kind != "RefreshMatViewStmt" for each in text.statements
            ):
                for key in ("lock_timeout", "statement_timeout"):
                    if view.says(key):
                        message = f"{key} would leave an INVALID index when CONCURRENTLY has to wait"
                        yield Flag((*view.path, key), message, "Bound the step by timeout: instead.", of_key=True)


RULE = Rule("concurrently-timeout", __doc__, judge)
