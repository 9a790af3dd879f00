"""The append-only record of every run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import UsageError

if TYPE_CHECKING:
    from runner.journal.record import Journal


def open_journal(location: str, folder: Path, *, readonly: bool = False) -> Journal:
    """Open the journal that shisa.yaml names; a relative path starts from ``folder``.

    Raises JournalError, and UsageError for a place that this version cannot use or a missing file to read.
    """
    if location.startswith(("postgresql://", "postgres://")):
        raise UsageError(
            "A team journal in PostgreSQL is not built yet; this version of shisa keeps its journal in a file.",
            hint="Name a file in shisa.yaml, as in `journal: .shisa/journal.db`.",
        )
    from runner.journal.sqlite import SqliteJournal

    return SqliteJournal(folder / Path(location).expanduser(), readonly=readonly)
