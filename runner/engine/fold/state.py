"""Fold: the events of one run → what is known of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from runner.engine.fold.about import about
from runner.engine.fold.step_state import StepState, advance_step, resume_step
from runner.errors import UsageError
from runner.journal import events as ev
from runner.journal.record import Record

__all__ = ["State", "StepState", "advance", "fold", "untidied"]


class State(msgspec.Struct, frozen=True):
    """What is known of one run."""

    run: str
    opened: ev.RunOpened
    """How it opened; its files and parameters are those that were accepted last, its targets as they changed since."""
    operator: str
    started_at: str
    steps: dict[str, StepState] = msgspec.field(default_factory=dict)
    amendments: tuple[tuple[str, ev.PlanAmended], ...] = ()
    rollback: tuple[str, ...] | None = None
    """What takes the run back, in order, once that has begun; then nothing else is done any more."""
    paused: ev.RunPaused | None = None
    closed: ev.RunClosed | None = None
    ended_at: str | None = None
    last_seq: int = 0
    giving: tuple[str, ...] = ()
    """The steps that have left something for others, in the order in which they did; few, where steps may be many."""
    failing: tuple[str, ...] = ()
    """The steps that failed or were cancelled and were not begun again; few, too."""

    def step(self, path: str) -> StepState:
        """Tell the state of the step at ``path``; a fresh one if nothing happened to it yet."""
        return self.steps.get(path) or StepState(path)

    @property
    def captured(self) -> dict[str, Any]:
        """The values that the steps done so far have left; those of an attempt that failed do not count."""
        giving = (self.steps[path] for path in self.giving if path in self.steps)
        return {name: value for step in giving if step.outcome == "done" for name, value in step.captured.items()}

    @property
    def names(self) -> dict[str, Any]:
        """What steps may use beside the parameters: captured values, and ``answers`` by the step that asked."""
        giving = ((path, self.steps[path]) for path in self.giving if path in self.steps)
        answered = {path: step.answer.choice for path, step in giving if step.answer is not None}
        return {**self.captured, "answers": answered}

    def require_open(self) -> None:
        """Make sure that the run has not ended; raises UsageError where it has."""
        if self.closed is not None:
            raise UsageError(
                f"run {self.run} has ended: {self.closed.state}", hint=f"`shisa show {self.run}` tells how"
            )

    @property
    def name(self) -> str:
        """The run's state in DESIGN §5's words."""
        if self.closed is not None:
            return self.closed.state
        if any(step.doubtful for step in self.steps.values()):
            return "unknown"
        if self.paused is not None:
            return self.paused.state
        return "running" if self.rollback is None else "rolling-back"


def fold(records: Iterable[Record]) -> State:
    """Read a run's records into its state.

    Raises ValueError when the first record does not open the run.
    """
    state: State | None = None
    for record in records:
        if state is None:
            if not isinstance(record.body, ev.RunOpened):
                message = f"run {record.run} does not begin with run.opened"
                raise ValueError(message)
            state = State(record.run, record.body, record.body.operator, record.at, last_seq=record.seq)
        else:
            state = advance(state, record)
    if state is None:
        message = "a run without records"
        raise ValueError(message)
    return state


def advance(state: State, record: Record) -> State:
    """Take one more record into account."""
    return replace(_advance(state, record), last_seq=record.seq)


def _advance(state: State, record: Record) -> State:  # noqa: PLR0911 - one return an event
    body = record.body
    match body:
        case ev.PlanAmended():
            steps = {path: step for path, step in state.steps.items() if path != record.step}
            amended = (*state.amendments, (record.step or "", body))
            failing = _failing(steps, state.failing)
            return replace(state, amendments=amended, steps=steps, failing=failing, paused=None)
        case ev.RunPaused():
            return replace(state, paused=body)
        case ev.RunResumed():
            told = state.paused is not None and state.paused.state == "rejected"
            steps = {
                path: step if untidied(state, path) else resume_step(step, told=told)
                for path, step in state.steps.items()
            }
            failing = _failing(steps, state.failing)
            resumed = replace(state, steps=steps, failing=failing, paused=None, operator=body.operator)
            return _repinned(resumed, body) if body.files else resumed
        case ev.RunHandedOver():
            return replace(state, operator=body.to_person)
        case ev.TargetChanged():
            return _rebound(state, body, record.step)
        case ev.RollbackBegun():
            return replace(state, rollback=body.paths, paused=None)
        case ev.RunClosed():
            return replace(state, closed=body, ended_at=record.at, paused=None)
        case (
            ev.RunOpened()
            | ev.Note()
            | ev.Anchor()
            | ev.GuardSampled()
            | ev.WaiverGiven()
            | ev.BreakglassOpened()
            | ev.BreakglassReviewed()
            | ev.Notified()
        ):
            return state
        case _:
            paths = about(state.steps, record)
            steps = {**state.steps, **{path: advance_step(state.step(path), body, record) for path in paths}}
            if isinstance(body, ev.StepEntered):
                steps.pop(f"{record.step}.cleanup", None)  # it tidied up after an attempt before this one
            decided = isinstance(body, ev.ApprovalGiven | ev.ApprovalRejected | ev.ApprovalWithdrawn)
            gave = isinstance(body, ev.ValueCaptured | ev.QuestionAnswered) and record.step not in state.giving
            giving = (*state.giving, record.step or "") if gave else state.giving
            paused = state.paused if decided else None
            failing = _failing(steps, (*state.failing, *paths))
            return replace(state, steps=steps, giving=giving, paused=paused, failing=failing)


def _repinned(state: State, body: ev.RunResumed) -> State:
    """Pin the run to the changed files that its operator accepted; what was not begun is entered anew."""
    steps = {
        path: StepState(path, attempts=step.attempts) if step.outcome is None else step
        for path, step in state.steps.items()
    }
    opened = replace(state.opened, files=body.files, params=body.params)
    return replace(state, opened=opened, steps=steps)


def _rebound(state: State, body: ev.TargetChanged, path: str | None) -> State:
    """Bind targets to what they have become; where a step did it, that it is done with that."""
    targets = tuple(
        replace(target, identity=body.identity) if target.name in body.targets else target
        for target in state.opened.targets
    )
    changed = {} if path is None else {path: replace(state.step(path), changed=body)}
    opened = replace(state.opened, targets=targets)
    return replace(state, opened=opened, steps={**state.steps, **changed}, paused=None)


def untidied(state: State, path: str) -> bool:
    """Whether a step failed whose cleanup was neither made nor left out with a reason."""
    return state.step(path).untidy and state.step(f"{path}.cleanup").outcome not in {"done", "skipped"}


def _failing(steps: dict[str, StepState], maybe: Iterable[str]) -> tuple[str, ...]:
    failed = (path for path in maybe if path in steps and steps[path].outcome in {"failed", "cancelled"})
    return tuple(dict.fromkeys(failed))
