"""A template stands in SQL.

## What it does
Looks for `{{ … }}` and `{% … %}` in SQL outside comments and literals too.

## Why is it bad
Text pasted into SQL is SQL injection by design; psql variables are quoted by the program.

## Example
```yaml
sql: DELETE FROM expenses WHERE tenant_id = {{ tenant }}
```

## Use instead
```yaml
sql: DELETE FROM expenses WHERE tenant_id = :tenant
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.sql.surface import has_template


def judge(book: Book) -> Iterator[Flag]:
    """Report templates in SQL."""
    for text in book.sql:
        if has_template(text.text):
            hint = "Write :'name' for a literal, :\"name\" for an identifier, :name for a number."
            yield Flag(text.path, "a template stands in SQL", hint, offset=max(0, text.text.find("{")))


RULE = Rule("template-in-sql", __doc__, judge)
