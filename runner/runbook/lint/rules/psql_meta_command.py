r"""A psql meta-command stands in SQL.

## What it does
Looks for backslash commands such as `\copy` and `\i`.

## Why is it bad
They are psql's, not PostgreSQL's: the server answers with a syntax error.

## Example
```yaml
sql: \copy expenses FROM 'expenses.csv'
```

## Use instead
```yaml
command: [psql, -c, "\\copy expenses FROM 'expenses.csv'"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.sql.surface import meta_commands


def judge(book: Book) -> Iterator[Flag]:
    """Report backslash commands."""
    for text in book.sql:
        for found in meta_commands(text.text) if "\\" in text.text else ():
            hint = "Use a command: step with psql, or write it in SQL."
            yield Flag(text.path, f"{found.text} is a command of psql, not SQL", hint, offset=found.offset)


RULE = Rule("psql-meta-command", __doc__, judge)
