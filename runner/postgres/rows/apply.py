"""Lock the tables, pair the rows, count what would happen; then do exactly that, or nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal

from runner.errors import StepFailedError
from runner.postgres.rows import text
from runner.postgres.rows.target import Reference, Table, in_backup, ordered, references_of, same_as_before

if TYPE_CHECKING:
    from psycopg import Connection

_REPLICATES = "SELECT current_setting('session_replication_role')"


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of one table are inserted, updated and deleted."""

    table: str
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def rows(self) -> int:
        """All of them together."""
        return self.inserted + self.updated + self.deleted

    def as_json(self) -> dict[str, Any]:
        """Give the figures as the journal keeps them."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True)
class Prepared:
    """The tables in the order in which they take rows, and what will become of each."""

    tables: tuple[Table, ...]
    counts: tuple[Counts, ...]
    references: tuple[Reference, ...]
    circle: bool
    """Whether tables refer to each other in a circle, so that no order serves."""


def prepare(connection: Connection[Any], tables: Sequence[Table], mode: text.Mode) -> Prepared:
    """Lock the tables against writing, and count; nothing is changed yet.

    Raises StepFailedError where the rows cannot be made what was asked for, and psycopg.Error.
    """
    lock(connection, tables)
    references = references_of(connection, tables)
    order, whole = ordered(tables, references)
    counts = tuple(_paired(connection, table, tables, mode) for table in order)
    return Prepared(order, counts, references, circle=not whole)


def lock(connection: Connection[Any], tables: Sequence[Table]) -> None:
    """Keep everybody from writing to the tables until the end; reading goes on.

    Raises StepFailedError where a table is another one than was looked at before, and where nothing would check
    foreign keys.
    """
    role = connection.execute(_REPLICATES).fetchone()
    if role is None or role[0] != "origin":
        raise StepFailedError(
            f"session_replication_role is {role and role[0]}, so no foreign key would be checked",
            hint="let the target's role work with session_replication_role = origin",
        )
    connection.execute("SET LOCAL row_security = off")  # a row that is hidden is an error and not a row less
    connection.execute(text.locking(sorted(tables, key=lambda table: table.more.oid)).encode())
    for table in tables:
        if not same_as_before(connection, table):
            raise StepFailedError(f"{table.each.table} was altered while its rows were staged", hint="try again")


def apply(
    connection: Connection[Any],
    prepared: Prepared,
    *,
    triggers: bool,
    during: Callable[[str], AbstractContextManager[None]],
) -> None:
    """Do what was counted, in an order that foreign keys allow; ``during`` is told what is done, while it is.

    Raises StepFailedError where something else happened than was counted; then all of it must be rolled back.
    """
    run = _Run(connection, prepared, during)
    if prepared.circle:
        run.send("SET CONSTRAINTS ALL DEFERRED")
    if not triggers:
        run.switch(on=False)
    for table, counts in reversed(list(zip(prepared.tables, prepared.counts, strict=True))):
        if counts.deleted:
            run.require_nothing_along(table, "delete")
            run.exactly(table, text.deleting(table), counts.deleted, "deleted")
    for table, counts in zip(prepared.tables, prepared.counts, strict=True):
        updated = (text.updating(table), counts.updated, "updated")
        inserted = (text.inserting(table), counts.inserted, "inserted")
        if counts.updated:
            run.require_nothing_along(table, "update")
        for statement, count, word in (inserted, updated) if run.refers_to_itself(table) else (updated, inserted):
            if count:
                run.exactly(table, statement, count, word)
    with during("foreign keys and other constraints are checked"):
        run.send("SET CONSTRAINTS ALL IMMEDIATE")
    if not triggers:
        run.switch(on=True)


@dataclasses.dataclass(frozen=True, slots=True)
class _Run:
    connection: Connection[Any]
    prepared: Prepared
    during: Callable[[str], AbstractContextManager[None]]

    def send(self, statement: str) -> int:
        return self.connection.execute(statement.encode()).rowcount

    def exactly(self, table: Table, statement: str, count: int, word: str) -> None:
        with self.during(f"{count:,} rows of {table.each.table} are being {word}"):
            rows = self.send(statement)
        if rows != count:
            raise StepFailedError(
                f"{rows} rows of {table.each.table} were {word}, not {count}: something there changes what is written",
                hint="a trigger may keep rows from being written; `triggers: off` leaves user triggers out",
            )

    def switch(self, *, on: bool) -> None:
        for table in self.prepared.tables:
            for statement in text.switching(table, on=on):
                self.send(statement)

    def refers_to_itself(self, table: Table) -> bool:
        return any(each.from_oid == each.to_oid == table.more.oid for each in self.prepared.references)

    def require_nothing_along(self, table: Table, does: Literal["delete", "update"]) -> None:
        """Refuse where a foreign key would change rows that nobody asked for."""
        for reference in self.prepared.references:
            if reference.to_oid != table.more.oid:
                continue
            statement = text.drawn_along(table, reference, does)
            along = _one(self.connection, statement) if statement else 0
            if along:
                raise StepFailedError(
                    f"{along} rows of {reference.table} refer to rows of {table.each.table} that this would {does}, "
                    "and the foreign key would change them along",
                    hint=f"restore {reference.table} in the same step, or narrow `where`",
                )


def _paired(connection: Connection[Any], table: Table, tables: Sequence[Table], mode: text.Mode) -> Counts:
    if mode == "overwrite" and not table.each.key:
        raise StepFailedError(
            f"{table.each.table} has no key that tells which row is which, so nothing can be overwritten",
            hint="`rows: insert-missing` and `rows: replace` compare whole rows; or give the table a primary key",
        )
    connection.execute(text.pairing(table, mode, in_backup(connection, table, tables)).encode())
    connection.execute(f"ANALYZE {table.pairs}".encode())
    found = dict(connection.execute(text.planned(table).encode()).fetchall())
    if found.get("elsewhere"):
        raise StepFailedError(
            f"{found['elsewhere']} rows of {table.each.table} are within `where` on one side only: in the backup or "
            "today they are somebody else's",
            hint="widen or narrow `where` so that it holds for the row of the backup and for the row of today",
        )
    if found.get("update") and set(table.more.always) & set(table.each.columns):
        apart = _one(connection, text.always_differing(table))
        if apart:
            raise StepFailedError(
                f"{apart} rows of {table.each.table} would need another value in an identity column that is "
                f"GENERATED ALWAYS ({', '.join(table.more.always)})",
                hint="PostgreSQL takes no such UPDATE; ALTER COLUMN … SET GENERATED BY DEFAULT allows it",
            )
    return Counts(table.each.table, found.get("insert", 0), found.get("update", 0), found.get("delete", 0))


def _one(connection: Connection[Any], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    if row is None:
        raise StepFailedError("the target did not answer a count")
    return int(row[0])
