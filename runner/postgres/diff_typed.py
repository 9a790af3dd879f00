"""The SQL that compares what remained of a table as typed rows: by key, else as a multiset; by group."""

from __future__ import annotations

import dataclasses
import re

from checks.base import ArchiveEntry, CannotAskError
from runner.archive.setval import PART
from runner.sql.quoting import quote_identifier as quoted
from runner.sql.quoting import quote_literal

_COPY = re.compile(rf"COPY (?P<table>{PART}\.{PART}) +(?:\((?P<columns>.*)\) )?FROM stdin;\s*", re.DOTALL)
_COLUMNS = re.compile(rf"{PART}(?:, |$)")
_KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table", "S": "a sequence", "c": "a type"}
TEMPORARY = ("shisa_backup", "shisa_live")


@dataclasses.dataclass(frozen=True, slots=True)
class TableRow:
    """One live table, as ``diff_table.sql`` tells it."""

    table: str
    kind: str
    columns: list[str]
    generated: list[str]
    key: list[tuple[str, str | None, str | None]]
    """Column, schema of its equality operator, operator."""


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """A table to compare: the columns of the backup on the live table, its key and its groups."""

    table: str
    name: str
    partitioned: bool
    columns: tuple[str, ...]
    key: tuple[tuple[str, str], ...]
    """Column and the operator that says whether two of its values are equal; empty where there is no key."""
    added: tuple[str, ...]
    """Columns that the live table has and the backup has not."""

    @property
    def listed(self) -> str:
        """The columns, quoted."""
        return ", ".join(map(quoted, self.columns))

    @property
    def source(self) -> str:
        """Where the live rows stand: the table without those that inherit, and a partitioned one with all of it."""
        return self.table if self.partitioned else f"ONLY {self.table}"


@dataclasses.dataclass(frozen=True, slots=True)
class Sight:
    """What is asked of the rows of one side, as SQL over a row."""

    group: str = "NULL"
    """Whose it is; ``NULL`` where nothing tells a group."""
    where: str = "true"
    """Whether the restore is about it."""
    beside: str = ""
    """What these need in FROM beside the row."""


Sights = tuple[Sight, Sight]
"""Of the backup's rows, and of the live ones."""


def subject(entry: ArchiveEntry, row: TableRow) -> Subject:
    """Fit a backup's table to the live one. Raises CannotAskError where it does not fit."""
    if row.kind not in {"r", "p"}:
        raise CannotAskError(f"{row.table} is {_KINDS.get(row.kind, 'no table')} now")
    columns = copied_columns(entry)
    for column in columns:
        if column in row.generated:
            raise CannotAskError(f"{row.table} generates the column {quoted(column)} now, and the backup fills it")
        if column not in row.columns:
            raise CannotAskError(f"{row.table} has no column {quoted(column)} any more, and the backup fills it")
    key = tuple((column, f"OPERATOR({quoted(schema)}.{name})") for column, schema, name in row.key if schema and name)
    whole = len(key) == len(row.key) and all(column in columns for column, _ in key)
    return Subject(
        row.table,
        entry.name,
        row.kind == "p",
        columns,
        key if whole else (),
        tuple(column for column in row.columns if column not in columns),
    )


def copied_columns(entry: ArchiveEntry) -> tuple[str, ...]:
    """Read the columns out of a COPY statement; it is a stranger's text and never sent. Raises CannotAskError."""
    if not entry.copy:
        raise CannotAskError("the backup holds its rows as INSERT statements, and only those of COPY can be compared")
    statement = _COPY.fullmatch(entry.copy)
    listed = "" if statement is None else statement["columns"] or ""
    found, at = [], 0
    while at < len(listed) and (part := _COLUMNS.match(listed, at)):
        found.append(part[1].replace('""', '"') if part[1] is not None else part[2])
        at = part.end()
    if statement is None or at != len(listed):
        raise CannotAskError(f"the columns of {entry.schema}.{entry.name} in the backup cannot be understood")
    return tuple(found)


def probe(each: Subject, sight: Sight) -> str:
    """Write the person's own expressions as a query over the live table, to be proven harmless."""
    row = f"{each.source} AS {quoted(each.name)}{sight.beside}"
    return f"SELECT ({sight.group})::text, ({sight.where}) IS TRUE FROM {row}"  # noqa: S608


