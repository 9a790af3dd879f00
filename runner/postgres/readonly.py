"""Look at a target without being able to change it: one snapshot, one statement at a time, bounded in time."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from checks.base import CannotAskError, SessionFacts
from checks.duration import format_duration

if TYPE_CHECKING:
    import psycopg
    from psycopg import Connection

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_SET = """
SELECT set_config('statement_timeout', %(statement)s, true), set_config('lock_timeout', %(lock)s, true),
       set_config('row_security', 'off', true), set_config('jit', 'off', true), current_setting('search_path')"""
_SHOW = """
SELECT current_setting('statement_timeout')::interval = %(statement)s::interval
   AND current_setting('lock_timeout')::interval = %(lock)s::interval
   AND current_setting('row_security') = 'off' AND current_setting('transaction_read_only') = 'on'"""
_SEARCH = "SELECT set_config('search_path', %s, true)"
_CATALOGUE = "pg_catalog"
_REMEMBER = "SAVEPOINT looking"
_FORGET = "ROLLBACK TO SAVEPOINT looking"
_RELEASE = "RELEASE SAVEPOINT looking"
_SHARE = "SELECT pg_export_snapshot(), current_user::text, pg_is_in_recovery()"
_WATCH = "SELECT pg_backend_pid(), current_setting('shisa.mark', true)"
_TRANSACTIONS = 5
_MEANINGS = {
    "42501": "this role may not look: {message}",
    "57014": "it took longer than the statement_timeout of {timeout} or was cancelled: {message}",
    "55P03": "it had to wait for a lock: {message}",
    "25006": "it would have written: {message}",
    "42883": "this server has no such function: {message}",
    "40001": "the snapshot was lost to a conflict: {message}",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """The result of one query."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@dataclasses.dataclass(frozen=True, slots=True)
class Shared:
    """How a second session comes to see the same snapshot."""

    snapshot: str
    role: str
    standby: bool
    search_path: str
    application_name: str
    conninfo: str = dataclasses.field(repr=False)
    """With the password."""


