"""A manual step does not say what one should see.

## What it does
Demands `expected:` beside `manual:`.

## Why is it bad
Without it *done* means that somebody pressed a key.

## Example
```yaml
manual: Stop the workers.
```

## Use instead
```yaml
manual: Stop the workers.
expected: "`systemctl is-active worker` says inactive on both hosts."
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report manual steps without ``expected``."""
    for view in book.steps:
        if view.kind == "manual" and not view.says("expected"):
            message = f"step {view.step.id!r} does not say what one should see when it is done"
            yield Flag((*view.path, "manual"), message, "Add expected: with what to look for.", of_key=True)


RULE = Rule("manual-without-expected", __doc__, judge, severity="warning")