def temporary(each: Subject) -> list[str]:
    """Write the making of two temporary tables with the live columns, their types, and none of their conditions."""
    return [temporary_of(each, name) for name in TEMPORARY]


def temporary_of(each: Subject, name: str) -> str:
    """Write the making of one temporary table with the live columns."""
    return f"CREATE TEMPORARY TABLE {name} AS SELECT {each.listed} FROM {each.source} WITH NO DATA"  # noqa: S608


def comparison(each: Subject, sights: Sights) -> str:
    """Write the counts: group, changed, deleted and inserted since."""
    return (
        "SELECT who, count(*) FILTER (WHERE b AND l), count(*) FILTER (WHERE l IS NULL), "
        f"count(*) FILTER (WHERE b IS NULL)\n{_differing(each, sights)}\nGROUP BY who ORDER BY who"
    )


def examples(each: Subject, sights: Sights, count: int) -> str:
    """Write the question for a few differing rows of each group: group, key, names of the changed columns."""
    key = " || ', ' || ".join(
        f"{_literal(column)} || '=' || coalesce(b_{at}, l_{at})" for at, (column, _) in enumerate(each.key)
    )
    return (
        "SELECT who, key, changed FROM (SELECT who, changed, "  # noqa: S608
        f"{key} AS key, row_number() OVER (PARTITION BY who) AS n\n{_differing(each, sights, named=True)}) AS e "
        f"WHERE n <= {int(count)}"
    )


def _differing(each: Subject, sights: Sights, *, named: bool = False) -> str:
    """Write ``FROM …``: one row for each differing row and each group that it belongs to, now or in the backup."""
    more = ""
    if named:
        keys = "".join(f", b.k{at}::text AS b_{at}, l.k{at}::text AS l_{at}" for at, _ in enumerate(each.key))
        changed = ", ".join(
            f"CASE WHEN ROW(b.c{at})::record OPERATOR(pg_catalog.*<>) ROW(l.c{at})::record "
            f"THEN {quote_literal(column)} END"
            for at, column in enumerate(each.columns)
        )
        more = f"{keys}, CASE WHEN b.here AND l.here THEN array_remove(ARRAY[{changed}], NULL) END AS changed"
    return (
        f"FROM (SELECT g.who, b.here AS b, l.here AS l{more}\n"  # noqa: S608
        f"FROM {_side(each, TEMPORARY[0], sights[0], named=named)} AS b\n"
        f"FULL JOIN {_side(each, TEMPORARY[1], sights[1], named=named)} AS l ON {_same(each)}\n"
        "CROSS JOIN LATERAL (SELECT DISTINCT v.who FROM (VALUES (b.who, b.here), (l.who, l.here)) AS v (who, here) "
        "WHERE v.here) AS g\n"
        "WHERE (b.asked OR l.asked) AND (b.here IS NULL OR l.here IS NULL "
        "OR b.image OPERATOR(pg_catalog.*<>) l.image)) AS d"
    )


def _side(each: Subject, table: str, sight: Sight, *, named: bool) -> str:
    row = quoted(each.name)
    parts = [
        f"ROW({row}.*) AS image",
        "true AS here",
        f"({sight.group})::text AS who",
        f"({sight.where}) IS TRUE AS asked",
    ]
    if each.key:
        parts += [f"{row}.{quoted(column)} AS k{at}" for at, (column, _) in enumerate(each.key)]
    else:
        parts.append(f"row_number() OVER (PARTITION BY ROW({row}.*)::text) AS n")
    if named:
        parts += [f"{row}.{quoted(column)} AS c{at}" for at, column in enumerate(each.columns)]
    return f"(SELECT {', '.join(parts)} FROM pg_temp.{table} AS {row}{sight.beside})"  # noqa: S608


def _same(each: Subject) -> str:
    if each.key:
        return " AND ".join(f"b.k{at} {operator} l.k{at}" for at, (_, operator) in enumerate(each.key))
    return "b.image OPERATOR(pg_catalog.*=) l.image AND b.n = l.n"


def _literal(text: str) -> str:
    return quote_literal(quoted(text))
