"""Sessions of runs on a server: who is still there, what they hold, and their end."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.errors import ConnectError

if TYPE_CHECKING:
    from psycopg import Connection

_SESSIONS = """
SELECT a.pid, a.application_name, a.usename::text AS role, host(a.client_addr) AS address, a.state,
       to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since,
       to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS transaction_since,
       ARRAY(SELECT DISTINCT l.relation::regclass::text || ' ' || replace(l.mode, 'Lock', '') FROM pg_locks l
              WHERE l.pid = a.pid AND l.granted AND l.locktype = 'relation' AND l.database = a.datid
                AND l.mode <> 'AccessShareLock' ORDER BY 1 LIMIT 20) AS locks
  FROM pg_stat_activity a
 WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
   AND left(a.application_name, length(%(prefix)s)) = %(prefix)s
 ORDER BY a.backend_start, a.pid"""
_ONE = "FROM pg_stat_activity WHERE pid = %s AND application_name = %s"
_CANCEL = f"SELECT pg_cancel_backend(pid) {_ONE} AND state = 'active'"
_ACTIVE = f"SELECT 1 {_ONE} AND state = 'active'"
_TERMINATE = f"SELECT pg_terminate_backend(pid, 10000) {_ONE}"
_THERE = f"SELECT 1 {_ONE}"
_PATIENCE = 2.0
"""Seconds between the cancel request and the end of the session."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ghost:
    """A session of a run; what this role may not see of it is None."""

    pid: int
    application_name: str
    role: str | None
    address: str | None
    state: str | None
    since: str | None
    transaction_since: str | None
    locks: list[str]
    """Relations it has locked more than for reading, each with the mode; at most 20."""

    @property
    def holds_the_run(self) -> bool:
        """Whether this is the session by which a program keeps the target for its run."""
        return self.application_name.endswith(" lock")


def sessions_of(connection: Connection[Any], prefix: str = "shisa/") -> tuple[Ghost, ...]:
    """List other sessions in this database whose name begins so, the oldest first. Raises ConnectError."""
    import psycopg
    from psycopg.rows import class_row

    try:
        return tuple(connection.cursor(row_factory=class_row(Ghost)).execute(_SESSIONS, {"prefix": prefix}))
    except psycopg.Error as error:
        message = f"the target does not tell who is connected: {error.diag.message_primary or error}"
        raise ConnectError(message) from None


def end_sessions(connection: Connection[Any], ghosts: Sequence[Ghost]) -> tuple[tuple[Ghost, ...], str]:
    """End sessions: cancel what they run, look, terminate; gives those that are left, and why."""
    import psycopg

    why = "they did not end within ten seconds"
    try:
        for ghost in ghosts:
            connection.execute(_CANCEL, (ghost.pid, ghost.application_name))
        deadline = time.monotonic() + _PATIENCE
        while _any(connection, _ACTIVE, ghosts) and time.monotonic() < deadline:
            time.sleep(0.05)
        for ghost in ghosts:
            connection.execute(_TERMINATE, (ghost.pid, ghost.application_name))
    except psycopg.Error as error:
        why = error.diag.message_primary or str(error)
    try:
        return tuple(ghost for ghost in ghosts if _any(connection, _THERE, [ghost])), why
    except psycopg.Error:  # nobody can tell who is left
        return tuple(ghosts), why


def _any(connection: Connection[Any], query: str, ghosts: Sequence[Ghost]) -> bool:
    return any(connection.execute(query, (ghost.pid, ghost.application_name)).fetchone() for ghost in ghosts)
