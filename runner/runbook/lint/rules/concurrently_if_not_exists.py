"""CREATE INDEX CONCURRENTLY IF NOT EXISTS accepts a broken index.

## What it does
Reports IF NOT EXISTS together with CONCURRENTLY.

## Why is it bad
After a failed build an INVALID index of that name exists: the second attempt does nothing and reports success.

## Example
```yaml
sql: CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (x)
```

## Use instead
```yaml
sql: CREATE INDEX CONCURRENTLY i ON t (x)
cleanup: {sql: DROP INDEX CONCURRENTLY IF EXISTS i, transaction: false}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report IF NOT EXISTS on a concurrent index build."""
    for view in book.steps:
        for text in view.sql_of("body", "rollback"):
            for each in text.statements:
                if each.statement.kind == "IndexStmt" and each.judged.concurrently and each.judged.if_not_exists:
                    message = "IF NOT EXISTS would take an INVALID index of an earlier attempt for the new one"
                    yield text.flag(each, message, "Remove IF NOT EXISTS; drop the invalid index in cleanup:.")


RULE = Rule("concurrently-if-not-exists", __doc__, judge)
