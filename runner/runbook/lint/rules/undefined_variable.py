"""A name is used that nothing defines at that point.

## What it does
Follows every `{{ name }}`, psql variable and `when` expression: parameters, loop items, and what earlier steps
captured.

## Why is it bad
The step would stop the run when it is reached, with the database half way through the procedure.

## Example
```yaml
sql: SELECT * FROM tenants WHERE id = :tenat
```

## Use instead
```yaml
params: {tenant: {type: integer}}
# …
sql: SELECT * FROM tenants WHERE id = :tenant
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.names import RESERVED, Use
from runner.runbook.lint.rule import Rule
from runner.schema import spelling


def judge(book: Book) -> Iterator[Flag]:
    """Report names that are not known where they stand."""
    params = frozenset(book.runbook.params)
    later = frozenset(name for view in book.steps for name in view.step.capture)
    for label in book.labels:
        for each in label.variables:
            if each.name not in params:
                yield _flag(Use(each.name, label.path, each.start, sql=True), params, later)
    for view in book.steps:
        known: frozenset[str] | None = None
        for use in view.uses:
            if isinstance(use, Use):
                known = book.known_at(view) if known is None else known
                if use.name not in known:
                    yield _flag(use, known, later)


def _flag(use: Use, known: frozenset[str], later: frozenset[str]) -> Flag:
    if use.name in later:
        return Flag(
            use.path, f"{use.name!r} is captured only later in the runbook", "Move the step.", offset=use.offset
        )
    hint = spelling(use.name, known - RESERVED, what="Known here")
    if use.sql and not hint.startswith("Did"):
        hint += " An array slice is written a[1 : n]."
    return Flag(use.path, f"{use.name!r} is not defined here", hint, offset=use.offset)


RULE = Rule("undefined-variable", __doc__, judge)
