"""The file of exactly the rows that a restore changes, written before it changes them, so that it can be undone.

One line of JSON, then for each table, in the order in which it takes rows: the keys of the rows that will be inserted,
the rows of today that will be updated, and those that will be deleted, each as lines of COPY's text format in UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from runner.errors import StepFailedError
from runner.postgres.rows import text
from runner.postgres.rows.apply import Prepared

if TYPE_CHECKING:
    from psycopg import Connection

    from runner.postgres.transaction import Xid


class KeptTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file holds of one table."""

    schema: str
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    insert: int
    update: int
    delete: int


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line of the file."""

    shisa_rows: Literal[1]
    run: str
    step: str
    system_identifier: str
    xid: str
    triggers: bool
    """Whether user triggers fired, and shall fire when it is undone."""
    tables: tuple[KeptTable, ...]


def keep(
    connection: Connection[Any], prepared: Prepared, *, run: str, step: str, xid: Xid, triggers: bool
) -> Iterator[bytes]:
    """Yield the file; the rows are locked, so that what it holds is what will be changed."""
    head = Kept(
        shisa_rows=1,
        run=run,
        step=step,
        system_identifier=xid.system_identifier,
        xid=xid.xid,
        triggers=triggers,
        tables=tuple(
            KeptTable(
                schema=table.schema,
                name=table.each.name,
                columns=text.kept_columns(table),
                key=tuple(column for column, _ in table.each.key),
                insert=counts.inserted,
                update=counts.updated,
                delete=counts.deleted,
            )
            for table, counts in zip(prepared.tables, prepared.counts, strict=True)
        ),
    )
    yield msgspec.json.encode(head) + b"\n"
    for table, counts in zip(prepared.tables, prepared.counts, strict=True):
        if counts.inserted and table.each.key:
            yield from _copied(connection, text.keeping(table, "insert"))
        if counts.updated:
            yield from _copied(connection, text.keeping(table, "update"))
        if counts.deleted:
            yield from _copied(connection, text.keeping(table, "delete"))


class KeptFile:
    """The file as it is read again, from its beginning to its end."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        """Read the first line. Raises StepFailedError where this is no such file."""
        self._lines = _lines(blocks)
        try:
            self.head = msgspec.json.decode(next(self._lines, b""), type=Kept)
        except msgspec.DecodeError as error:
            raise StepFailedError(f"the kept rows cannot be read: {error}") from None

    def take(self, rows: int) -> Iterator[bytes]:
        """Yield the next rows. Raises StepFailedError where there are fewer."""
        for _ in range(rows):
            line = next(self._lines, None)
            if line is None:
                raise StepFailedError("the file of the kept rows ends too early")
            yield line


def _copied(connection: Connection[Any], statement: str) -> Iterator[bytes]:
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for block in copy:
            yield bytes(block)


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest
