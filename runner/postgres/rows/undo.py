"""Kept rows put back: only where every row still is as the restore left it.

A row that nobody touched since carries the restore's own transaction id (``xmin``), also after VACUUM and freezing. An
UPDATE by anybody gives it another one, and so does what rewrites the table with new rows: then nothing is put back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from checks.base import ArchiveEntry
from runner.errors import StepFailedError
from runner.postgres import diff_typed
from runner.postgres.rows import text
from runner.postgres.rows.apply import Counts, Prepared, lock
from runner.postgres.rows.kept import KeptFile, KeptTable
from runner.postgres.rows.stage import readable
from runner.postgres.rows.target import Table, live_table, ordered, references_of
from runner.sql.quoting import quote_identifier as quoted

if TYPE_CHECKING:
    from psycopg import Connection

_XIDS = 1 << 32
_AGE = "SELECT pg_current_xact_id()::text::numeric - %s::numeric < 2147483648"


@dataclasses.dataclass(frozen=True, slots=True)
class Undoing:
    """One table, with what of it was kept."""

    table: Table
    kept: KeptTable

    @property
    def fresh(self) -> str:
        """Where the keys of the rows that the restore inserted stand."""
        return f"pg_temp.shisa_fresh_{self.table.number}"


def stage_kept(connection: Connection[Any], file: KeptFile) -> tuple[Undoing, ...]:
    """Fit the kept rows to the live tables and stage them.

    Raises StepFailedError where a table, a column or the key is not there any more, and JournalError.
    """
    found = tuple(_fitted(connection, number, kept) for number, kept in enumerate(file.head.tables, 1))
    with readable(connection):
        for each in found:
            _stage(connection, each, file)
    return found


def prepare_undo(connection: Connection[Any], undoing: tuple[Undoing, ...], xid: str) -> Prepared:
    """Lock the tables and pair what was kept with the rows of today; nothing is changed yet.

    Raises StepFailedError with numbers where rows are not as the restore left them.
    """
    tables = [each.table for each in undoing]
    lock(connection, tables)
    recent = connection.execute(_AGE, (xid,)).fetchone()
    if recent is None or not recent[0]:
        raise StepFailedError("the restore is too long ago: transaction ids have come round to its own again")
    references = references_of(connection, tables)
    by_number = {each.table.number: each for each in undoing}
    order, whole = ordered(tables, references)
    counts = tuple(_paired(connection, by_number[table.number], str(int(xid) % _XIDS)) for table in order)
    return Prepared(order, counts, references, circle=not whole)


def _fitted(connection: Connection[Any], number: int, kept: KeptTable) -> Undoing:
    found = live_table(connection, kept.schema, kept.name)
    if found is None:
        raise StepFailedError(f"there is no table {kept.schema}.{kept.name} any more to put rows back into")
    row, more = found
    missing = [column for column in kept.columns if column not in row.columns]
    if missing:
        raise StepFailedError(f"{row.table} has no column {quoted(missing[0])} any more, and the kept rows fill it")
    if kept.key and tuple(column for column, _, _ in row.key) != kept.key:
        raise StepFailedError(f"{row.table} has another key than when its rows were kept")
    entry = ArchiveEntry(0, "TABLE DATA", kept.schema, kept.name, "", "data", copy=_copy(kept))
    each = diff_typed.subject(entry, row)
    return Undoing(Table(number, kept.schema, row, more, each), kept)


def _copy(kept: KeptTable) -> str:
    columns = ", ".join(map(quoted, kept.columns))
    return f"COPY {quoted(kept.schema)}.{quoted(kept.name)} ({columns}) FROM stdin;\n"


def _stage(connection: Connection[Any], each: Undoing, file: KeptFile) -> None:
    table, kept = each.table, each.kept
    if kept.key:
        keys = ", ".join(map(quoted, kept.key))
        source = table.each.source
        connection.execute(f"CREATE TEMPORARY TABLE {each.fresh} AS SELECT {keys} FROM {source} WITH NO DATA".encode())  # noqa: S608
        _fill(connection, f"COPY {each.fresh} ({keys}) FROM STDIN (ENCODING 'UTF8')", file.take(kept.insert))
    connection.execute(text.staging(table).encode())
    _fill(connection, text.filling(table, "UTF8"), file.take(kept.update + kept.delete))


def _fill(connection: Connection[Any], statement: str, lines: Iterator[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for line in lines:
            copy.write(line)


def _paired(connection: Connection[Any], each: Undoing, xmin: str) -> Counts:
    connection.execute(_pairing(each, xmin).encode())
    found = dict(connection.execute(text.planned(each.table).encode()).fetchall())
    kept, name = each.kept, each.table.each.table
    wanted = {"delete": kept.insert, "update": kept.update, "insert": kept.delete}
    lost = {does: abs(number - found.get(does, 0)) for does, number in wanted.items()}
    if any(lost.values()) or found.get("elsewhere"):
        words = {"delete": "inserted", "update": "updated", "insert": "deleted"}
        told = ", ".join(f"{lost[does]} of {wanted[does]} that it {words[does]}" for does in wanted if lost[does])
        raise StepFailedError(
            f"{name} was written to since the restore: {told} are not as it left them",
            hint="putting the kept rows back would undo what others did since; look at the rows and mend them by hand",
        )
    return Counts(name, kept.delete, kept.update, kept.insert)


def _pairing(each: Undoing, xmin: str) -> str:
    """Write the table of what becomes of each row: what was inserted goes, what was updated or deleted comes back."""
    table = each.table
    ours = f"l.xmin::text = '{xmin}'"
    start = f"CREATE TEMPORARY TABLE {table.pairs} ON COMMIT DROP AS\n"
    if not each.kept.key:
        return (
            f"{start}SELECT 'insert' AS does, s.ctid AS staged, NULL::tid AS live, NULL::oid AS part "  # noqa: S608
            f"FROM {table.staged} AS s\n"
            f"UNION ALL SELECT 'delete', NULL, l.ctid, l.tableoid FROM {table.each.source} AS l WHERE {ours}"
        )
    same = " AND ".join(f"k.{quoted(column)} {operator} l.{quoted(column)}" for column, operator in table.each.key)
    back = f"CASE WHEN l.ctid IS NULL THEN 'insert' WHEN {ours} THEN 'update' ELSE 'elsewhere' END"
    away = f"CASE WHEN {ours} THEN 'delete' ELSE 'elsewhere' END"
    return (
        f"{start}SELECT {back} AS does, k.ctid AS staged, l.ctid AS live, l.tableoid AS part "  # noqa: S608
        f"FROM {table.staged} AS k LEFT JOIN {table.each.source} AS l ON {same}\n"
        f"UNION ALL SELECT {away}, NULL, l.ctid, l.tableoid "
        f"FROM {each.fresh} AS k LEFT JOIN {table.each.source} AS l ON {same}"
    )
