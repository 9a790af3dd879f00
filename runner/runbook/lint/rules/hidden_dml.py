"""A statement that changes rows hides inside another one.

## What it does
Finds INSERT, UPDATE, DELETE and MERGE inside WITH, EXPLAIN ANALYZE and PREPARE.

## Why is it bad
It reads like a query; reviewers skip queries.

## Example
```yaml
sql: |
  WITH gone AS (DELETE FROM expenses WHERE tenant_id = 42 RETURNING 1)
  SELECT count(*) FROM gone
```

## Use instead
```yaml
sql: DELETE FROM expenses WHERE tenant_id = 42
expect: {rows: {max: 100}}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report DML that the statement's own command does not name."""
    for text in book.sql:
        if text.role not in {"body", "rollback", "cleanup"}:
            continue
        for each in text.statements:
            own = each.statement.kind.removesuffix("Stmt").lower()
            hidden = [dml for dml in each.judged.dml if own in {"select", "explain", "prepare"} or dml.kind != own]
            if hidden and own in {"select", "explain", "prepare", "delete", "insert", "update", "merge"}:
                message = f"{each.judged.command} hides a {hidden[0].kind.upper()} of {hidden[0].relation}"
                yield text.flag(each, message, "Write it as a statement of its own.")


RULE = Rule("hidden-dml", __doc__, judge, severity="warning")
