"""Look something up on a target: SQL of a runbook that only looks, proven by the grammar and by the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.base import CannotAskError
from runner.errors import GateClosedError
from runner.postgres.connect import short_name
from runner.postgres.readonly import ReadOnlySession, Table

if TYPE_CHECKING:
    from runner.config.model import Loaded
    from runner.engine.session import Session
    from runner.engine.target.targets import Target


def look(session: Session, path: str, target: str | None, sql: str) -> Table:
    """Run one rendered query on one snapshot.

    Raises GateClosedError where it could not be asked, with the reason: what cannot be looked up closes the gate.
    """
    found = session.targets.of(target)
    if found is None:
        raise GateClosedError(f"{path}: there is no target to look this up on", hint="name a target")
    try:
        return look_at(found, sql, session.config, short_name(f"shisa/{session.run}/{path}/look"))
    except CannotAskError as error:
        raise GateClosedError(f"{path}: this could not be looked up: {error.reason}") from None


def look_at(target: Target, sql: str, config: Loaded, application_name: str) -> Table:
    """Run one rendered query on one snapshot of a target.

    Raises CannotAskError where the query cannot be answered, and ConnectError and GateClosedError as the target does.
    """
    harmless = frozenset(config.config.functions.harmless)
    with target.connect(application_name) as connection:
        readonly = ReadOnlySession(connection, harmless=harmless)
        with readonly.snapshot():
            return readonly.fetch_foreign(sql)
