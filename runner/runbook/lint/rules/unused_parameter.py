"""A parameter is declared and never used.

## What it does
Compares the declared parameters with every use in the file.

## Why is it bad
An operator is asked for something that changes nothing, and believes that it does.

## Example
```yaml
params: {tenant: {type: integer}}   # no step uses it
```

## Use instead
```yaml
params: {}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.names import BadTemplate, Use
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report parameters that no text, expression or SQL names."""
    if any(isinstance(use, BadTemplate) for use in book.uses):
        return
    used = {use.name for use in book.uses if isinstance(use, Use)}
    for name in book.runbook.params:
        if name not in used:
            yield Flag(("params", name), f"the parameter {name!r} is never used", "Remove it, or use it.", of_key=True)


RULE = Rule("unused-parameter", __doc__, judge, severity="warning")
