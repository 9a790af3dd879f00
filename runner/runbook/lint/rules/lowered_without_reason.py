"""A step is called harmless without a reason.

## What it does
Demands a reason of at least a few words in `destructive: {lowered: …}`, and refuses `destructive: false`.

## Why is it bad
The next reader cannot tell a judgement from a shortcut.

## Example
```yaml
destructive: false
```

## Use instead
```yaml
destructive: {lowered: empties a staging table that the next step fills}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.model import Lowered

_WORDS = 2


def judge(book: Book) -> Iterator[Flag]:
    """Report lowering without a reason."""
    for view in book.steps:
        said = view.step.destructive
        hint = "destructive: {lowered: why nothing is lost}"
        if said is False:
            yield Flag((*view.path, "destructive"), "destructive: false gives no reason", hint)
        elif isinstance(said, Lowered) and len(said.lowered.split()) < _WORDS:
            yield Flag((*view.path, "destructive"), "the reason for lowering says too little", hint)


RULE = Rule("lowered-without-reason", __doc__, judge)
