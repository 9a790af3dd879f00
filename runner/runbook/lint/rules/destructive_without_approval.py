"""A destructive step names no approval policy.

## What it does
Judges each step by PostgreSQL's grammar and by its kind; a destructive one must have `approval:` in the file,
whatever the target's own policy.

## Why is it bad
A reader of the runbook must see that a second person signs here. Most of the accidents that this tool is made after
were one person's, in good faith.

## Example
```yaml
sql: TRUNCATE staging
```

## Use instead
```yaml
sql: TRUNCATE staging
approval: cross-review
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book, StepView
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report destructive steps without ``approval``."""
    for view in book.steps:
        if view.danger.destructive and not view.says("approval") and not _signed_around(view):
            more = len(view.danger.reasons) - 1
            others = f" (and {more} more reason{'s' if more > 1 else ''})" if more else ""
            message = f"step {view.step.id!r} is destructive and names no approval: {view.danger.reasons[0]}{others}"
            hint = "Add approval: POLICY; if it is harmless after all, destructive: {lowered: why}."
            yield Flag((*view.path, view.kind), message, hint, of_key=True)


def _signed_around(view: StepView) -> bool:
    """A loop's approval covers its steps; a destructive loop is reported by its steps."""
    return view.kind == "for_each" or any(loop.says("approval") for loop in view.around)


RULE = Rule("destructive-without-approval", __doc__, judge)
