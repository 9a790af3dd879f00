"""A step that cannot be made exactly once has no `verify`.

## What it does
Looks at `transaction: false`, commands and restores by pg_restore. A backup's file is there whole or
not at all, which answers.

## Why is it bad
After a crash such a step is *outcome unknown* until a person finds out by hand.

## Example
```yaml
command: [vacuumdb, --analyze, app]
```

## Use instead
```yaml
command: [vacuumdb, --analyze, app]
verify: SELECT max(last_analyze) > now() - interval '1 hour' FROM pg_stat_user_tables
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.consequences import exactly_once
from runner.runbook.lint.book import Book, StepView
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report at-most-once steps without ``verify``."""
    for view in book.steps:
        if view.says("verify") or view.step.effects is not None or not _at_most_once(view):
            continue
        message = f"after a crash nobody could tell whether step {view.step.id!r} happened"
        hint = "Add verify: (a SQL boolean, {check} or {command}), or effects: none."
        yield Flag((*view.path, view.kind), message, hint, of_key=True)


def _at_most_once(view: StepView) -> bool:
    if view.kind == "sql":
        return not view.step.transaction
    if view.kind == "restore":
        return not exactly_once(view.step, view.danger)
    return view.kind == "command"


RULE = Rule("verify-missing", __doc__, judge, severity="warning")
