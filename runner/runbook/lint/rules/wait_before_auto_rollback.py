"""People are waited for between a step and the automatic rollback it needs.

## What it does
Finds `rollback: {auto: true}` on a step that a manual step, a question or an approval follows before the runbook
ends.

## Why is it bad
When the later step fails, hours have passed: the rollback that runs by itself no longer meets the data that it was
written for.

## Example
```yaml
- id: switch
  sql: UPDATE flags SET on = true
  rollback: {sql: UPDATE flags SET on = false, auto: true}
- id: look
  manual: Wait for the morning report.
```

## Use instead
```yaml
rollback: {sql: UPDATE flags SET on = false}   # offered, and a person decides
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report automatic rollbacks with a person's wait behind them."""
    for i, view in enumerate(book.steps):
        if view.step.rollback is None or not view.step.rollback.auto:
            continue
        waits = (
            each for each in book.steps[i + 1 :] if each.kind in {"manual", "ask"} or each.step.approval is not None
        )
        waiting = next(waits, None)
        if waiting is not None:
            message = f"step {waiting.step.id!r} waits for a person before this rollback might run by itself"
            yield Flag((*view.path, "rollback"), message, "Leave auto: out; a person then decides.", of_key=True)


RULE = Rule("wait-before-auto-rollback", __doc__, judge, severity="warning")
