"""A mark of everything that was written to a cluster so far: two equal ones prove that nothing was written between."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.postgres.readonly import ReadOnlySession

_MARK = """
SELECT s.system_identifier::text, c.timeline_id::text, pg_postmaster_start_time()::text, current_database()::text,
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text,
       pg_current_snapshot()::text
FROM pg_control_system() AS s, pg_control_checkpoint() AS c"""


def mark(session: ReadOnlySession) -> str:
    """Take the mark, in a snapshot of its own. Raises CannotAskError.

    WAL tells every write that is logged; the snapshot tells transactions on unlogged tables too, also those that run.
    """
    with session.snapshot():
        return " ".join(str(part) for part in session.fetch(_MARK).rows[0])
