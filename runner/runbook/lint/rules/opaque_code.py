"""Code runs that nobody could look into.

## What it does
Finds DO, CALL, EXECUTE, LOAD, and functions that are neither known harmless built-ins nor listed under `functions:
{harmless: […]}` in shisa.yaml.

## Why is it bad
It is treated as destructive, because nobody can tell what it does from the runbook.

## Example
```yaml
sql: SELECT app.tidy_up()
```

## Use instead
```yaml
functions: {harmless: [app.fiscal_year]}   # in shisa.yaml, for those that change nothing
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report opaque code in what a step does."""
    for view in book.steps:
        for text in view.sql_of("body", "rollback", "cleanup"):
            for each in text.statements:
                if each.judged.opaque:
                    names = ", ".join(each.judged.opaque)
                    hint = "If it is a function that changes nothing, list it under functions: harmless: in shisa.yaml."
                    yield text.flag(each, f"nobody can tell from here what {names} does", hint)


RULE = Rule("opaque-code", __doc__, judge, severity="warning")
