"""Compare the rows of a backup with the live rows: text settles what is equal, typed images settle what differs.

Both sides are streamed and cancelled against each other; only what remains goes into temporary tables and is compared
there as ``record`` images, by key. Everything is seen through one snapshot, the one of the session that asks.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from checks.answers import GroupDiff, RowExample, TableDiff
from checks.base import ArchiveEntry, CannotAskError
from runner.archive import Rows
from runner.postgres import diff_typed as typed
from runner.postgres.diff_session import BesideSession, beside
from runner.postgres.diff_window import Block, Remains, cancel
from runner.postgres.meant import Meant, looked_into, meant
from runner.postgres.readonly import ReadOnlySession, Shared, refuse_unless_read_only
from runner.sql.errors import SqlError
from runner.sql.quoting import quote_identifier as quoted
from runner.sql.quoting import quote_literal
from runner.sql.variables import render

_CATALOGUE = Path(__file__).with_name("diff_table.sql")
_BLOCK = 1 << 18


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """What shall be told of each table."""

    group_by: str | None = None
    tenant_of: Mapping[str, str] = dataclasses.field(default_factory=dict)
    where: Mapping[str, str] = dataclasses.field(default_factory=dict)
    examples: int = 0


def compare(
    session: ReadOnlySession,
    path: Path,
    entries: Sequence[tuple[ArchiveEntry, str]],
    question: Question,
    *,
    restored: Sequence[tuple[ArchiveEntry, str]],
    limit: timedelta,
    sent: list[str],
) -> tuple[TableDiff, ...]:
    """Compare the rows of a backup's entries, each with the schema that it has on the target.

    ``restored`` is all that the restore would bring, where a person's SQL may look something up. The session must hold
    its snapshot; the statements that looked at rows are added to ``sent``. A table that cannot
    be compared says why. Raises CannotAskError where nothing can be, and ArchiveError where the backup cannot be read.
    """
    rows = Rows(path)
    shared = session.share()
    deadline = time.monotonic() + limit.total_seconds()
    often = collections.Counter((schema, entry.name) for entry, schema in entries)
    with contextlib.ExitStack() as stack:
        second = stack.enter_context(beside(shared, deadline=deadline))
        comparing = _Comparing(session, second, shared, rows=rows, question=question, sent=sent)
        comparing.restored.update({(schema, entry.name): entry for entry, schema in restored})
        return tuple(comparing.table(entry, schema, twice=often[schema, entry.name] > 1) for entry, schema in entries)


class _Comparing:
    def __init__(
        self,
        session: ReadOnlySession,
        second: BesideSession,
        shared: Shared,
        *,
        rows: Rows,
        question: Question,
        sent: list[str],
    ) -> None:
        self._session = session
        self._second = second
        self._shared = shared
        self._rows = rows
        self._question = question
        self._sent = sent
        self.restored: dict[tuple[str, str], ArchiveEntry] = {}
        """The backup's tables, by schema and name on the target."""

    def table(self, entry: ArchiveEntry, schema: str, *, twice: bool) -> TableDiff:
        """Compare one table."""
        name = f"{schema}.{entry.name}"
        if twice:
            return TableDiff(name, unseen="the backup holds its rows in parts (--load-via-partition-root)")
        try:
            each = self._subject(entry, schema)
            name = each.table
            return self._compared(each, entry, self._meant(each, schema))
        except CannotAskError as error:
            self._second.require_time()
            self._second.require_alive()
            return TableDiff(name, unseen=error.reason)
        except OSError as error:
            return TableDiff(name, unseen=f"no room for temporary files here: {error.strerror or error}")

    def _subject(self, entry: ArchiveEntry, schema: str) -> typed.Subject:
        query = render(_CATALOGUE.read_text("utf-8"), {"schema": schema, "name": entry.name}).text
        found = self._session.fetch(query)
        if not found.rows:
            raise CannotAskError("there is no such table any more")
        return typed.subject(entry, typed.TableRow(**dict(zip(found.columns, found.rows[0], strict=True))))

    def _meant(self, each: typed.Subject, schema: str) -> Meant:
        """Read what a person wrote about the table, and prove that it only looks."""
        names, asked = (each.table, f"{schema}.{each.name}"), self._question
        if not any(name in texts for name in names for texts in (asked.where, asked.tenant_of)):
            return Meant()
        try:
            found = meant(names, asked.where, asked.tenant_of)
        except SqlError as error:
            raise CannotAskError(f"the query cannot be read: {error.message}") from None
        refuse_unless_read_only(typed.probe(each, self._sight(each, found, {})), self._session.harmless)
        return found

    def _sight(self, each: typed.Subject, meant: Meant, instead: Mapping[str, str]) -> typed.Sight:
        column = self._question.group_by
        group = "shisa.tenant_of" if meant.tenant_of else quoted(column) if column in each.columns else "NULL"
        return typed.Sight(group, *meant.written(instead))

    def _compared(self, each: typed.Subject, entry: ArchiveEntry, meant: Meant) -> TableDiff:
        with contextlib.ExitStack() as stack:
            with self._second.looking():
                remains = stack.enter_context(cancel(self._backup(entry), self._live(each)))
            groups: tuple[GroupDiff, ...] = ()
            if any(remains.left):
                groups = self._typed(each, remains, meant)
        grouped = self._sight(each, meant, {}).group != typed.Sight().group
        return TableDiff(each.table, groups, *remains.read, bool(each.key), grouped, each.added)

    def _backup(self, entry: ArchiveEntry) -> Iterator[Block]:
        for block in self._rows.blocks(entry):
            self._second.require_time()
            if b"\r" in block:  # splitlines would cut there, and COPY does not
                yield Block(len(block), [line + b"\n" for line in block[:-1].split(b"\n")])
            else:
                yield Block(len(block), block.splitlines(keepends=True))

    def _live(self, each: typed.Subject) -> Iterator[Block]:
        if each.partitioned or not each.columns:
            what = f"(SELECT {each.listed} FROM {each.source})"  # noqa: S608
        else:
            what = f"{each.table} ({each.listed})"
        statement = f"COPY {what} TO STDOUT (ENCODING {quote_literal(self._rows.encoding)})"
        self._sent.append(statement)
        return self._second.copy_out(statement)

    def _typed(self, each: typed.Subject, remains: Remains, meant: Meant) -> tuple[GroupDiff, ...]:
        if not each.columns:
            return (GroupDiff(None, 0, *remains.left),)
        if self._shared.standby:
            raise CannotAskError(
                f"{sum(remains.left)} rows differ as text, and a standby has no temporary tables to compare them in"
            )
        second = self._second
        around = self._around(meant)
        names = [*typed.TEMPORARY, *(name for name, _, _ in around.values())]
        try:
            for statement in typed.temporary(each):
                second.run(statement)
            for name, beside, _ in around.values():
                second.run(typed.temporary_of(beside, name))
            with second.looking():
                for name, file in zip(typed.TEMPORARY, remains.files, strict=True):
                    self._fill(name, each, _blocks(file))
                for name, beside, entry in around.values():
                    self._fill(name, beside, self._rows.blocks(entry))
                second.search_path(self._shared.search_path)  # for what a person wrote
                instead = {text: f"pg_temp.{name}" for text, (name, _, _) in around.items()}
                sights = (self._sight(each, meant, instead), self._sight(each, meant, {}))
                self._sent.append(typed.comparison(each, sights))
                counts = second.run(typed.comparison(each, sights))
                wanted = self._question.examples if each.key else 0
                shown = second.run(typed.examples(each, sights, wanted)) if wanted and counts else []
            return tuple(_group(row, shown) for row in counts)
        finally:
            with contextlib.suppress(CannotAskError):
                second.search_path("pg_catalog")
                second.run(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in names)}")

    def _around(self, meant: Meant) -> dict[str, tuple[str, typed.Subject, ArchiveEntry]]:
        """Find the tables that are looked into and restored too: temporary name, fitted and in the backup, by text."""
        second = self._second
        second.search_path(self._shared.search_path)
        try:
            found = looked_into(second.run, meant)
        finally:
            second.search_path("pg_catalog")
        return {
            text: (f"shisa_around_{at}", self._subject(self.restored[name], name[0]), self.restored[name])
            for at, (text, name) in enumerate(found.items())
            if name in self.restored
        }

    def _fill(self, name: str, each: typed.Subject, blocks: Iterable[bytes]) -> None:
        copy = f"COPY pg_temp.{name} ({each.listed}) FROM STDIN (ENCODING {quote_literal(self._rows.encoding)})"
        self._second.copy_in(copy, blocks)


def _group(row: tuple[Any, ...], shown: Iterable[tuple[Any, ...]]) -> GroupDiff:
    examples = (RowExample(key or "NULL", tuple(columns or ())) for of, key, columns in shown if of == row[0])
    who, changed, deleted, inserted = row
    return GroupDiff(who, changed, deleted, inserted, tuple(examples))


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block
