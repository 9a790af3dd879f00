"""What a backup is taken of: an exported snapshot with its place in the WAL, every sequence, and how far pg_dump is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

_PATIENT = """
SELECT set_config(name, '0', false) FROM pg_settings
 WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')"""
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WHERE = """
SELECT pg_export_snapshot(), pg_is_in_recovery(),
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text"""
_SEQUENCES = """
SELECT format('%I.%I', n.nspname, c.relname), s.seqincrement
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relpersistence <> 't' AND has_table_privilege(c.oid, 'SELECT')
 ORDER BY 1"""
_TABLES = """
SELECT n.nspname || '.' || c.relname, greatest(c.reltuples, 0)::int8
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND (cardinality(%(schemas)s::text[]) = 0 OR n.nspname = ANY (%(schemas)s))
   AND (cardinality(%(names)s::text[]) = 0 OR (n.nspname, c.relname) IN
        (SELECT * FROM unnest(%(within)s::text[], %(names)s::text[])))"""
_COPYING = """
SELECT p.relid::regclass::text, p.tuples_processed, p.bytes_processed
  FROM pg_stat_clear_snapshot(), pg_stat_progress_copy p JOIN pg_stat_activity a USING (pid)
 WHERE a.application_name = %s"""
_CHUNK = 50


@dataclasses.dataclass(frozen=True, slots=True)
class SequenceState:
    """Where a sequence stood when the snapshot was taken, or a moment later: sequences know no snapshot."""

    name: str
    last_value: int
    is_called: bool
    increment: int

    @property
    def following(self) -> int:
        """The number that it would have given next."""
        return self.last_value + (self.increment if self.is_called else 0)


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """The moment that a backup holds."""

    id: str
    lsn: str
    standby: bool
    sequences: tuple[SequenceState, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Copying:
    """A table whose rows are on their way."""

    table: str
    rows: int
    size_bytes: int


def export_snapshot(connection: Connection[Any]) -> Snapshot:
    """Open a transaction and export its snapshot, which lives as long as the transaction; no timeout ends it.

    Raises psycopg.Error.
    """
    connection.execute(_PATIENT)
    connection.execute(_BEGIN)
    row = connection.execute(_WHERE).fetchone()
    if row is None:
        raise AssertionError
    snapshot, standby, lsn = row
    return Snapshot(snapshot, lsn, standby, tuple(_sequences(connection)))


def tables_to_dump(
    connection: Connection[Any], schemas: Sequence[str], tables: Sequence[tuple[str, str]]
) -> dict[str, int]:
    """Estimate the rows of each table that will be dumped, by the name that pg_dump calls it in its messages."""
    within, names = [schema for schema, _ in tables], [name for _, name in tables]
    asked = {"schemas": list(schemas), "within": within, "names": names}
    return dict(connection.execute(_TABLES, asked).fetchall())


def copying(connection: Connection[Any], application_name: str) -> list[Copying]:
    """Tell which tables a program's backends copy right now, and how far they are."""
    return [Copying(*row) for row in connection.execute(_COPYING, (application_name,)).fetchall()]


def _sequences(connection: Connection[Any]) -> list[SequenceState]:
    """Read each sequence itself: the view shows neither ``is_called`` nor a value that was set but never drawn."""
    increments = dict(connection.execute(_SEQUENCES).fetchall())
    names = list(increments)
    found: list[SequenceState] = []
    for at in range(0, len(names), _CHUNK):
        part = names[at : at + _CHUNK]
        query = " UNION ALL ".join(
            f"SELECT %s::text, last_value, is_called FROM {name.replace('%', '%%')}"  # noqa: S608 - quoted by format
            for name in part
        )
        rows = connection.execute(query.encode(), part).fetchall()
        found += [SequenceState(name, last_value, called, increments[name]) for name, last_value, called in rows]
    return found
