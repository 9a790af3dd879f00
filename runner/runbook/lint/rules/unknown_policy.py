"""An approval policy is named that shisa.yaml does not define.

## What it does
Looks up `approval:` where a configuration is found.

## Why is it bad
Nobody could ever sign the step.

## Example
```yaml
approval: cros-review
```

## Use instead
```yaml
approval: cross-review
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.template import is_template
from runner.schema import spelling


def judge(book: Book) -> Iterator[Flag]:
    """Report policies that are not defined."""
    if book.config is None:
        return
    for view in book.steps:
        name = view.step.approval
        if name is not None and name not in book.config.policies and not is_template(name):
            hint = spelling(name, book.config.policies, what="Defined in shisa.yaml")
            yield Flag((*view.path, "approval"), f"the policy {name!r} is not defined in shisa.yaml", hint)


RULE = Rule("unknown-policy", __doc__, judge)
