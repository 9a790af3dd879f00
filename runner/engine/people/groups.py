"""Groups: which of the consecutive steps behind a step can be asked for together with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.engine.reads import reads_of
from runner.errors import ShisaError
from runner.runbook.render import holds, render_step

if TYPE_CHECKING:
    from runner.engine.session import Session
    from runner.runbook.plan import PlannedStep


def groups(session: Session) -> dict[str, tuple[str, ...]]:
    """Tell for each step of a group the steps of it behind that can be rendered completely already.

    A step that needs what an earlier one leaves ends the group there; from it on another request is made.
    """
    if not session.plan.grouped:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    behind: tuple[str, ...] = ()
    group = None
    for planned in reversed(session.plan.steps):
        name = planned.data.get("group")
        if name != group:
            behind = ()
        group = name
        if name is not None:
            found[planned.path] = behind
            behind = (planned.path, *behind) if _known(session, planned) else ()
    return found


def _known(session: Session, planned: PlannedStep) -> bool:
    """Whether every name that a step uses has its value now, and every backup that it reads is there."""
    names = session.state.names
    try:
        for when in planned.when:
            holds(when.expression, when.scope.values(names))
        known = planned.scope.values(names)
        plain = render_step(dict(planned.data), known)
    except ShisaError:
        return False
    return all(each.sha256 is not None for each in reads_of(session, plain, known))
