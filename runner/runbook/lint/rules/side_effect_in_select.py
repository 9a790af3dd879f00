"""A function with an effect hides inside a SELECT.

## What it does
Finds setval, nextval, pg_terminate_backend, lo_unlink, dblink and the like in statements that look like queries.

## Why is it bad
It reads like a query; reviewers skip queries. It is treated as what it does, whatever it looks like.

## Example
```yaml
sql: SELECT setval('expenses_id_seq', 1)
```

## Use instead
```yaml
sequences: {raise: {sequences: [expenses_id_seq]}}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report SELECTs that destroy, or that a ROLLBACK does not undo."""
    for text in book.sql:
        if text.role not in {"body", "rollback", "cleanup"}:
            continue
        for each in text.statements:
            effects = [*each.judged.reasons, *each.judged.survival]
            if each.statement.kind == "SelectStmt" and effects and not each.judged.dml and not each.judged.opaque:
                hint = "Say it in the title, and let it be a step of its own."
                yield text.flag(each, f"this SELECT does more than look: {effects[0]}", hint)


RULE = Rule("side-effect-in-select", __doc__, judge, severity="warning")
