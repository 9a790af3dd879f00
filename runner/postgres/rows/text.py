"""The SQL that pairs a backup's rows with the live ones and makes them what was asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from runner.postgres.rows.target import Reference, Table
from runner.sql.quoting import quote_identifier as quoted
from runner.sql.quoting import quote_literal

Mode = Literal["insert-missing", "overwrite", "replace"]

_DIFFERENT = "OPERATOR(pg_catalog.*<>)"
_ACTING = {"c", "n", "d"}
"""What a foreign key may do to the rows that point: cascade, set null, set default."""
_CHANGED = f"s.asked AND (l.at IS NULL OR s.image {_DIFFERENT} l.image)"
_OVERWRITES = "CASE WHEN l.at IS NULL THEN 'insert' WHEN l.asked THEN 'update' ELSE 'elsewhere' END"
_REPLACES = f"CASE WHEN s.at IS NULL THEN 'delete' WHEN s.asked IS NOT TRUE THEN 'elsewhere' ELSE {_OVERWRITES} END"
_DOES = {
    "insert-missing": ("'insert'", "s.asked AND l.at IS NULL"),
    "overwrite": (_OVERWRITES, _CHANGED),
    "replace": (_REPLACES, f"{_CHANGED} OR l.asked AND s.asked IS NOT TRUE"),
}
"""What becomes of a row (s in the backup, l today), and which rows something becomes of."""


def staging(table: Table) -> str:
    """Write the making of the staging table: the live columns' types, and none of their conditions."""
    each = table.each
    return f"CREATE TEMPORARY TABLE {table.staged} AS SELECT {each.listed} FROM {each.source} WITH NO DATA"  # noqa: S608


def filling(table: Table, encoding: str) -> str:
    """Write the COPY that fills the staging table."""
    return f"COPY {table.staged} ({table.each.listed}) FROM STDIN (ENCODING {quote_literal(encoding)})"


def without_one_key(table: Table) -> str:
    """Write the count of keys that several of the staged rows have, or that are NULL somewhere."""
    keys = ", ".join(quoted(column) for column, _ in table.each.key)
    null = " OR ".join(f"bool_or({quoted(column)} IS NULL)" for column, _ in table.each.key)
    return f"SELECT count(*) FROM (SELECT FROM {table.staged} GROUP BY {keys} HAVING count(*) > 1 OR {null}) AS d"  # noqa: S608


def locking(tables: Sequence[Table]) -> str:
    """Write the lock under which only these rows change; reading goes on."""
    return f"LOCK TABLE {', '.join(table.each.source for table in tables)} IN SHARE ROW EXCLUSIVE MODE"


def pairing(table: Table, mode: Mode, instead: Mapping[str, str]) -> str:
    """Write the table of all rows that differ and are meant, with what becomes of each.

    ``instead`` gives the staging tables to look into, for rows of the backup.
    """
    does, where = _DOES[mode]
    return (
        f"CREATE TEMPORARY TABLE {table.pairs} ON COMMIT DROP AS\n"
        f"SELECT {does} AS does, s.at AS staged, l.at AS live, l.part AS part\n"
        f"FROM ({_side(table, table.staged, *table.meant.written(instead))}) AS s\n"
        f"FULL JOIN ({_side(table, table.each.source, *table.meant.written({}))}) AS l ON {_same(table)}\n"
        f"WHERE {where}"
    )


def planned(table: Table) -> str:
    """Write the counts of what would become of the rows."""
    return f"SELECT does, count(*) FROM {table.pairs} GROUP BY does"  # noqa: S608


def always_differing(table: Table) -> str:
    """Write the count of updates that would have to give an identity column a value of its own."""
    columns = [column for column in table.each.columns if column in table.more.always]
    apart = f"{_row('s', columns)} {_DIFFERENT} {_row('l', columns)}"
    return f"SELECT count(*) {_both(table)} WHERE p.does = 'update' AND {apart}"


def drawn_along(table: Table, reference: Reference, does: Literal["delete", "update"]) -> str | None:
    """Write the count of rows elsewhere that a foreign key would change along; None where it changes none."""
    acts = reference.on_delete if does == "delete" else reference.on_update
    given = all(column in table.each.columns for column in reference.referenced)
    if acts not in _ACTING or (does == "update" and not given):
        return None
    pointing = " AND ".join(
        f"l.{quoted(there)} {operator} c.{quoted(here)}"
        for here, there, operator in zip(reference.columns, reference.referenced, reference.operators, strict=True)
    )
    source = reference.table if reference.partitioned else f"ONLY {reference.table}"
    if does == "delete":
        itself = f"SELECT FROM {table.pairs} AS d WHERE d.does = 'delete' AND d.live = c.ctid AND d.part = c.tableoid"
        return (
            f"SELECT count(*) FROM {table.pairs} AS p JOIN {table.each.source} AS l ON {_at_live('l')} "  # noqa: S608
            f"JOIN {source} AS c ON {pointing} WHERE p.does = 'delete' AND NOT EXISTS ({itself})"
        )
    moved = f"{_row('s', reference.referenced)} {_DIFFERENT} {_row('l', reference.referenced)}"
    return f"SELECT count(*) {_both(table)} JOIN {source} AS c ON {pointing} WHERE p.does = 'update' AND {moved}"


