"""Raise sequences above every id in use, while other sessions go on inserting.

Read-then-set loses against a concurrent ``nextval``: of four writers on a healthy sequence all four ended in 23505.
So the tables that draw from the sequence are locked SHARE ROW EXCLUSIVE first: an insert that has drawn has ended
and is seen, the next one waits and draws after us. A sequence that is not behind is left alone; a sequence that is
behind goes to the highest id in use plus a margin, for ids that a session drew by hand and has not inserted yet.
"""

from __future__ import annotations

import dataclasses
import random
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from checks.facts.drawers import BodyRow, ColumnRow, Drawer, SequenceRow, graph
from checks.facts.extremes import why_not
from checks.sequence_drift import SequenceDrift
from runner.errors import StepFailedError

if TYPE_CHECKING:
    from psycopg import Connection

_Row = TypeVar("_Row", SequenceRow, ColumnRow, BodyRow)
MARGIN = 1000
"""Ids that are left free for sessions which have drawn and not inserted yet, where nobody says how many."""
_ATTEMPTS = 10
_RETRIED = {"55P03", "40P01"}  # lock_not_available, deadlock_detected
_SET = "SELECT set_config('lock_timeout', %s, true), set_config('search_path', 'pg_catalog', true)"
_KNOWN = """
SELECT s.seqrelid::int8 AS oid, format('%%I.%%I', n.nspname, c.relname) AS name, s.seqincrement AS increment,
       s.seqmin AS low, s.seqmax AS high, s.seqcache AS cache
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest(%s::text[], %s::text[])) OR n.nspname = ANY (%s)
 ORDER BY s.seqrelid"""


