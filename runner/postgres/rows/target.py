"""The live tables that rows go into: what a backup's rows have to fit to, and what would keep them from being exact."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.base import ArchiveEntry, CannotAskError
from runner.errors import StepFailedError
from runner.postgres import diff_typed
from runner.postgres.meant import Meant, looked_into, meant
from runner.postgres.rows.order import referenced_first
from runner.sql.errors import SqlError
from runner.sql.variables import render

if TYPE_CHECKING:
    from psycopg import Connection

_TABLE = Path(diff_typed.__file__).with_name("diff_table.sql")
_MORE = Path(__file__).with_name("table.sql")
_REFERENCES = Path(__file__).with_name("references.sql")
_CHILDREN = """
SELECT format('%%I.%%I', n.nspname, c.relname) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.inhparent = to_regclass(%s) ORDER BY 1"""


@dataclasses.dataclass(frozen=True, slots=True)
class More:
    """What ``table.sql`` tells of a table."""

    oid: int
    always: list[str]
    rules: list[str]
    triggers: list[list[str]]
    """Table, trigger, and when it fires: ``O`` by default, ``A`` always, ``R`` on a replica."""
    sequences: list[list[str]]
    children: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key that points at one of the tables, as ``references.sql`` tells it."""

    table: str
    from_oid: int
    to_oid: int
    on_delete: str
    on_update: str
    partitioned: bool
    columns: list[str]
    referenced: list[str]
    operators: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """One live table, and the temporary ones beside it."""

    number: int
    schema: str
    row: diff_typed.TableRow
    more: More
    each: diff_typed.Subject
    """The backup's columns on the live table."""
    meant: Meant = dataclasses.field(default_factory=Meant)

    @property
    def staged(self) -> str:
        """Where the rows that are to go in stand."""
        return f"pg_temp.shisa_staged_{self.number}"

    @property
    def pairs(self) -> str:
        """Where it stands what becomes of each row."""
        return f"pg_temp.shisa_pairs_{self.number}"


def live_table(connection: Connection[Any], schema: str, name: str) -> tuple[diff_typed.TableRow, More] | None:
    """Look up one table; None where there is none of that name."""
    from psycopg.rows import class_row

    given = {"schema": schema, "name": name}
    with connection.cursor(row_factory=class_row(diff_typed.TableRow)) as cursor:
        row = cursor.execute(render(_TABLE.read_text("utf-8"), given).text.encode()).fetchone()
    with connection.cursor(row_factory=class_row(More)) as cursor:
        more = cursor.execute(render(_MORE.read_text("utf-8"), given).text.encode()).fetchone()
    return None if row is None or more is None else (row, more)


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What a person wrote, by table."""

    where: Mapping[str, str]
    tenant_of: Mapping[str, str]


def tables_of(
    connection: Connection[Any], entries: Sequence[tuple[ArchiveEntry, str]], asked: Asked
) -> tuple[Table, ...]:
    """Fit the backup's tables, each with its schema on the target, to the live ones.

    Raises StepFailedError with the name of the table that does not fit, and for a condition on none of them.
    """
    found = [_fitted(connection, number, *given, asked) for number, given in enumerate(entries, 1)]
    known = {name for table in found for name in (table.each.table, f"{table.schema}.{table.each.name}")}
    strangers = [(key, name) for key in ("where", "tenant_of") for name in getattr(asked, key) if name not in known]
    if strangers:
        raise StepFailedError(
            f"`{strangers[0][0]}` names {strangers[0][1]}, which is none of the tables that this step restores",
            hint=f"they are: {', '.join(table.each.table for table in found) or 'none'}",
        )
    twice = {table.each.table for table in found if sum(one.more.oid == table.more.oid for one in found) > 1}
    if twice:
        raise StepFailedError(f"the backup holds the rows of {min(twice)} in several parts")
    return tuple(found)


def references_of(connection: Connection[Any], tables: Sequence[Table]) -> tuple[Reference, ...]:
    """Look up every foreign key that points at one of the tables."""
    from psycopg.rows import class_row

    query = render(_REFERENCES.read_text("utf-8"), {"oids": json.dumps([table.more.oid for table in tables])}).text
    with connection.cursor(row_factory=class_row(Reference)) as cursor:
        return tuple(cursor.execute(query.encode()).fetchall())


def ordered(tables: Sequence[Table], references: Sequence[Reference]) -> tuple[tuple[Table, ...], bool]:
    """Put the tables into the order in which they can take rows; and tell whether no circle hinders that."""
    by_oid = {table.more.oid: table for table in tables}
    order, whole = referenced_first(tuple(by_oid), [(each.from_oid, each.to_oid) for each in references])
    return tuple(by_oid[oid] for oid in order), whole


def in_backup(connection: Connection[Any], table: Table, tables: Sequence[Table]) -> dict[str, str]:
    """Tell which tables a condition looks into are restored too: for rows of the backup they are looked up there."""

    def fetch(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query.encode()).fetchall()

    staged = {(each.schema, each.each.name): each.staged for each in tables}
    return {text: staged[name] for text, name in looked_into(fetch, table.meant).items() if name in staged}


def _fitted(connection: Connection[Any], number: int, entry: ArchiveEntry, schema: str, asked: Asked) -> Table:
    found = live_table(connection, schema, entry.name)
    name = f"{schema}.{entry.name}"
    if found is None:
        raise StepFailedError(f"there is no table {name} on the target any more")
    row, more = found
    try:
        each = diff_typed.subject(entry, row)
    except CannotAskError as error:
        raise StepFailedError(error.reason) from None
    if not each.columns:
        raise StepFailedError(f"{row.table} has no columns to tell its rows by")
    if more.rules:
        raise StepFailedError(
            f"{row.table} has a rule ({more.rules[0]}) that rewrites what is written to it",
            hint="nobody could tell beforehand what would become of the rows; disable the rule for the restore",
        )
    try:
        found_meant = meant((row.table, name), asked.where, asked.tenant_of)
    except SqlError as error:
        raise StepFailedError(f"the condition of {row.table} cannot be read: {error.message}") from None
    return Table(number, schema, row, more, each, found_meant)


def same_as_before(connection: Connection[Any], table: Table) -> bool:
    """Tell whether a table still is what it was when it was fitted."""
    found = live_table(connection, table.schema, table.each.name)
    if found is None:
        return False
    row, more = found
    return (more, row) == (table.more, table.row)


def children_of(connection: Connection[Any], name: str) -> list[str]:
    """Name the tables that hold a partitioned table's rows, or that inherit from it; none where it has none."""
    return [row[0] for row in connection.execute(_CHILDREN, (name,)).fetchall()]