def deleting(table: Table) -> str:
    """Write the DELETE."""
    return (
        f"DELETE FROM {table.each.source} AS l USING {table.pairs} AS p "  # noqa: S608
        f"WHERE p.does = 'delete' AND {_at_live('l')}"
    )


def updating(table: Table) -> str:
    """Write the UPDATE: every column of the backup, except identity columns that take no value of their own."""
    columns = [column for column in table.each.columns if column not in table.more.always]
    given = ", ".join(f"{quoted(column)} = s.{quoted(column)}" for column in columns)
    return (
        f"UPDATE {table.each.source} AS l SET {given} FROM {table.pairs} AS p "  # noqa: S608
        f"JOIN {table.staged} AS s ON s.ctid = p.staged WHERE p.does = 'update' AND {_at_live('l')}"
    )


def inserting(table: Table) -> str:
    """Write the INSERT; identity columns take the backup's value."""
    given = ", ".join(f"s.{quoted(column)}" for column in table.each.columns)
    return (
        f"INSERT INTO {table.each.table} ({table.each.listed}) OVERRIDING SYSTEM VALUE SELECT {given} "  # noqa: S608
        f"FROM {table.pairs} AS p JOIN {table.staged} AS s ON s.ctid = p.staged WHERE p.does = 'insert'"
    )


def keeping(table: Table, does: Literal["insert", "update", "delete"]) -> str:
    """Write the COPY of what an undo needs: the live row as it is, or the key of one that is not there yet."""
    if does == "insert":
        what = ", ".join(f"s.{quoted(column)}" for column, _ in table.each.key)
        rows = f"SELECT {what} FROM {table.pairs} AS p JOIN {table.staged} AS s ON s.ctid = p.staged"  # noqa: S608
    else:
        what = ", ".join(f"l.{quoted(column)}" for column in kept_columns(table))
        rows = f"SELECT {what} FROM {table.pairs} AS p JOIN {table.each.source} AS l ON {_at_live('l')}"  # noqa: S608
    return f"COPY ({rows} WHERE p.does = '{does}') TO STDOUT (ENCODING 'UTF8')"


def kept_columns(table: Table) -> tuple[str, ...]:
    """Every column of a live row that can be written."""
    return (*table.each.columns, *table.each.added)


def switching(table: Table, *, on: bool) -> list[str]:
    """Write the statements that keep user triggers from firing, or let them fire as they did."""
    how = {"O": "ENABLE TRIGGER", "A": "ENABLE ALWAYS TRIGGER"}
    return [
        f"ALTER TABLE ONLY {where} {how[fires] if on else 'DISABLE TRIGGER'} {quoted(name)}"
        for where, name, fires in table.more.triggers
        if fires in how
    ]


def _side(table: Table, source: str, asked: str, beside: str) -> str:
    row = quoted(table.each.name)
    image = _row(row, table.each.columns)
    parts = [f"{row}.ctid AS at", f"{row}.tableoid AS part", f"{image} AS image", f"{asked} IS TRUE AS asked"]
    if table.each.key:
        parts += [f"{row}.{quoted(column)} AS k{at}" for at, (column, _) in enumerate(table.each.key)]
    else:
        parts.append(f"row_number() OVER (PARTITION BY {image}::text) AS n")
    return f"SELECT {', '.join(parts)} FROM {source} AS {row}{beside}"  # noqa: S608


def _same(table: Table) -> str:
    if table.each.key:
        return " AND ".join(f"s.k{at} {operator} l.k{at}" for at, (_, operator) in enumerate(table.each.key))
    return "s.image OPERATOR(pg_catalog.*=) l.image AND s.n = l.n"


def _both(table: Table) -> str:
    return (
        f"FROM {table.pairs} AS p JOIN {table.staged} AS s ON s.ctid = p.staged "
        f"JOIN {table.each.source} AS l ON {_at_live('l')}"
    )


def _at_live(alias: str) -> str:
    return f"{alias}.ctid = p.live AND {alias}.tableoid = p.part"


def _row(alias: str, columns: Sequence[str]) -> str:
    return f"ROW({', '.join(f'{alias}.{quoted(column)}' for column in columns)})::record"