class ReadOnlySession:
    """A connection used for looking only; nothing else may use it meanwhile.

    Every query goes by the extended protocol (one statement, no more) in ``BEGIN READ ONLY`` with its own timeouts. A
    savepoint gives its locks back at once, for thousands of them would fill the server's lock table. With
    ``row_security = off`` a policy that would hide rows is an error and not a smaller number. There is no ``jit``:
    compiling a catalogue query takes seconds, running it milliseconds.
    """

    def __init__(
        self,
        connection: Connection[Any],
        *,
        statement_timeout: timedelta = timedelta(seconds=30),
        lock_timeout: timedelta = timedelta(seconds=2),
        harmless: AbstractSet[str] = frozenset(),
    ) -> None:
        """``harmless`` names this database's functions that only look (``functions: {harmless: …}``)."""
        self._connection = connection
        self._timeouts = {"statement": format_duration(statement_timeout), "lock": format_duration(lock_timeout)}
        self._harmless = harmless
        self._search_path = ""
        self._held = False

    @property
    def server_version(self) -> int:
        """``server_version_num`` of the server, as 180006. Raises CannotAskError where the connection is gone."""
        version = self._connection.info.server_version if not self._connection.closed else 0
        if not version:  # libpq's way of saying it
            raise CannotAskError("the connection to the target is lost")
        return version

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Hold one snapshot for all queries inside; it is rolled back at the end.

        Raises CannotAskError when the server does not show what was set.
        """
        with self._asking():
            self._connection.execute(_BEGIN)
        try:
            with self._asking():
                row = self._connection.execute(_SET, self._timeouts).fetchone()
                shown = self._connection.execute(_SHOW, self._timeouts).fetchone()
                self._search_path = "" if row is None else row[-1]
                self._connection.execute(_SEARCH, (_CATALOGUE,))
                self._connection.execute(_REMEMBER)
            if shown is None or not shown[0]:
                raise CannotAskError("the server does not show the timeouts and the read-only mode that were set")
            self._held = True
            yield
        finally:
            self._held = False
            self._end()

    @property
    def harmless(self) -> AbstractSet[str]:
        """This database's functions that only look."""
        return self._harmless

    @property
    def held(self) -> bool:
        """Whether a snapshot is held."""
        return self._held

    def share(self) -> Shared:
        """Export the snapshot that is held, for as long as it is held. Raises CannotAskError."""
        from psycopg.conninfo import make_conninfo

        self._require_snapshot()
        with self._asking():
            self._connection.execute(_RELEASE)  # a snapshot is not exported from within a savepoint
            row = self._connection.execute(_SHARE).fetchone()
            self._connection.execute(_REMEMBER)
        if row is None:
            raise CannotAskError("the snapshot could not be shared")
        snapshot, role, standby = row
        info = self._connection.info
        given = info.get_parameters()
        pinned = {"host": info.host, "port": str(info.port)} if "host" in given else {}
        secret = {"password": info.password} if info.password else {}
        conninfo = make_conninfo(info.dsn, **pinned, **secret)
        name = given.get("application_name", "shisa")
        return Shared(snapshot, role, standby, self._search_path, name, conninfo)

    def behaviour(self) -> SessionFacts:
        """Watch the connection over several transactions, outside any snapshot. Raises CannotAskError."""
        if self._held:
            raise CannotAskError("the connection was to be watched inside a snapshot, where it cannot change")
        mark = secrets.token_hex(8)
        with self._asking():
            self._connection.execute("SELECT set_config('shisa.mark', %s, false)", (mark,))
            try:
                seen = [self._connection.execute(_WATCH).fetchone() for _ in range(_TRANSACTIONS)]
            finally:
                self._connection.execute("RESET shisa.mark")
        found = [row for row in seen if row is not None]
        return SessionFacts(
            told_pid=self._connection.info.backend_pid or None,
            pids=tuple(pid for pid, _ in found),
            kept=all(kept == mark for _, kept in found),
        )

    def fetch(self, query: str) -> Table:
        """Run a query of the program's own, with ``search_path = pg_catalog``. Raises CannotAskError."""
        return self.fetch_all((query,))[0]

    def fetch_all(self, queries: Sequence[str]) -> list[Table]:
        """Run queries of the program's own one behind the other, without waiting for each. Raises CannotAskError."""
        self._require_snapshot()
        with self._asking(), self._connection.pipeline():
            cursors = [self._send(query) for query in queries]
            return [_table(cursor) for cursor in cursors]

    def fetch_foreign(self, query: str) -> Table:
        """Run a query that a person wrote, with the session's own search_path.

        Raises CannotAskError, also where the query is not proven to be read-only.
        """
        self._require_snapshot()
        refuse_unless_read_only(query, self._harmless)
        with self._asking():
            self._connection.execute(_SEARCH, (self._search_path,))  # until the savepoint is restored
            with self._connection.pipeline():
                return _table(self._send(query))

    def _send(self, query: str) -> psycopg.Cursor[Any]:
        """Send a query, and give its locks back right behind it: they would be held until the snapshot's end."""
        cursor = self._connection.execute(query.encode())
        self._connection.execute(_FORGET)
        return cursor

    def _require_snapshot(self) -> None:
        """Refuse to send anything outside ``snapshot``, where it would not be read-only."""
        if not self._held:
            raise CannotAskError("a query was about to be sent outside the read-only snapshot")

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            if self._held and not self._connection.closed:
                with contextlib.suppress(psycopg.Error):
                    self._connection.execute(_FORGET)  # so that a check may go on with its next question
            raise CannotAskError(self._reason(error), sqlstate=error.sqlstate) from error

    def _reason(self, error: psycopg.Error) -> str:
        message = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
        meaning = _MEANINGS.get(error.sqlstate or "")
        if meaning is not None:
            return meaning.format(message=message, timeout=self._timeouts["statement"])
        return f"{message} (SQLSTATE {error.sqlstate})" if error.sqlstate else f"the connection failed: {message}"

    def _end(self) -> None:
        import psycopg

        if not self._connection.closed:
            with contextlib.suppress(psycopg.Error):
                self._connection.execute("ROLLBACK")


def _table(cursor: psycopg.Cursor[Any]) -> Table:
    rows = cursor.fetchall()  # in a pipeline the description is known only then
    return Table(tuple(column.name for column in cursor.description or ()), rows)


def refuse_unless_read_only(query: str, harmless: AbstractSet[str]) -> None:
    """Raise CannotAskError unless a query that a person wrote is one statement that is proven to only look."""
    from runner.sql.classify import classify
    from runner.sql.errors import SqlError
    from runner.sql.grammar import parse

    try:
        statements = parse(query)
    except SqlError as error:
        raise CannotAskError(f"the query cannot be read: {error.message}") from None
    if len(statements) != 1:
        raise CannotAskError(f"a query is one statement, and here are {len(statements)}")
    seen = classify(statements[0], harmless=harmless)
    if not seen.read_only:
        why = "; ".join(seen.actions) or "it does more than look"
        raise CannotAskError(f"the query was not sent, because it is not proven to be read-only: {why}")
