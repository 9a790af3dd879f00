"""A second session beside the one that looks: it sees the same snapshot, and may fill temporary tables of its own."""

from __future__ import annotations

import contextlib
import re
import select
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from checks.base import CannotAskError
from runner.errors import ConnectError
from runner.postgres.connect import connect
from runner.postgres.diff_window import Block
from runner.postgres.readonly import Shared

if TYPE_CHECKING:
    import psycopg
    from psycopg import Connection

READABLE = {
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "extra_float_digits": "3",
    "xmloption": "content",
    "array_nulls": "on",
}
"""As pg_dump writes: what is written under these settings means the same value when it is read under them."""
_SETTINGS = {
    **READABLE,
    "client_encoding": "UTF8",
    "search_path": "pg_catalog",
    "default_transaction_read_only": "off",
    "synchronize_seqscans": "off",
    "row_security": "off",
    "lock_timeout": "2s",
    "jit": "off",
}
"""As pg_dump sets them too, so that an unchanged row has the same text; whatever differs is compared typed."""
_BLOCK = 1 << 18
_COLUMN = re.compile(r"^COPY \w+, line \d+, column ([^:]*)")
_MEANINGS = {
    "42501": "this role may not look: {message}",
    "57014": "it took longer than its limit or was cancelled",
    "55P03": "it had to wait for a lock: {message}",
    "53100": "the server has no space for its temporary tables: {message}",
}


class BesideSession:
    """A connection of its own, in whose transactions the snapshot of another session is seen, all of them READ ONLY.

    Every method raises CannotAskError, and never shows a value out of a row.
    """

    def __init__(self, connection: Connection[Any], shared: Shared, deadline: float) -> None:
        self._connection = connection
        self._shared = shared
        self._deadline = deadline

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Look at the shared snapshot; temporary tables may be filled, and are empty again at the end."""
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            self.run(f"SET TRANSACTION SNAPSHOT '{self._shared.snapshot}'")
            yield
        finally:
            with contextlib.suppress(CannotAskError):
                self.run("ROLLBACK")

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and fetch its rows, if it has any."""
        with self._asking():
            cursor = self._connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def search_path(self, path: str) -> None:
        """Look names up as the session beside does, or in ``pg_catalog`` alone."""
        with self._asking():
            self._connection.execute("SELECT set_config('search_path', %s, false)", (path,))

    def copy_out(self, statement: str) -> Iterator[Block]:
        """Yield the lines of a COPY TO STDOUT, about 256 KiB at a time.

        psycopg's own reading costs several times what libpq takes for a row, and a table has millions of them.
        """
        import psycopg
        from psycopg import pq

        libpq = self._connection.pgconn
        with self._asking():
            begun = libpq.exec_(statement.encode())
            if begun.status != pq.ExecStatus.COPY_OUT:
                raise psycopg.errors.error_from_result(begun)
        size, lines = 0, list[bytes]()
        read = libpq.get_copy_data
        while True:
            with self._asking():
                while (got := read(1))[0] > 0:
                    lines.append(bytes(got[1]))
                    size += got[0]
                    if size >= _BLOCK:
                        break
            if got[0] > 0:
                self.require_time()
                yield Block(size, lines)
                size, lines = 0, []
            elif got[0] == 0:
                self.require_time()
                with self._asking():
                    select.select([libpq.socket], [], [], 1)
                    libpq.consume_input()
            else:
                break
        with self._asking():
            while (ended := libpq.get_result()) is not None:
                if ended.status != pq.ExecStatus.COMMAND_OK:
                    raise psycopg.errors.error_from_result(ended)
        if lines:
            yield Block(size, lines)

    def copy_in(self, statement: str, blocks: Iterable[bytes]) -> None:
        """Send the data of a COPY FROM STDIN."""
        with self._asking(), self._connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for block in blocks:
                self.require_time()
                copy.write(block)

    def require_time(self) -> None:
        """Raise CannotAskError where the limit is over."""
        if time.monotonic() > self._deadline:
            raise CannotAskError(_MEANINGS["57014"])

    def require_alive(self) -> None:
        """Raise CannotAskError where the connection is gone, or is left inside a COPY."""
        from psycopg import pq

        if self._connection.closed or self._connection.info.transaction_status == pq.TransactionStatus.ACTIVE:
            raise CannotAskError("the connection to the target is lost")

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise CannotAskError(reason_of(error), sqlstate=error.sqlstate) from error


@contextlib.contextmanager
def beside(shared: Shared, *, deadline: float) -> Iterator[BesideSession]:
    """Connect to the same database as the same role; ``deadline`` is on the clock ``time.monotonic``."""
    import psycopg

    left = max(1, round((deadline - time.monotonic()) * 1000))
    try:
        connection = connect(shared.conninfo, application_name=shared.application_name)
    except ConnectError as error:
        raise CannotAskError(f"a second connection is needed and could not be made: {error.message}") from None
    with contextlib.closing(connection):
        session = BesideSession(connection, shared, deadline)
        try:
            row = connection.execute("SELECT pg_backend_pid()").fetchone()
            if row != (connection.info.backend_pid,):  # its settings would stay behind with somebody else's session
                raise CannotAskError("a second session is needed, and this connection leads through a pooler")
            settings = {**_SETTINGS, "statement_timeout": f"{left}ms", "role": shared.role}
            for name, value in settings.items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        except psycopg.Error as error:
            raise CannotAskError(reason_of(error), sqlstate=error.sqlstate) from error
        yield session


def reason_of(error: psycopg.Error) -> str:
    """Say what went wrong without the value that PostgreSQL's own message may quote."""
    message = error.diag.message_primary or "the connection is lost"
    state = error.sqlstate or ""
    if meaning := _MEANINGS.get(state):
        return meaning.format(message=message)
    if state[:2] in {"22", "23"}:
        column = _COLUMN.match(error.diag.context or "")
        where = f"column {column[1]}" if column else "a row"
        return f"{where} of the backup does not fit the live column: {type(error).__name__}, SQLSTATE {state}"
    return f"{message} (SQLSTATE {state})" if state else f"the connection failed: {message}"
