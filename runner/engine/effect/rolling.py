"""Take a run back: what is in the way of it, who decides, and what the screens say of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.engine.effect.settle import settle
from runner.engine.fold.undoing import past_return, places, to_undo, unasked
from runner.engine.ports import RollbackView, Undo
from runner.errors import OutcomeUnknownError, UsageError
from runner.journal.events import RollbackBegun

if TYPE_CHECKING:
    from runner.engine.session import Session


def offer(session: Session, reason: str) -> bool:
    """Offer the rollback of a run that failed, and begin it; False where there is none or the operator leaves it.

    Where every step that is in place says so (``auto``), nobody is asked.
    """
    if session.state.rollback is not None or _hindrance(session) is not None:
        return False
    paths = to_undo(session.order(), session.state)
    auto = all(unasked(session.state, path) for path in paths)
    if not auto and not session.operator.take_back(_view(session, paths, reason)):
        return False
    session.append(RollbackBegun(paths=paths, reason=reason, auto=auto))
    return True


def begin(session: Session) -> bool:
    """Begin the rollback that the operator asked for, once every outcome is known; False where they leave it after all.

    Raises OutcomeUnknownError where nobody knows whether a step happened, and UsageError where there is nothing to
    take back, or no way back.
    """
    for path, step in list(session.state.steps.items()):
        why = settle(session, path) if step.outcome == "unknown" else None
        if why is not None:
            raise OutcomeUnknownError(
                f"{path}: {why}",
                hint=f"look at the target, then `shisa resolve {session.run} {path} done|not-done --reason WHY`",
            )
    hindrance = _hindrance(session)
    if hindrance is not None:
        raise UsageError(hindrance, hint=f"`shisa show {session.run}` tells what each step did")
    paths = to_undo(session.order(), session.state)
    reason = f"{session.person} asked for it"
    if not session.operator.take_back(_view(session, paths, reason)):
        return False
    session.append(RollbackBegun(paths=paths, reason=reason))
    return True


def standing(session: Session) -> Iterator[str]:
    """Say of each step that was begun whether it is in place, and whom to wake."""
    for path, place, why in places(session.order(), session.state):
        yield f"{place:<10}  {path}{f' ({why})' if why else ''}"
    runbook = session.plan.runbook.runbook
    yield f"wake        {runbook.owner or 'the author'}, the owner of {runbook.id}"


def _hindrance(session: Session) -> str | None:
    """Say why the run cannot be taken back; None where it can."""
    unknown = [path for path, step in session.state.steps.items() if step.outcome == "unknown"]
    if unknown:
        return f"nobody knows whether {unknown[0]} happened"
    point = past_return(session.order(), session.state)
    if point is not None:
        return f"{point} is a point of no return, and it is done: no rollback leads behind it"
    if not to_undo(session.order(), session.state):
        return "there is nothing to take back: no step that is in place declares a rollback"
    return None


def _view(session: Session, paths: tuple[str, ...], reason: str) -> RollbackView:
    undos = []
    for path in paths:
        step, _, which = path.rpartition(".")
        entered = session.state.step(step).entered
        if entered is None:
            raise AssertionError
        undos.append(Undo(path, entered.target, {k: v for k, v in entered.rendered[which].items() if k != "auto"}))
    taken = {path.rpartition(".")[0] for path in paths}
    stays = tuple(
        (path, why)
        for path, place, why in places(session.order(), session.state)
        if place == "in place" and path not in taken
    )
    return RollbackView(session.run, reason, tuple(undos), stays)
