"""A restore could set sequences back, and nobody looks.

## What it does
Demands the guard `sequence-drift` before a restore with `sequences: from-backup`, or one that does not say its
mode. `keep` and `raise` set nothing back; neither does a restore into a schema that the run has just made, or of
`pre-data` or `post-data`.

## Why is it bad
The restore puts a sequence back to its number at backup time. Live rows have moved on: ids are issued twice,
silently.

## Example
```yaml
restore: {from: "{{ backup }}", schemas: [base], sequences: from-backup}
```

## Use instead
```yaml
restore: {from: "{{ backup }}", schemas: [base], sequences: keep}
guards: {before: [{check: sequence-drift}]}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.restores import sets_sequences
from runner.runbook.lint.rule import Rule
from runner.runbook.model import Restore


def judge(book: Book) -> Iterator[Flag]:
    """Report restores whose mode makes the guard matter."""
    for view in book.steps:
        restore = view.step.restore
        if not isinstance(restore, Restore) or not sets_sequences(view, book) or view.guarded_by("sequence-drift"):
            continue
        said = "from-backup" if view.says_in("restore", "sequences") else "not said, so nobody has decided it"
        message = f"the restore may set sequences back (sequences: {said}), and sequence-drift is not asked"
        hint = "Add guards: {before: [{check: sequence-drift}]}, and say sequences: keep or raise."
        yield Flag((*view.path, "restore"), message, hint, of_key=True)


RULE = Rule("restore-without-sequence-drift", __doc__, judge)
