"""A mark of all that was committed in a cluster so far: two equal ones prove that nothing was, between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.postgres.readonly import ReadOnlySession

_MARK = """
SELECT s.system_identifier::text, c.timeline_id::text, pg_postmaster_start_time()::text, current_database()::text,
       pg_current_snapshot()::text
FROM pg_control_system() AS s, pg_control_checkpoint() AS c"""


def mark(session: ReadOnlySession) -> str:
    """Take the mark, in a snapshot of its own. Raises CannotAskError.

    Whatever changes a row, be its table logged or not, or the catalogue has a transaction id, and its end changes the
    snapshot. WAL positions move without that: by checkpoints, hint bits and the background writer's own records.
    """
    with session.snapshot():
        return " ".join(str(part) for part in session.fetch(_MARK).rows[0])
