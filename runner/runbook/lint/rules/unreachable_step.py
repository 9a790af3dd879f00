"""A step can never run, or a question can never be passed.

## What it does
Reports `when: false` and other constant conditions, and `proceed_on` with an answer that is not among the choices.

## Why is it bad
A safety step that never runs looks, in review, as if it did.

## Example
```yaml
- {id: verify, title: Verify, when: "false", manual: Count the rows.}
```

## Use instead
```yaml
- {id: verify, title: Verify, manual: Count the rows., expected: The same as before.}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.schema import spelling


def judge(book: Book) -> Iterator[Flag]:
    """Report constant conditions and impossible answers."""
    for view in book.steps:
        when = view.step.when
        if when is not None and when.strip().lower() in {"false", "not true", "0"}:
            yield Flag((*view.path, "when"), "the step never runs", "Remove the step, or say when it runs.")
        ask = view.step.ask
        if ask is None:
            continue
        for i, choice in enumerate(ask.proceed_on):
            if choice not in ask.choices:
                hint = spelling(choice, ask.choices, what="Choices")
                yield Flag((*view.path, "ask", "proceed_on", i), f"nobody can answer {choice!r}", hint)


RULE = Rule("unreachable-step", __doc__, judge)
