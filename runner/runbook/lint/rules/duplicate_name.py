"""A captured value or loop item has the name of something else.

## What it does
Parameters, captured values and loop items share one name space.

## Why is it bad
The later value would silently stand in for the reviewed one.

## Example
```yaml
params: {n: {type: integer}}
# …
capture: {n: {column: count}}
```

## Use instead
```yaml
capture: {counted: {column: count}}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.names import RESERVED
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report names that are taken."""
    taken = dict.fromkeys(book.runbook.params, "a parameter") | dict.fromkeys(RESERVED, "a word of the language")
    for name in book.runbook.params:
        if name in RESERVED:
            yield Flag(("params", name), f"{name!r} is already {taken[name]}", of_key=True)
    for view in book.steps:
        names = [(name, ("capture", name)) for name in view.step.capture]
        names += [(view.step.for_each.as_, ("for_each", "as"))] if view.step.for_each else []
        for name, place in names:
            if name in taken:
                yield Flag((*view.path, *place), f"{name!r} is already {taken[name]}", "Choose another name.")


RULE = Rule("duplicate-name", __doc__, judge)