@dataclasses.dataclass(frozen=True, slots=True)
class Raised:
    """What became of one sequence; equal numbers mean that it was not behind and was left alone."""

    sequence: str
    was_next: int
    is_next: int
    furthest: int | None
    """The highest id in use (the lowest, for a descending sequence); None where there are no rows."""
    cache: int

    def as_json(self) -> dict[str, Any]:
        """Give the figures as the journal keeps them."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    oid: int
    name: str
    increment: int
    low: int
    high: int
    cache: int


def raise_sequences(
    connection: Connection[Any],
    names: Sequence[tuple[str, str]] = (),
    schemas: Sequence[str] = (),
    *,
    margin: int,
    lock_timeout: str,
) -> list[Raised]:
    """Raise the named sequences, and all of the named schemas, where they are behind.

    Raises StepFailedError where a sequence is missing, an id cannot be compared or there is no room to raise, and
    psycopg.Error where the locks were not to be had in ten attempts.
    """
    import psycopg

    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with connection.transaction():
                # a snapshot taken before the locks would not see what they made us wait for
                connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                connection.execute(_SET, (lock_timeout,))
                return _raise_once(connection, names, schemas, margin)
        except psycopg.Error as error:
            if error.sqlstate not in _RETRIED or attempt == _ATTEMPTS:
                raise
            time.sleep(random.uniform(0.05, 0.2) * attempt)  # noqa: S311 - jitter
    raise AssertionError


def raise_in_transaction(connection: Connection[Any], schemas: Sequence[str]) -> list[Raised]:
    """Raise the sequences of schemas that this transaction has made, where they are behind: nobody else draws yet.

    Raises like ``raise_sequences``; the caller's transaction decides.
    """
    if not connection.execute(_KNOWN, ([], [], list(schemas))).fetchone():
        return []
    return _raise_once(connection, (), schemas, 0)


def _raise_once(
    connection: Connection[Any], names: Sequence[tuple[str, str]], schemas: Sequence[str], margin: int
) -> list[Raised]:
    arguments = ([schema for schema, _ in names], [name for _, name in names], list(schemas))
    known = [_Known(*row) for row in connection.execute(_KNOWN, arguments).fetchall()]
    if len(known) < len(set(names)):
        message = f"{len(set(names)) - len(known)} of the sequences to raise are not on the target"
        raise StepFailedError(message, hint="look at the names: " + ", ".join(".".join(pair) for pair in names))
    if not known:
        message = "no sequence is in the scope to raise"
        raise StepFailedError(message, hint="look at the schemas: " + ", ".join(schemas))
    drawers = _lock(connection, known)
    return [_raise_one(connection, sequence, drawers.get(sequence.oid, []), margin) for sequence in known]


def _lock(connection: Connection[Any], known: Sequence[_Known]) -> dict[int, list[tuple[str, str]]]:
    """Lock every table that draws, until looking again finds no other; the columns by sequence."""
    locked: set[str] = set()
    while True:
        found = _drawers(connection)
        drawers = {sequence.oid: _columns(sequence, found.get(sequence.oid, ())) for sequence in known}
        missing = {table for columns in drawers.values() for table, _ in columns} - locked
        if not missing:
            return drawers
        tables = ", ".join(f"ONLY {table}" for table in sorted(missing))
        connection.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE".encode())
        locked |= missing


def _columns(sequence: _Known, drawers: Sequence[Drawer]) -> list[tuple[str, str]]:
    """Give the columns whose ids count; a column that another sequence fills by default does not."""
    found = []
    for drawer in drawers:
        if drawer.elsewhere:
            continue
        why = why_not(drawer, sys.maxsize)
        if why or drawer.table is None or drawer.column is None:
            raise StepFailedError(
                f"{drawer.label} draws from {sequence.name} but its ids cannot be compared: {why}",
                hint="raise this sequence by hand, or let the role read the column",
            )
        found.append((drawer.table, drawer.column))
    return found


def _drawers(connection: Connection[Any]) -> Mapping[int, tuple[Drawer, ...]]:
    from psycopg.rows import class_row

    def rows(name: str, into: type[_Row]) -> list[_Row]:
        with connection.cursor(row_factory=class_row(into)) as cursor:
            return cursor.execute(SequenceDrift.queries[name].encode()).fetchall()

    return graph(rows("sequences", SequenceRow), rows("drawers", ColumnRow), rows("bodies", BodyRow)).drawers


def _raise_one(
    connection: Connection[Any], sequence: _Known, columns: Sequence[tuple[str, str]], margin: int
) -> Raised:
    up = sequence.increment > 0
    furthest = _furthest(connection, columns, up=up)
    was = _next(connection, sequence)
    behind = furthest is not None and (furthest >= was if up else furthest <= was)
    if not behind or furthest is None:
        return Raised(sequence.name, was, was, furthest, sequence.cache)
    goal = furthest + margin if up else furthest - margin
    if not sequence.low <= goal <= sequence.high:
        message = f"{sequence.name} would have to go to {goal}, beyond its bounds {sequence.low} to {sequence.high}"
        raise StepFailedError(message, hint="a smaller margin, or a sequence of a larger type")
    connection.execute("SELECT setval(%s::regclass, %s)", (sequence.name, goal))
    now = _next(connection, sequence)
    if not (now > furthest if up else now < furthest):
        message = f"{sequence.name} was raised but would still give {now}"
        raise StepFailedError(message, hint="somebody else sets this sequence; find out who")
    return Raised(sequence.name, was, now, furthest, sequence.cache)


def _next(connection: Connection[Any], sequence: _Known) -> int:
    row = connection.execute(
        f"SELECT last_value, is_called FROM {sequence.name}".encode()  # noqa: S608 - quoted by the catalogue
    ).fetchone()
    if row is None:
        message = f"{sequence.name} does not tell where it stands"
        raise StepFailedError(message)
    return int(row[0]) + (sequence.increment if row[1] else 0)


def _furthest(connection: Connection[Any], columns: Sequence[tuple[str, str]], *, up: bool) -> int | None:
    best: int | None = None
    function = "max" if up else "min"
    for table, column in columns:
        row = connection.execute(
            f"SELECT {function}({column}) FROM ONLY {table}".encode()  # noqa: S608 - quoted by the catalogue
        ).fetchone()
        value = None if row is None or row[0] is None else int(row[0])
        if value is not None and (best is None or (value > best if up else value < best)):
            best = value
    return best
