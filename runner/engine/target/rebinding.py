"""Bind a run's target anew after a step that changes it, or after a failover that its operator accepts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from runner.engine.people import approval
from runner.engine.target.standing import moved, standing, unlike
from runner.errors import ConnectError, GateClosedError
from runner.journal.events import TargetChanged
from runner.runbook.model import step_of

if TYPE_CHECKING:
    from runner.engine.session import Session
    from runner.engine.target.targets import Target
    from runner.runbook.model import ChangesTarget

_SECONDS = 10.0
"""How long a switchover may need until the target's name leads to where it shall."""
_AGAIN = 0.2


def rebind(session: Session, path: str) -> None:
    """Look at what a step's target has become, compare that with what the step declared, and journal it.

    Everything that the run holds there is given back, and taken up anew before the next step. Raises GateClosedError
    where it is not what was declared, and where it cannot be asked.
    """
    entered = session.state.step(path).entered
    target = None if entered is None else session.targets.of(entered.target)
    declared = None if entered is None else step_of(entered.rendered).changes_target
    if target is None or declared is None:
        raise AssertionError
    identity = _as_declared(path, target, declared)
    session.append(_changed(session, target, identity), path)
    _take_up(session, target, identity)


def accept_moved(session: Session) -> None:
    """Bind the targets to what they are now, whoever changed them; approvals that are not used yet are void.

    A target that a step of the run is changing is left to that step. Raises ConnectError.
    """
    steps = session.state.steps.values()
    changing = [step for step in steps if step.rebinds or (step.changes_target and step.outcome == "unknown")]
    left = {target.place for step in changing if (target := session.targets.of(step.target)) is not None}
    for name in session.targets.by_name:
        target = session.targets.by_name[name]
        now = target.look()
        if target.place in left or not moved(target.bound.identity, now):
            continue
        body = _changed(session, target, now)
        session.append(body)
        _take_up(session, target, now)
        approval.void_all(session, [f"target {name} was {body.was}, and is {body.became}"])


def _as_declared(path: str, target: Target, declared: ChangesTarget) -> dict[str, Any]:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            identity = target.look()
            why = unlike(target.bound.identity, identity, declared)
        except ConnectError as error:
            why = error.message
        else:
            if why is None:
                return identity
        if time.monotonic() >= deadline:
            raise GateClosedError(
                f"{path} is done, but target {target.bound.name} is not what the step declares: {why}",
                hint="look at the server; once it is what was declared, resume the run: it looks again",
            )
        time.sleep(_AGAIN)


def _changed(session: Session, target: Target, identity: dict[str, Any]) -> TargetChanged:
    return TargetChanged(
        targets=tuple(each.bound.name for each in session.targets.same_as(target)),
        was=standing(target.bound.identity),
        became=standing(identity),
        identity=identity,
    )


def _take_up(session: Session, target: Target, identity: dict[str, Any]) -> None:
    session.let_go()
    session.targets.rebind(target, identity)
    session.locks.rebind(session.targets)
