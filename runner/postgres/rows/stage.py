"""The staging tables: a backup's rows on the target, typed as the live ones, before any lock is taken."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from runner.errors import StepFailedError
from runner.postgres.diff_session import READABLE, reason_of
from runner.postgres.rows import text
from runner.postgres.rows.target import Table

if TYPE_CHECKING:
    from psycopg import Connection


def stage(connection: Connection[Any], table: Table, blocks: Iterable[bytes], encoding: str) -> int:
    """Fill one staging table; it lives as long as the session. Tells how many rows there are.

    Raises StepFailedError where a row does not fit the live columns or the server has no room, and ArchiveError.
    """
    import psycopg

    try:
        connection.execute(text.staging(table).encode())
        with connection.cursor() as cursor:
            with cursor.copy(text.filling(table, encoding).encode()) as copy:
                for block in blocks:
                    copy.write(block)
            rows = cursor.rowcount
        connection.execute(f"ANALYZE {table.staged}".encode())
    except psycopg.Error as error:
        raise StepFailedError(f"{table.each.table} cannot be staged: {reason_of(error)}") from None
    if table.each.key:
        _require_one_row_a_key(connection, table)
    return rows


@contextlib.contextmanager
def readable(connection: Connection[Any]) -> Iterator[None]:
    """Write and read values as pg_dump does, for as long as this lasts; then as the role's settings say."""
    for name, value in READABLE.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    yield
    for name in READABLE:
        connection.execute(f"RESET {name}".encode())


def _require_one_row_a_key(connection: Connection[Any], table: Table) -> None:
    row = connection.execute(text.without_one_key(table).encode()).fetchone()
    doubtful = None if row is None else row[0]
    if doubtful != 0:
        raise StepFailedError(
            f"{doubtful} keys of {table.each.table} are NULL in the backup, or there twice",
            hint="the key is younger than the backup; restore into another schema and look",
        )
