"""A key stands at a kind of step that can do nothing with it.

## What it does
Reports what steps of this kind never do: `approval`, `guards`, `rollback` and the like on an `include`; `expect`,
`repeat` or `capture` where nothing is counted, repeated or left, as with `transaction: false`; timeouts that do not
reach `pg_restore`; `where`, `tenant_of` and `triggers` of a restore without `rows`; loops in loops; a change of the
target that a loop declares, or that a rollback does not take back.

## Why is it bad
A reader takes the guard or the bound for one that holds. A run refuses such a step when it opens.

## Example
```yaml
- {id: tidy, title: Tidy up, include: {runbook: tidy.yaml}, approval: cross-review}
```

## Use instead
```yaml
- {id: tidy, title: Tidy up, include: {runbook: tidy.yaml}}   # tidy.yaml names the approval at its own step
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.misfits import misfits


def judge(book: Book) -> Iterator[Flag]:
    """Report every key that stands in vain."""
    for view in book.steps:
        for path, message, hint in misfits(view.data):
            yield Flag((*view.path, *path), message, hint, of_key=True)


RULE = Rule("key-without-effect", __doc__, judge)
