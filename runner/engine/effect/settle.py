"""Settle an intent without an end: ask PostgreSQL where it can know, else say that nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.engine.effect.verifying import verified
from runner.errors import ConnectError, GateClosedError
from runner.journal.events import StepEnded
from runner.postgres.connect import short_name
from runner.postgres.transaction import Xid, settled_fate

if TYPE_CHECKING:
    from runner.engine.session import Session

_OUTCOME = {"committed": "done", "aborted": "failed"}


def settle(session: Session, path: str) -> str | None:
    """Find out what became of a step's effect; the reason where that stays unknown.

    A transaction is asked for by its xid (``pg_xact_status``), which means something only on the same cluster and
    timeline. Every other effect is asked for by the step's ``verify``, else a person has to look.
    """
    step = session.state.step(path)
    intended = step.intended
    if intended is None or step.entered is None:
        raise AssertionError
    if intended.xid is None or intended.system_identifier is None or intended.timeline is None:
        return _by_verify(session, path, None if step.ended is None else step.ended.message)
    target = session.targets.of(step.entered.target)
    if target is None:
        return "the run has no target to ask"
    xid = Xid(intended.xid, intended.system_identifier, intended.timeline)
    try:
        with target.connect(short_name(f"shisa/{session.run}/{path}")) as connection:
            verdict, why = settled_fate(connection, xid)
    except (ConnectError, GateClosedError) as error:
        return f"the target cannot be asked: {error.message}"
    if verdict == "aborted" and step.entered.survives_rollback:
        return _by_verify(session, path, f"{why}, but a ROLLBACK does not undo all of this step")
    outcome = _OUTCOME.get(verdict)
    if outcome is None:
        return _by_verify(session, path, why)
    session.append(StepEnded(outcome=outcome, message=why), path)  # type: ignore[arg-type]
    return None


def _by_verify(session: Session, path: str, why: str | None) -> str | None:
    happened, said = verified(session, path)
    if happened is None:
        return f"{why or f'the program ended while {path} ran'}; {said}"
    session.append(StepEnded(outcome="done" if happened else "failed", message=said), path)
    session.mark(path).forget()
    return None
