"""SQL that must only look does more.

## What it does
`facts`, `verify`, `expect.sql`, `label`, `for_each.query` and a restore's `where` are sent in a READ ONLY
transaction and must not change anything.

## Why is it bad
PostgreSQL would refuse most of it; what READ ONLY does not stop (`pg_cancel_backend`, `setval` on a temporary
sequence …) would happen unseen.

## Example
```yaml
verify: DELETE FROM marks RETURNING true
```

## Use instead
```yaml
verify: SELECT count(*) = 0 FROM marks
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report SQL that acts where it should look."""
    for text in book.sql:
        if text.role in {"look", "condition"}:
            for each in text.statements:
                if not each.judged.read_only:
                    yield text.flag(
                        each, f"this must only look, but {each.judged.actions[0]}", "Make it a step of its own."
                    )


RULE = Rule("not-only-looking", __doc__, judge)
