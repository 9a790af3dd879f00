"""Which database a connection really leads to."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

MARKER = "shisa.environment"
"""A setting that ``ALTER DATABASE … SET shisa.environment = 'production'`` leaves as a marker."""

_QUERY = """
SELECT s.system_identifier::text AS system_identifier,
       CASE WHEN pg_is_in_recovery() THEN 0
            ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline,
       d.datname::text AS database, d.oid::int8 AS database_oid,
       host(inet_server_addr()) AS server_addr, inet_server_port() AS server_port,
       pg_is_in_recovery() AS in_recovery, current_setting('transaction_read_only')::bool AS read_only,
       current_setting('server_version_num')::int AS version, current_setting('cluster_name') AS cluster_name,
       current_user::text AS role, session_user::text AS session_role,
       nullif(current_setting(%s, true), '') AS environment
FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()"""
_STANDBY_TIMELINE = "SELECT timeline_id FROM pg_control_checkpoint()"


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """What a server says of itself and of the session."""

    system_identifier: str
    """Made by initdb; a physical clone and a database made from a template share it."""
    timeline: int
    """Grows with every promotion; on a standby that of its last restart point."""
    database: str
    database_oid: int
    server_addr: str | None
    """None on a Unix socket; behind a proxy that of the server itself."""
    server_port: int | None
    in_recovery: bool
    read_only: bool
    version: int
    """``server_version_num``, as 180006."""
    cluster_name: str
    role: str
    session_role: str
    environment: str | None
    """The marker ``shisa.environment``; None where the database sets none."""

    @property
    def fingerprint(self) -> str:
        """Hash what stays the same through restarts, promotions and address changes."""
        stable = "\0".join((self.system_identifier, str(self.database_oid), self.database))
        return hashlib.sha256(stable.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Every field, and the fingerprint."""
        return dataclasses.asdict(self) | {"fingerprint": self.fingerprint}


def identify(connection: Connection[Any]) -> Identity:
    """Ask a connection where it leads; an ordinary role may. Raises psycopg.Error."""
    from psycopg.rows import class_row

    found = connection.cursor(row_factory=class_row(Identity)).execute(_QUERY, (MARKER,)).fetchone()
    if found is None:
        message = "the server did not tell its identity"
        raise RuntimeError(message)
    if found.in_recovery:
        row = connection.execute(_STANDBY_TIMELINE).fetchone()
        return dataclasses.replace(found, timeline=0 if row is None else row[0])
    return found
