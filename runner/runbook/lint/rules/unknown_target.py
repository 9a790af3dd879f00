"""A target is named that the runbook does not declare.

## What it does
Looks up `target:` of steps, guards, labels and facts in the runbook's own `targets:`, and those in shisa.yaml if it
is there.

## Why is it bad
The step would have no database to run on; or, worse, another one than the author thought of.

## Example
```yaml
targets: {live: {}}
steps:
  - {id: count, title: Count, target: life, sql: SELECT 1}
```

## Use instead
```yaml
target: live
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.document import Path
from runner.runbook.lint.book import Book, StepView
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.template import is_template
from runner.schema import spelling

_NEEDING = frozenset({"sql", "backup", "restore", "sequences"})


def judge(book: Book) -> Iterator[Flag]:
    """Report target names that are not declared."""
    known = frozenset(book.runbook.targets)
    for name, param in book.runbook.params.items():
        if param.label is not None:
            yield from _named(param.label.target, ("params", name, "label", "target"), known)
    for view in book.steps:
        if view.step.target is not None:
            yield from _named(view.step.target, (*view.path, "target"), known)
        elif view.kind in _NEEDING and not _by_loop(view):
            hint = f"Declared: {', '.join(sorted(known)) or 'none'}."
            yield Flag((*view.path, view.kind), "the step works on a database and names no target", hint, of_key=True)
        if view.step.ask is not None and view.step.ask.facts is not None:
            yield from _named(view.step.ask.facts.target, (*view.path, "ask", "facts", "target"), known)
        for moment in ("before", "during", "after"):
            for i, guard in enumerate(getattr(view.step.guards, moment)):
                if guard.target is not None:
                    yield from _named(guard.target, (*view.path, "guards", moment, i, "target"), known)


def _by_loop(view: StepView) -> bool:
    return any(loop.step.for_each is not None and bool(loop.step.for_each.targets) for loop in view.around)


def _named(name: str, path: Path, known: frozenset[str]) -> Iterator[Flag]:
    if name not in known and not is_template(name):
        message = f"the target {name!r} is not declared"
        yield Flag(path, message, spelling(name, known, what="Declared under `targets`"))


RULE = Rule("unknown-target", __doc__, judge)
