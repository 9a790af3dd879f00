"""Next action: what is known of a run and of its requests → the one thing to do now. Pure.

Read top to bottom this is the engine: *render → guards before → request → wait → (go, guards again, intent, effect,
outcome) → guards after*. No clock and no I/O: whether a request is approved at this moment is handed in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from runner.engine.fold import retries
from runner.engine.fold.loops import loop_of
from runner.engine.fold.state import State, StepState, untidied
from runner.engine.fold.undoing import cover_of

RequestState = Literal[
    "waiting", "approved", "rejected", "withdrawn", "expired", "stale", "consumed", "early", "lapsed"
]
"""How a request stands; ``early`` is approved, for a window that has not begun, and ``lapsed`` was used, and covers no
more of what was begun by it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Enter:
    """Render the step completely and journal what it has become."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class AskGuards:
    """Ask the step's guards of one moment."""

    path: str
    moment: Literal["before", "after"]


@dataclasses.dataclass(frozen=True, slots=True)
class Blocked:
    """The guards closed the gate: offer a remedy, or stop."""

    path: str
    moment: Literal["before", "after"]


@dataclasses.dataclass(frozen=True, slots=True)
class RequestApproval:
    """Ask a second person."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Await:
    """Wait until the request is decided."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class AwaitWindow:
    """Wait until the signed window begins."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """The request was rejected, withdrawn or has expired."""

    path: str
    reason: str
    expired: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Start:
    """Everything is ready: let the operator go, look again, write the intent, act, write the outcome."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Failed:
    """The effect failed or was cancelled; known not to have happened."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Retry:
    """The effect failed in a way that is tried again: wait, look again, and act."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Settle:
    """There is an intent without an end: find out, or say that nobody knows."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Rebind:
    """The step is done and changes its target: look whether that has become what the step says."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Expand:
    """Find out what a loop goes through."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class EndLoop:
    """Every iteration is done."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class AskQuestion:
    """Ask a team in writing."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class AwaitAnswer:
    """Wait until somebody of the team has answered."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Close:
    """Every step is done, or taken back."""

    state: Literal["completed", "rolled-back"] = "completed"


Action = (
    Enter
    | Expand
    | AskGuards
    | Blocked
    | AskQuestion
    | AwaitAnswer
    | RequestApproval
    | Await
    | AwaitWindow
    | Refused
    | Start
    | EndLoop
    | Failed
    | Retry
    | Settle
    | Rebind
    | Close
)


def next_action(
    state: State,
    order: Iterable[str],
    requests: Mapping[str, RequestState],
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Action:
    """Tell what a run needs now.

    ``order`` holds the step paths of the amended plan, the iterations of a begun loop before its own; ``requests``
    tells the state of each request by its id; ``groups`` tells for a step of a group those behind it that can be
    rendered already, and so be asked for with it. Once a rollback has begun, only what it consists of is done.
    """
    for path in order if state.rollback is None else state.rollback:
        step = state.step(f"{path}.cleanup") if untidied(state, path) else state.step(path)
        ahead = [state.step(each) for each in (groups or {}).get(path, ())] if state.rollback is None else []
        retry = retries.due(step, cover_of(state, step.path))
        anew = _anew(state, step.path, requests) if retry or step.outcome is None else None
        action = anew or (Retry(step.path) if retry else _for_step(step, requests, ahead))
        if action is not None:
            return action
    return Close() if state.rollback is None else Close("rolled-back")


def _for_step(  # noqa: PLR0911 - one line a state
    step: StepState, requests: Mapping[str, RequestState], ahead: Sequence[StepState]
) -> Action | None:
    path = step.path
    match step.outcome:
        case "skipped":
            return None
        case "done":
            return _after(step)
        case "unknown":
            return Settle(path)
        case "running":
            return EndLoop(path)
        case "failed" | "cancelled":
            return Failed(path)
        case _:
            pass
    unready = _prepare(step)
    if unready is not None or step.entered is None:
        return unready
    if step.entered.kind == "ask" and step.answer is None:
        return AskQuestion(path) if step.question is None else AwaitAnswer(path)
    return _approval(step, requests, ahead) if step.entered.policies else Start(path)


def _anew(state: State, path: str, requests: Mapping[str, RequestState]) -> Action | None:
    """Tell what a loop lacks before another of its steps may begin, where its approval does not cover it any more."""
    loop = loop_of(path)
    step = StepState(path) if loop is None else state.step(loop)
    if step.entered is None or not step.entered.policies:
        return None
    if step.request is not None and step.unused is None:
        return Enter(step.path) if requests.get(step.request.request) == "lapsed" else None
    return _prepare(step) or _approval(step, requests, ())


def _after(step: StepState) -> Action | None:
    if step.rebinds:
        return Rebind(step.path)
    if step.after is None and step.guarded("after"):
        return AskGuards(step.path, "after")
    return Blocked(step.path, "after") if step.closed_by_guards else None


def _prepare(step: StepState) -> Action | None:
    """Tell what a step that has not begun lacks before anybody could be asked to approve it."""
    if step.entered is None:
        return Enter(step.path)
    if step.entered.kind == "for_each" and step.items is None:
        return Expand(step.path)
    if step.before is None and step.guarded("before"):
        return AskGuards(step.path, "before")
    return Blocked(step.path, "before") if step.closed_by_guards else None


def _approval(step: StepState, requests: Mapping[str, RequestState], ahead: Sequence[StepState]) -> Action:
    if step.request is None:
        unready = (_ahead(each, requests) for each in ahead if each.outcome is None)
        return next((action for action in unready if action is not None), None) or RequestApproval(step.path)
    match requests.get(step.request.request, "waiting"):
        case "waiting":
            return Await(step.path)
        case "approved":
            return Start(step.path)
        case "early":
            return AwaitWindow(step.path)
        case "stale" | "consumed" | "lapsed":
            return Enter(step.path)
        case "rejected" | "withdrawn" | "expired" as how:
            return Refused(step.path, step.refused or f"the request has {how}", expired=how == "expired")


def _ahead(step: StepState, requests: Mapping[str, RequestState]) -> Action | None:
    """Prepare a step of the group behind, from the start where what was asked for it before came to nothing."""
    if step.request is not None and requests.get(step.request.request) not in {"waiting", "early", "approved"}:
        return Enter(step.path)
    return _prepare(step)
