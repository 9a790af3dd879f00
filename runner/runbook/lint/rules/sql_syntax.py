"""SQL that PostgreSQL could not parse.

## What it does
Reads every piece of SQL with PostgreSQL's own grammar (version 17), variables replaced by stand-ins.

## Why is it bad
It would fail in the middle of the procedure.

## Example
```yaml
sql: DELETE FORM expenses WHERE id = 1
```

## Use instead
```yaml
sql: DELETE FROM expenses WHERE id = 1
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report what the grammar refuses, and texts without a statement."""
    for text in book.sql:
        if text.error is not None:
            yield Flag(text.path, f"this is not SQL: {text.error.message}", text.error.hint, offset=text.error_offset)
        elif text.readable and not text.statements:
            yield Flag(text.path, "there is no statement in this SQL", "Remove the key, or write a statement.")
        elif text.role in {"look", "condition"} and len(text.statements) > 1:
            what = "a condition" if text.role == "condition" else "SQL that only looks"
            yield text.flag(text.statements[1], f"{what} must be one statement, and a second begins here")


RULE = Rule("sql-syntax", __doc__, judge)
