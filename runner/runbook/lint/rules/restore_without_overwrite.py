"""A restore could overwrite newer rows, and nobody looks.

## What it does
Demands the guard `restore-overwrite` before a restore with `rows: overwrite` or `rows: replace`, unless it goes
into a schema that the run has just made.

## Why is it bad
Rows that customers changed since the backup would be reset: the second of the incidents this tool is made after.

## Example
```yaml
restore: {from: "{{ backup }}", tables: [settings], rows: overwrite}
```

## Use instead
```yaml
restore: {from: "{{ backup }}", tables: [settings], rows: overwrite}
guards: {before: [{check: restore-overwrite, with: {group_by: tenant_id}}]}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.restores import into_new
from runner.runbook.lint.rule import Rule
from runner.runbook.model import Restore
from runner.runbook.template import is_template


def judge(book: Book) -> Iterator[Flag]:
    """Report restores whose mode makes the guard matter."""
    for view in book.steps:
        restore = view.step.restore
        if not isinstance(restore, Restore) or view.guarded_by("restore-overwrite"):
            continue
        rows = restore.rows
        overwrites = rows is not None and (rows in {"overwrite", "replace"} or is_template(rows))
        if overwrites and not into_new(view, book):
            message = f"the restore may reset rows that changed since the backup (rows: {rows})"
            hint = "Add guards: {before: [{check: restore-overwrite}]}; it says whose rows, by tenant."
            yield Flag((*view.path, "restore"), message, hint, of_key=True)


RULE = Rule("restore-without-overwrite", __doc__, judge)
