"""What a restore says of rows does not fit together.

## What it does
Reports `jobs` of a restore with `rows`, conditions on tables that the restore does not name, and `restore: undo` behind
a step that keeps no rows.

## Why is it bad
A condition on `public.setting` is none on `public.settings`: the whole table would be restored. A run refuses it, but
only when the operator has come to the step. A rollback that has nothing to put back fails when it is needed.

## Example
```yaml
restore: {from: "{{ backup }}", tables: [public.settings], rows: replace, where: {public.setting: "tenant_id = 7"}}
```

## Use instead
```yaml
restore: {from: "{{ backup }}", tables: [public.settings], rows: replace, where: {public.settings: "tenant_id = 7"}}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book, StepView
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.model import Restore
from runner.runbook.template import is_template


def judge(book: Book) -> Iterator[Flag]:
    """Report restores whose keys do not fit together."""
    for view in book.steps:
        restore = view.step.restore
        if isinstance(restore, Restore) and restore.rows is not None:
            if view.says_in("restore", "jobs"):
                message, hint = "jobs means nothing with rows", "Rows go in by one session, in one transaction."
                yield Flag((*view.path, "restore", "jobs"), message, hint, of_key=True)
            yield from _strangers(view, restore)
        for which in ("rollback", "cleanup"):
            body = getattr(view.step, which)
            if body is not None and body.restore == "undo" and not (isinstance(restore, Restore) and restore.rows):
                message = f"step {view.step.id!r} keeps no rows that {which} could put back"
                hint = "Only a restore with rows keeps what it changes; say otherwise how this is taken back."
                yield Flag((*view.path, which, "restore"), message, hint, of_key=True)


def _strangers(view: StepView, restore: Restore) -> Iterator[Flag]:
    """Report conditions on tables that are not named, where all names are known and have their schema."""
    tables = restore.tables
    if isinstance(tables, str) or not tables or restore.into or any(is_template(each) for each in tables):
        return
    known = {each.replace('"', "") for each in tables}
    bare = {each.rpartition(".")[2] for each in known if "." not in each}
    for key in ("where", "tenant_of"):
        for table in getattr(restore, key):
            plain = table.replace('"', "")
            if plain not in known and plain.rpartition(".")[2] not in bare:
                message = f"{key} is about {table}, which this step does not restore"
                yield Flag(
                    (*view.path, "restore", key, table), message, f"It restores {', '.join(tables)}.", of_key=True
                )


RULE = Rule("restore-rows-mismatch", __doc__, judge)
