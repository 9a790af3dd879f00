"""What takes a run back: the rollbacks of the steps that are in place, and the cleanup of one that failed. Pure.

The body that runs is the one in the step as it was rendered, shown and signed, never one that is rendered anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from runner.engine.fold.loops import loop_of
from runner.engine.fold.state import State, StepState, untidied
from runner.journal.events import ApprovalRequested
from runner.runbook.consequences import QUIET_KINDS
from runner.runbook.plan import PlannedStep

Place = Literal["in place", "taken back", "not done", "unknown"]
"""Where a step that was begun stands, in the words of the screens."""

_FAILED = {"failed", "cancelled"}


def undone_of(path: str) -> str | None:
    """Tell the step that a path such as ``load.rollback`` or ``build.cleanup`` takes back or tidies up after."""
    step, _, last = path.rpartition(".")
    return step if step and last in {"rollback", "cleanup"} else None


def planned_undo(step: PlannedStep, known: StepState, path: str) -> PlannedStep:
    """Make a step of the body of ``path``, as it stands in the rendered step that it belongs to.

    Raises KeyError where the step was not entered or has no such body.
    """
    which = path.rpartition(".")[2]
    if known.entered is None:
        raise KeyError(path)
    rendered = known.entered.rendered
    body = {key: value for key, value in rendered[which].items() if key != "auto"}
    verb = "Take back" if which == "rollback" else "Tidy up after"
    inherited = {key: rendered[key] for key in ("target", "approval") if key in rendered}
    data: dict[str, Any] = {"id": f"{rendered['id'][:30]}-{which}", "title": f"{verb}: {rendered['title']}"}
    return dataclasses.replace(step, path=path, data=inherited | data | body, when=())


def cover_of(state: State, path: str) -> ApprovalRequested | None:
    """Give the request of what a step belongs to: the loop around it, the step that it takes back."""
    around = undone_of(path) or loop_of(path)
    return None if around is None else state.step(around).request or cover_of(state, around)


def unasked(state: State, path: str) -> bool:
    """Whether a rollback or cleanup runs without asking, as its author wrote."""
    step, _, which = path.rpartition(".")
    entered = state.step(step).entered
    return entered is not None and bool(entered.rendered.get(which, {}).get("auto"))


def to_undo(order: Iterable[str], state: State) -> tuple[str, ...]:
    """List what takes the run back, newest first: the cleanup of what failed, the rollbacks of what is in place."""
    return tuple(_undos(tuple(order), state))


def _undos(order: tuple[str, ...], state: State) -> Iterator[str]:
    whole = tuple(f"{path}[" for path in order if state.step(path).loops and _body(state.step(path), "rollback"))
    for path in reversed(order):
        step = state.step(path)
        if untidied(state, path):
            yield f"{path}.cleanup"
        if stands(path, order, state) and _body(step, "rollback") and not path.startswith(whole):
            yield f"{path}.rollback"


def stands(path: str, order: Iterable[str], state: State) -> bool:
    """Whether the effect of a step is in place: all of it, or of a loop at least one iteration."""
    step = state.step(path)
    if step.loops and step.intended is not None:
        return any(each.startswith(f"{path}[") and state.step(each).outcome == "done" for each in order)
    return step.outcome == "done"


def past_return(order: Iterable[str], state: State) -> str | None:
    """Name the point of no return that the run has passed; None where it has passed none."""
    paths = tuple(order)
    passed = (path for path in paths if _body(state.step(path), "point_of_no_return") and stands(path, paths, state))
    return next(passed, None)


def places(order: Iterable[str], state: State) -> Iterator[tuple[str, Place, str]]:
    """Tell of every step that was begun and changes something where it stands, and why it is not taken back."""
    paths = tuple(order)
    for path in paths:
        step, undo = state.step(path), state.step(f"{path}.rollback")
        if step.attempts == 0 or (step.entered is not None and step.entered.kind in QUIET_KINDS):
            continue
        if undo.outcome == "done":
            yield path, "taken back", ""
        elif "unknown" in {step.outcome, undo.outcome}:
            yield path, "unknown", "" if step.outcome == "unknown" else "nobody knows whether its rollback happened"
        elif stands(path, paths, state):
            yield path, "in place", _why_in_place(step, undo)
        else:
            yield path, "not done", "" if step.ended is None else step.ended.message


def _why_in_place(step: StepState, undo: StepState) -> str:
    if undo.outcome in _FAILED:
        return "its rollback failed"
    if _body(step, "rollback"):
        return "its rollback was not tried"
    return str(_body(step, "no_rollback") or "it declares no rollback")


def _body(step: StepState, key: str) -> Any:
    return None if step.entered is None else step.entered.rendered.get(key)
