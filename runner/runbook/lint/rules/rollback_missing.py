"""A destructive step says neither how it is taken back nor why it cannot be.

## What it does
Demands `rollback` or `no_rollback: reason`.

## Why is it bad
At three in the morning, half way through, is the wrong time to find out.

## Example
```yaml
sql: DROP INDEX i
```

## Use instead
```yaml
sql: DROP INDEX i
rollback: {sql: CREATE INDEX i ON t (x)}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report destructive steps without ``rollback`` or ``no_rollback``."""
    for view in book.steps:
        undone = any(view.says(key) for key in ("rollback", "no_rollback"))
        if view.danger.destructive and not undone and view.kind not in {"for_each", "sequences"}:
            message = f"step {view.step.id!r} is destructive and does not say how it is taken back"
            hint = "Add rollback: with the steps back, or no_rollback: with the reason."
            yield Flag((*view.path, view.kind), message, hint, of_key=True)


RULE = Rule("rollback-missing", __doc__, judge)
