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
from runner.postgres.readonly import ReadOnlySession, Shared, refuse_unless_read_only
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
    limit: timedelta,
    sent: list[str],
) -> tuple[TableDiff, ...]:
    """Compare the rows of a backup's entries, each with the schema that it has on the target.

    The session must hold its snapshot; the statements that looked at rows are added to ``sent``. A table that cannot
    be compared says why. Raises CannotAskError where nothing can be, and ArchiveError where the backup cannot be read.
    """
    rows = Rows(path)
    shared = session.share()
    deadline = time.monotonic() + limit.total_seconds()
    often = collections.Counter((schema, entry.name) for entry, schema in entries)
    with contextlib.ExitStack() as stack:
        second = stack.enter_context(beside(shared, deadline=deadline))
        comparing = _Comparing(session, second, shared, rows=rows, question=question, sent=sent)
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

    def table(self, entry: ArchiveEntry, schema: str, *, twice: bool) -> TableDiff:
        """Compare one table."""
        name = f"{schema}.{entry.name}"
        if twice:
            return TableDiff(name, unseen="the backup holds its rows in parts (--load-via-partition-root)")
        try:
            each = self._subject(entry, schema)
            name = each.table
            return self._compared(each, entry)
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
        row = typed.TableRow(**dict(zip(found.columns, found.rows[0], strict=True)))
        names = {row.table, f"{schema}.{entry.name}"}
        asked = self._question
        tenant_of, where = _for(names, asked.tenant_of), _for(names, asked.where)
        each = typed.subject(entry, row, group_by=asked.group_by, tenant_of=tenant_of, where=where)
        if tenant_of or where:
            refuse_unless_read_only(typed.probe(each), self._session.harmless)
        return each

    def _compared(self, each: typed.Subject, entry: ArchiveEntry) -> TableDiff:
        with contextlib.ExitStack() as stack:
            with self._second.looking():
                remains = stack.enter_context(cancel(self._backup(entry), self._live(each)))
            groups: tuple[GroupDiff, ...] = ()
            if any(remains.left):
                groups = self._typed(each, remains)
        grouped = each.group != "NULL"
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

    def _typed(self, each: typed.Subject, remains: Remains) -> tuple[GroupDiff, ...]:
        if not each.columns:
            return (GroupDiff(None, 0, *remains.left),)
        if self._shared.standby:
            raise CannotAskError(
                f"{sum(remains.left)} rows differ as text, and a standby has no temporary tables to compare them in"
            )
        second = self._second
        try:
            for statement in typed.temporary(each):
                second.run(statement)
            with second.looking():
                for name, file in zip(typed.TEMPORARY, remains.files, strict=True):
                    copy = f"COPY pg_temp.{name} ({each.listed}) FROM STDIN (ENCODING "
                    second.copy_in(f"{copy}{quote_literal(self._rows.encoding)})", _blocks(file))
                second.search_path(self._shared.search_path)  # for what a person wrote
                self._sent.append(typed.comparison(each))
                counts = second.run(typed.comparison(each))
                wanted = self._question.examples if each.key else 0
                shown = second.run(typed.examples(each, wanted)) if wanted and counts else []
            return tuple(_group(row, shown) for row in counts)
        finally:
            with contextlib.suppress(CannotAskError):
                second.search_path("pg_catalog")
                second.run(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in typed.TEMPORARY)}")


def _for(names: Iterable[str], texts: Mapping[str, str]) -> str:
    return next((texts[name] for name in names if name in texts), "")


def _group(row: tuple[Any, ...], shown: Iterable[tuple[Any, ...]]) -> GroupDiff:
    examples = (RowExample(key or "NULL", tuple(columns or ())) for of, key, columns in shown if of == row[0])
    who, changed, deleted, inserted = row
    return GroupDiff(who, changed, deleted, inserted, tuple(examples))


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block
