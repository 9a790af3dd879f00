"""A step's transaction: its timeouts, its identity that survives a crash, and its fate.

The exactly-once order (tried on 15 and 18): BEGIN, take the xid, leave a note of it in the WAL through a *second*
connection, let the caller make its intent durable, send the statements, judge the expectations, COMMIT. A server that
crashes before any record of the xid is on its disk forgets it and hands it to somebody else, whose COMMIT would then
be taken for ours; so no intent is written before the note is durable (docs/guarantees.md tells the experiment).
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any, Literal

from runner.errors import StepFailedError
from runner.postgres.identity import identify
from runner.sql.quoting import quote_literal

if TYPE_CHECKING:
    from psycopg import Connection


@dataclasses.dataclass(frozen=True, slots=True)
class Xid:
    """A transaction's identity, as it must be stored before its effect."""

    xid: str
    system_identifier: str
    timeline: int


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """What one statement did."""

    rows: int
    """Rows affected or returned; 0 for utility commands."""
    columns: tuple[str, ...] = ()
    first: tuple[Any, ...] | None = None
    """The first row of a statement that returns rows."""


@dataclasses.dataclass(frozen=True, slots=True)
class TableDelta:
    """Rows of one table that a transaction changed, cascades and triggers included."""

    table: str
    inserted: int
    updated: int
    deleted: int


Fate = Literal["committed", "aborted", "in progress", "unknown"]

_PATIENCE = 10.0
"""Seconds to wait for a transaction that is still in progress."""
_BEGIN = """
BEGIN READ WRITE;
SELECT set_config('lock_timeout', {lock}, true)::interval = {lock}::interval
   AND set_config('statement_timeout', {statement}, true)::interval = {statement}::interval,
       pg_current_xact_id()::text, {system},
       ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int, {first}"""
_SYSTEM = "(SELECT system_identifier::text FROM pg_control_system())"
_COMMIT = """
SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';
COMMIT"""
_NOTE = """
SELECT pg_backend_pid(), set_config('synchronous_commit', 'on', false), pg_logical_emit_message(true, 'shisa', {})"""
_DELTAS = """
SELECT relid::regclass::text, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables
 WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"""


class Transaction:
    """One read-write transaction on a connection that nothing else uses."""

    def __init__(
        self, connection: Connection[Any], *, lock_timeout: str, statement_timeout: str, counting: bool = True
    ) -> None:
        """``counting`` makes ``changes`` possible, which reads the counters of every table."""
        self._connection = connection
        self._timeouts = (lock_timeout, statement_timeout)
        self._counting = counting
        self._baseline: dict[str, TableDelta] = {}

    def begin(self) -> Xid:
        """Open the transaction, set and check its timeouts, and take its xid.

        Raises psycopg.Error, and StepFailedError when the server shows other timeouts than were set.
        """
        from runner.postgres.kept import Kept

        kept = self._connection if isinstance(self._connection, Kept) else None
        lock, statement = map(quote_literal, self._timeouts)
        text = _BEGIN.format(
            lock=lock,
            statement=statement,
            system=_SYSTEM if kept is None or not kept.system_identifier else quote_literal(kept.system_identifier),
            first=(kept and kept.first_words()) or "NULL",
        )
        cursor = self._connection.execute(text.encode())
        while cursor.nextset():
            pass
        shown = cursor.fetchone()
        if shown is None or not shown[0]:
            raise StepFailedError("the server does not show the timeouts that were set")
        xid = Xid(*shown[1:4])
        if kept is not None:
            kept.system_identifier = xid.system_identifier
        if self._counting:
            self._baseline = {delta.table: delta for delta in self._deltas()}
        return xid

    def send(self, statement: str) -> Result:
        """Send one statement as it stands, without parameters."""
        cursor = self._connection.execute(statement.encode())
        if cursor.description is None:
            return Result(max(cursor.rowcount, 0))
        columns = tuple(column.name for column in cursor.description)
        return Result(max(cursor.rowcount, 0), columns, cursor.fetchone())

    def changes(self) -> tuple[TableDelta, ...]:
        """Tell what this transaction changed, table by table (the view also carries earlier counts: a difference)."""
        zero = TableDelta("", 0, 0, 0)
        out = []
        for now in self._deltas():
            was = self._baseline.get(now.table, zero)
            delta = TableDelta(
                now.table, now.inserted - was.inserted, now.updated - was.updated, now.deleted - was.deleted
            )
            if delta.inserted or delta.updated or delta.deleted:
                out.append(delta)
        return tuple(out)

    def only_look(self) -> None:
        """Let the rest of the transaction write nothing; PostgreSQL does not take that back."""
        self._connection.execute("SET TRANSACTION READ ONLY")

    def commit(self) -> None:
        """Commit durably, whatever the role's settings; where the answer is lost, only ``fate`` knows."""
        self._connection.execute(_COMMIT)

    def rollback(self) -> None:
        """Roll back; a dead connection has rolled back by itself."""
        if not self._connection.closed:
            self._connection.execute("ROLLBACK")

    def _deltas(self) -> list[TableDelta]:
        return [TableDelta(*row) for row in self._connection.execute(_DELTAS).fetchall()]


def leave_note(connection: Connection[Any], run: str, step: str, xid: Xid) -> None:
    """Make ``xid`` survive a crash of the server: a durable WAL record written by another transaction.

    The connection must be in autocommit and not the one that runs the step. Raises TargetLostError where it is the one
    that shall hold the run's locks, and is gone.
    """
    from psycopg import OperationalError

    from runner.postgres.kept import Held

    try:
        row = connection.execute(_NOTE.format(quote_literal(f"{run} {step} xid {xid.xid}")).encode()).fetchone()
    except OperationalError:
        if isinstance(connection, Held) and connection.broken:
            raise connection.lost() from None
        raise
    if isinstance(connection, Held) and row is not None:
        connection.is_answered_by(row[0])


def fate(connection: Connection[Any], xid: Xid) -> tuple[Fate, str]:
    """Tell what became of a transaction, and why.

    The answer is ``unknown`` when the server is another one, or has another timeline, or does not know the xid.
    """
    import psycopg

    try:
        now = identify(connection)
    except psycopg.Error as error:
        return "unknown", f"the target does not say which it is: {error.diag.message_primary or type(error).__name__}"
    if now.system_identifier != xid.system_identifier:
        return "unknown", "the target is another cluster now"
    if now.timeline != xid.timeline:
        return "unknown", f"the target's timeline was {xid.timeline} and is {now.timeline} now"
    try:
        status = connection.execute("SELECT pg_xact_status(%s::text::xid8)", (xid.xid,)).fetchone()
    except psycopg.Error as error:
        return "unknown", f"the server does not know transaction {xid.xid}: {error.diag.message_primary}"
    if status is None or status[0] is None:
        return "unknown", f"the server has forgotten transaction {xid.xid}"
    return status[0], f"the server reports transaction {xid.xid} as {status[0]}"


def settled_fate(connection: Connection[Any], xid: Xid) -> tuple[Fate, str]:
    """Tell what became of a transaction, and wait for one in progress: a server notices that its client is gone."""
    begun = time.monotonic()
    while True:
        verdict, why = fate(connection, xid)
        if verdict != "in progress" or time.monotonic() - begun > _PATIENCE:
            return verdict, why
        time.sleep(0.1)
