"""A template or a `when` expression is not Jinja.

## What it does
Parses every text with `{{ … }}`, `{% … %}`, and every `when`.

## Why is it bad
It would stop the run when the step is reached.

## Example
```yaml
title: "Clone {{ copy }"
```

## Use instead
```yaml
title: "Clone {{ copy }}"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.names import BadTemplate
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report what Jinja cannot parse."""
    return (Flag(use.path, use.message) for use in book.uses if isinstance(use, BadTemplate))


RULE = Rule("template-syntax", __doc__, judge)
