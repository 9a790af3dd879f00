"""The append-only record of every run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.journal.record import Journal

_TEAM = ("postgresql://", "postgres://")


def is_team(location: str) -> bool:
    """Tell whether a journal's place is a database that a team shares, and not a file on this machine."""
    return location.startswith(_TEAM)


def open_journal(location: str, folder: Path, *, readonly: bool = False) -> Journal:
    """Open the journal that shisa.yaml names; a relative path starts from ``folder``.

    Raises JournalError, ConnectError where a team journal cannot be reached, and UsageError for a missing file to read.
    """
    if is_team(location):
        from runner.journal.postgres.store import PostgresJournal

        return PostgresJournal(location, readonly=readonly)
    from runner.journal.sqlite import SqliteJournal

    return SqliteJournal(folder / Path(location).expanduser(), readonly=readonly)
