"""Advisory locks of runs on a database: held by a session, seen by everybody, gone when the session ends.

A lock is the whole database (``WHOLE``) or a key that runbooks name. Who takes a key shares the whole, so that it goes
together with other keys and never with a run that wants the database for itself.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from runner.errors import ConnectError

if TYPE_CHECKING:
    from psycopg import Connection

WHOLE = ""
"""The key that stands for the whole database."""
_TRIES = 3
"""How often a lock is tried that nobody holds any more when one looks who does."""

_CLASS = int.from_bytes(b"shsa", "big")
_SESSION = "SELECT pg_backend_pid()"
_OWNED = f"""
SELECT objid::int8, mode FROM pg_locks
 WHERE locktype = 'advisory' AND classid::int8 = {_CLASS} AND objsubid = 2 AND granted
   AND pid = pg_backend_pid()"""  # noqa: S608 - a number of ours
_HOLDERS = """
SELECT l.pid, coalesce(a.application_name, '') AS application_name, a.usename::text AS role,
       host(a.client_addr) AS address,
       to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
  FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
 WHERE l.locktype = 'advisory' AND l.classid::int8 = %s AND l.objid::int8 = %s AND l.objsubid = 2 AND l.granted
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.pid <> pg_backend_pid()
   AND l.mode = ANY(%s)
 ORDER BY a.backend_start, l.pid"""


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Lock:
    """What is locked, and whether others may share it."""

    key: str
    shared: bool = False

    @property
    def number(self) -> int:
        """The lock's second number, 31 bits of a hash: two keys that share one only wait for each other."""
        return 0 if self.key == WHOLE else int.from_bytes(hashlib.sha256(self.key.encode()).digest()[:4], "big") >> 1

    @property
    def mode(self) -> str:
        """The name of its mode in pg_locks."""
        return "ShareLock" if self.shared else "ExclusiveLock"


@dataclasses.dataclass(frozen=True, slots=True)
class Holder:
    """A session that holds a lock; what this role may not see of it is None."""

    pid: int
    application_name: str
    role: str | None
    address: str | None
    since: str | None


def has_session(connection: Connection[Any]) -> bool:
    """Whether the connection is a session of its own, and not one that a pooler lends for a transaction.

    A pooler tells another backend than the one that answers. Raises ConnectError.
    """
    with _asked("whose session it is"):
        row = connection.execute(_SESSION).fetchone()
    return row is not None and row[0] == connection.info.backend_pid


def try_lock(connection: Connection[Any], lock: Lock) -> tuple[Holder, ...] | None:
    """Take a lock without waiting; None where it is ours now, else who holds it. Raises ConnectError."""
    import psycopg

    function = "pg_try_advisory_lock_shared" if lock.shared else "pg_try_advisory_lock"
    holders: tuple[Holder, ...] = ()
    try:
        for _ in range(_TRIES):
            row = connection.execute(f"SELECT {function}(%s::int4, %s::int4)", (_CLASS, lock.number)).fetchone()
            if row is not None and row[0]:
                return None
            holders = holders_of(connection, lock)
            if holders:
                break
    except psycopg.Error as error:
        raise ConnectError(f"a lock could not be taken: {error.diag.message_primary or error}") from None
    return holders


def holders_of(connection: Connection[Any], lock: Lock) -> tuple[Holder, ...]:
    """Tell which other sessions keep a lock from being taken, the oldest first. Raises ConnectError."""
    from psycopg.rows import class_row

    against = ["ExclusiveLock", *(["ShareLock"] if not lock.shared else [])]
    with _asked("who holds a lock"):
        return tuple(connection.cursor(row_factory=class_row(Holder)).execute(_HOLDERS, (_CLASS, lock.number, against)))


@contextlib.contextmanager
def _asked(what: str) -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise ConnectError(f"the target does not tell {what}: {error.diag.message_primary or error}") from None


def unlock(connection: Connection[Any]) -> None:
    """Give all locks back at once; the end of a session would do so a moment later."""
    import psycopg

    with contextlib.suppress(psycopg.Error):
        connection.execute("SELECT pg_advisory_unlock_all()")


def owns(connection: Connection[Any], locks: Collection[Lock]) -> bool:
    """Whether a session is there and still holds all of these locks."""
    import psycopg

    try:
        owned = set(connection.execute(_OWNED).fetchall())
    except psycopg.Error:
        return False
    return owned >= {(lock.number, lock.mode) for lock in locks}
