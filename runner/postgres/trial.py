"""Run statements that write rows, count what they changed, and roll it all back: on a connection of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from checks.base import CannotAskError, Touched, Trial
from checks.duration import format_duration
from runner.errors import ConnectError
from runner.postgres.connect import connect
from runner.sql.classify import classify
from runner.sql.errors import SqlError
from runner.sql.grammar import parse

if TYPE_CHECKING:
    from psycopg import Connection

    from runner.postgres.readonly import ReadOnlySession, Shared

_COMMANDS = {"INSERT", "UPDATE", "DELETE", "MERGE", "SELECT"}
_COUNTS = """
SELECT pg_catalog.format('%I.%I', schemaname, relname), n_tup_ins, n_tup_upd, n_tup_del
FROM pg_catalog.pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY 1"""
_MEANINGS = {
    "42501": "the role may not do it: {message}",
    "57014": "it took longer than {limit}, or was cancelled",
    "55P03": "it had to wait for a lock: {message}",
}
_AS_A_STEP = "SELECT pg_catalog.current_setting('session_replication_role')"

_Counts = dict[str, tuple[int, int, int]]


def try_out(
    session: ReadOnlySession, texts: Sequence[str], *, trusted: frozenset[str], limit: timedelta
) -> tuple[Trial, ...]:
    """Run the texts one behind the other in one transaction that is rolled back, and count after each.

    ``trusted`` are functions that do nothing but what a rollback takes back. What a rollback would not take back is
    refused before anything is sent. Raises CannotAskError.
    """
    harmless = frozenset(session.harmless) | trusted
    statements = [_statements(text, harmless) for text in texts]
    with _connected(session.share(), limit) as connection, _asking(limit):
        return tuple(_tried(connection, number, each) for number, each in enumerate(statements, start=1))


def _statements(text: str, harmless: frozenset[str]) -> list[str]:
    """Take a text apart. Raises CannotAskError for what must not be tried."""
    try:
        parsed = parse(text)
    except SqlError as error:
        raise CannotAskError(f"a statement cannot be read: {error.message}") from None
    for each in parsed:
        seen = classify(each, harmless=harmless)
        if seen.survives_rollback or seen.opaque:
            why = "; ".join((*seen.survival, *(f"{name} can do anything" for name in seen.opaque)))
            raise CannotAskError(f"a rollback may not take it back: {why}")
        if seen.command not in _COMMANDS or seen.creates:
            raise CannotAskError(f"{seen.command} is not tried out, only INSERT, UPDATE, DELETE and MERGE are")
    return [each.text for each in parsed]


@contextlib.contextmanager
def _connected(shared: Shared, limit: timedelta) -> Iterator[Connection[Any]]:
    """Begin a transaction as the same role, bounded in time, and roll it back; its settings end with it."""
    if shared.standby:
        raise CannotAskError("it is a standby, where nothing can be written")
    settings = {
        "statement_timeout": format_duration(limit),
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": format_duration(limit),
        "search_path": shared.search_path,
        "jit": "off",
        "role": shared.role,
    }
    try:
        opened = connect(shared.conninfo, application_name=shared.application_name)
    except ConnectError as error:
        raise CannotAskError(f"a second connection is needed and could not be made: {error.message}") from None
    with contextlib.closing(opened) as connection, _asking(limit):
        connection.execute("BEGIN READ WRITE")
        try:
            for name, value in settings.items():
                connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
            row = connection.execute(_AS_A_STEP).fetchone()
            if row is None or row[0] != "origin":
                told = "unknown" if row is None else row[0]
                raise CannotAskError(f"session_replication_role is {told}, and a step's triggers would not fire")
            yield connection
        finally:
            if not connection.closed:
                connection.execute("ROLLBACK")


def _tried(connection: Connection[Any], number: int, statements: Sequence[str]) -> Trial:
    before, rows = _counts(connection), 0
    for statement in statements:
        rows += max(0, connection.execute(statement.encode(), prepare=False).rowcount)
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    found = [
        Touched(table, *(now - was for now, was in zip(counts, before.get(table, (0, 0, 0)), strict=True)))
        for table, counts in _counts(connection).items()
    ]
    return Trial(number, rows, tuple(each for each in found if each.rows))


def _counts(connection: Connection[Any]) -> _Counts:
    """What this transaction has written so far, with what is left in the session from before: only a delta counts."""
    return {table: (inserted, updated, deleted) for table, inserted, updated, deleted in connection.execute(_COUNTS)}


@contextlib.contextmanager
def _asking(limit: timedelta) -> Iterator[None]:
    """Say why a trial failed, without a value that the server's message may quote."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        message, state = error.diag.message_primary or "the connection is lost", error.sqlstate or ""
        if state.startswith("22"):
            message = type(error).__name__
        told = _MEANINGS.get(state, "it fails: {message}" + (f" (SQLSTATE {state})" if state else ""))
        reason = told.format(message=message, limit=format_duration(limit))
        raise CannotAskError(reason, sqlstate=error.sqlstate) from error
