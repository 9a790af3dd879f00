"""A statement that a ROLLBACK does not undo has no `verify`.

## What it does
Finds setval, nextval, pg_terminate_backend, dblink, COPY PROGRAM, opaque code and the like, which run at most once.

## Why is it bad
After a crash in that moment nobody can tell whether it happened, unless the runbook says how to look.

## Example
```yaml
sql: SELECT setval('expenses_id_seq', 5000)
```

## Use instead
```yaml
sql: SELECT setval('expenses_id_seq', 5000)
verify: SELECT last_value >= 5000 FROM expenses_id_seq
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report statements that survive a ROLLBACK in steps without ``verify``."""
    for view in book.steps:
        body = view.body
        if body is None or view.says("verify") or view.step.effects is not None:
            continue
        for each in body.statements:
            if each.judged.survives_rollback and each.judged.transaction != "forbidden":
                hint = "Add verify: with a query that answers true when it has happened."
                yield body.flag(each, f"a ROLLBACK does not undo this: {each.judged.survival[0]}", hint)
                break


RULE = Rule("survives-rollback-without-verify", __doc__, judge)
