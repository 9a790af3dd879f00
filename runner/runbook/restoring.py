"""What a restore does, in words for plan and reviewer."""

from __future__ import annotations

from checks.base import Selection
from runner.archive.selection import split_table
from runner.runbook.model import Restore
from runner.sql.needs import Need, Privilege
from runner.sql.quoting import quote_identifier

LOCK = "ShareRowExclusiveLock"
"""What a restore of rows takes on its tables."""
_MODES = {
    "insert-missing": "it inserts rows of the backup whose key is missing today",
    "overwrite": "it puts rows of today back to what the backup holds, and inserts what is missing",
    "replace": "it makes rows of today exactly the backup's: newer ones are deleted",
}


def selection_of(restore: Restore) -> Selection:
    """Tell what of its archive a restore takes, and where to."""
    return Selection(
        schemas=tuple(restore.schemas),
        tables=tuple(restore.tables),
        section=restore.section,
        into={} if restore.into is None else dict(restore.into.schemas),
    )


def restores_rows(restore: Restore | str | None) -> bool:
    """Tell whether a restore is one of rows, in one transaction."""
    return isinstance(restore, Restore) and restore.rows is not None


def clones(restore: Restore | str | None) -> bool:
    """Tell whether a restore makes new schemas, in one transaction."""
    return isinstance(restore, Restore) and restore.into is not None and restore.rows is None


def reason_of(restore: Restore | str | None) -> str:
    """Say why a restore is destructive."""
    if not isinstance(restore, Restore):
        return "it puts rows back that a step kept"
    if clones(restore):
        return "it makes schemas out of a backup beside those of today, maybe with children of today's tables"
    if restore.rows is None:
        return "it writes rows of a backup beside the rows of today"
    return _MODES.get(restore.rows, f"it writes rows of a backup (rows: {restore.rows})")


def needs_of_rows(restore: Restore | str | None) -> tuple[Need, ...]:
    """Tell which privileges a restore of rows needs on the tables that it names.

    The lock alone needs UPDATE or DELETE, whatever the mode.
    """
    if not isinstance(restore, Restore) or restore.rows is None:
        return ()
    of_mode: dict[str, tuple[Privilege, ...]] = {"insert-missing": ("UPDATE",), "overwrite": ("UPDATE",)}
    privileges: list[Privilege] = ["SELECT", "INSERT", *of_mode.get(restore.rows, ("UPDATE", "DELETE"))]
    if restore.triggers in {False, "off"}:
        privileges.append("OWNER")
    return tuple(Need(table, privilege) for table in written_tables(restore) for privilege in privileges)


def written_tables(restore: Restore) -> tuple[str, ...]:
    """Write the names of a restore's tables on the target as SQL: in a selection unquoted letters keep their case."""
    into = selection_of(restore).into
    found = []
    for schema, name in map(split_table, restore.tables):
        parts = (name,) if schema is None else (into.get(schema, schema), name)
        found.append(".".join(map(quote_identifier, parts)))
    return tuple(found)


def notes_of(restore: Restore | str | None) -> list[str]:
    """Say what else somebody has to know who runs or signs a restore of rows."""
    if not isinstance(restore, Restore) or restore.rows is None:
        return []
    notes = [
        "the backup's rows are staged in temporary tables before anything is locked",
        "the tables are locked against writing for the transaction (SHARE ROW EXCLUSIVE); reading goes on",
        "rows that change are kept beside the journal, readable by their owner only",
    ]
    if restore.triggers in {False, "off"}:
        notes.append("user triggers do not fire meanwhile, and foreign keys are checked; the role must own the tables")
    if restore.sequences == "raise":
        notes.append("sequences that the tables draw from are raised above every id in use, and stay raised")
    return notes
