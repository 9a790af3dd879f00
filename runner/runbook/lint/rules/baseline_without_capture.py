"""A guard compares with a baseline that no earlier guard captures.

## What it does
Looks for an earlier guard of the same check on the same target with `baseline: capture`, and with the same values where
both name a parameter. What an included runbook captures is not seen; behind an `include` nothing is reported.

## Why is it bad
The guard will find nothing to compare with, which closes the gate in the middle of the run.

## Example
```yaml
guards: {after: [{check: row-count, with: {tables: [public.expenses], baseline: compare}}]}
```

## Use instead
```yaml
guards:
  before: [{check: row-count, with: {tables: [public.expenses], baseline: capture}}]
  after: [{check: row-count, with: {tables: [public.expenses], baseline: compare}}]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.document import Path
from runner.runbook.lint.book import Book, StepView
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.model import GuardUse


def judge(book: Book) -> Iterator[Flag]:
    """Report each comparison that nothing was captured for."""
    captured: list[tuple[str | None, GuardUse]] = []
    for view in book.steps:
        if view.kind == "include":
            return
        if view.step.backup is not None:  # it captures where the sequences stand
            captured.append((view.step.target, GuardUse(check="sequence-drift")))
        for path, use in _uses(view):
            target = use.target or view.step.target
            mode = use.with_.get("baseline")
            if mode == "capture":
                captured.append((target, use))
            elif mode == "compare" and not any(known == target and _same(use, each) for known, each in captured):
                message = f"no earlier guard captures the baseline that {use.check} compares with"
                hint = f"Add {{check: {use.check}, with: {{baseline: capture, …}}}} to an earlier moment."
                yield Flag((*view.path, *path), message, hint)


def _uses(view: StepView) -> Iterator[tuple[Path, GuardUse]]:
    """The guards of a step in the order in which they are asked."""
    step = view.step
    if step.check is not None:
        yield ("with",), GuardUse(check=step.check, with_=step.with_)
    for moment in ("before", "during", "after"):
        for i, use in enumerate(getattr(step.guards, moment)):
            yield ("guards", moment, i), use


def _same(one: GuardUse, other: GuardUse) -> bool:
    both = (one.with_.keys() & other.with_.keys()) - {"baseline"}
    return one.check == other.check and all(one.with_[name] == other.with_[name] for name in both)


RULE = Rule("baseline-without-capture", __doc__, judge)
