"""What a restore's mode and selection can do to the rows and sequences that are there."""

from __future__ import annotations

from runner.runbook.lint.book import Book, StepView
from runner.runbook.model import Restore
from runner.runbook.template import name_of


def sets_sequences(view: StepView, book: Book) -> bool:
    """Tell whether the restore may set a sequence of the target back, or does not say its mode."""
    restore = view.step.restore
    if not isinstance(restore, Restore) or restore.section in {"pre-data", "post-data"} or into_new(view, book):
        return False
    return not view.says_in("restore", "sequences") or restore.sequences not in {"keep", "raise"}


def into_new(view: StepView, book: Book) -> bool:
    """Tell whether the restore goes only into schemas that are new: made by this run, or under another name."""
    restore = view.step.restore
    if not isinstance(restore, Restore):
        return False
    if restore.into is not None and restore.rows is None:
        return True
    into = restore.into.schemas.values() if restore.into is not None else restore.schemas
    schemas = (into,) if isinstance(into, str) else tuple(into)
    made = book.made_before(view)
    return bool(schemas) and not restore.tables and all(f"{name_of(each) or each}." in made for each in schemas)
