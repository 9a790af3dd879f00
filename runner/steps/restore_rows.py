"""``restore`` with ``rows``: rows out of an archive through staging tables, in one transaction, exactly once.

Every row of the selected tables is staged before anything is locked; what is locked then is compared in the server.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from runner.archive import Rows, sequence_sets, tables_with_data
from runner.errors import UsageError
from runner.journal.events import StepEnded
from runner.postgres.raising import MARGIN, raise_sequences
from runner.postgres.rows.apply import prepare
from runner.postgres.rows.stage import readable, stage
from runner.postgres.rows.target import Asked, Table, children_of, tables_of
from runner.runbook.model import Restore
from runner.runbook.restoring import selection_of
from runner.steps.base import Effect
from runner.steps.progress import Progress
from runner.steps.rows_once import in_one_transaction

if TYPE_CHECKING:
    from psycopg import Connection

    from checks.base import ArchiveEntry, ArchiveFacts
    from runner.postgres.rows.text import Mode

_PATH = "SELECT current_setting('search_path')"
_AGAIN = "SELECT set_config('search_path', %s, true)"
_SETVAL = "SELECT setval(format('%%I.%%I', %s::text, %s::text)::regclass, %s, %s)"


def perform_rows(effect: Effect, restore: Restore, facts: ArchiveFacts) -> StepEnded:
    """Restore rows as the step's mode says; what does not come out as counted is rolled back."""
    mode = cast("Mode", restore.rows)
    return in_one_transaction(
        effect,
        stage=lambda connection: _staged(effect, connection, facts, restore),
        prepare=lambda connection, tables: prepare(connection, tables, mode),
        finish=lambda connection, tables: _finished(effect, connection, facts, restore, tables),
        keeps=True,
        triggers=restore.triggers not in {False, "off"},
    )


def _staged(effect: Effect, connection: Connection[Any], facts: ArchiveFacts, restore: Restore) -> tuple[Table, ...]:
    """Stage every table of the selection, each COPY by itself: an hour of it holds up nobody."""
    effect.archive(facts.path)
    entries = _entries(connection, facts, restore)
    tables = tables_of(connection, entries, Asked(restore.where, restore.tenant_of))
    rows = Rows(facts.path)
    with readable(connection):
        for table, (entry, _) in zip(tables, entries, strict=True):
            blocks = _watched(rows.blocks(entry), table.each.table, Progress(effect.progress, effect.tell))
            count = stage(connection, table, blocks, rows.encoding)
            effect.tell(f"{count} rows of {table.each.table} are staged")
    return tables


def _watched(blocks: Iterator[bytes], table: str, progress: Progress) -> Iterator[bytes]:
    count = 0
    for block in blocks:
        yield block
        count += block.count(b"\n")
        progress.say(f"{count:,} rows of {table} are staged")


def _entries(
    connection: Connection[Any], facts: ArchiveFacts, restore: Restore
) -> tuple[tuple[ArchiveEntry, str], ...]:
    """Find what the step selects; a table that is named and has no rows of its own in the backup is refused."""
    selection = selection_of(restore)
    for name in restore.tables:
        if not tables_with_data(facts, dataclasses.replace(selection, tables=(name,))):
            below = children_of(connection, name)
            hint = (
                f"its rows stand in {', '.join(below)}; name those" if below else "`pg_restore -l` lists what it holds"
            )
            raise UsageError(f"{facts.path.name} holds no rows of {name}", hint=hint)
    entries = tables_with_data(facts, selection)
    if not entries:
        raise UsageError(f"nothing in {facts.path.name} fits what this step selects")
    return tuple((entry, selection.into.get(entry.schema, entry.schema)) for entry in entries)


def _finished(
    effect: Effect, connection: Connection[Any], facts: ArchiveFacts, restore: Restore, tables: Sequence[Table]
) -> dict[str, Any]:
    """Prove that nobody wrote to the backup while it was read, and set the sequences."""
    effect.archive(facts.path)
    return _sequences(connection, facts, restore, tables)


def _sequences(
    connection: Connection[Any], facts: ArchiveFacts, restore: Restore, tables: Sequence[Table]
) -> dict[str, Any]:
    """Set the sequences as the mode says, before COMMIT: rows that stand never lack what was asked for."""
    if restore.sequences == "from-backup":
        selection = selection_of(restore)
        for each in sequence_sets(facts, selection):
            given = (selection.into.get(each.schema, each.schema), each.name, each.value, each.is_called)
            connection.execute(_SETVAL, given)
        return {}
    names = sorted({(schema, name) for table in tables for schema, name in table.more.sequences})
    if restore.sequences != "raise" or not names:
        return {}
    path = connection.execute(_PATH).fetchone()
    shown = connection.execute("SHOW lock_timeout").fetchone()
    raised = raise_sequences(connection, names, margin=MARGIN, lock_timeout=shown[0] if shown else "2s")
    connection.execute(_AGAIN, path)
    return {"raised": [change.as_json() for change in raised]}
