"""Lines that no program of ours would have written where they stand: what a hand put into the course of a run. Pure.

Whoever may write a journal could leave out what is guarded, settle what nobody doubts, or begin what nobody approved.
The runbook that the run is pinned to, and what the run knew at that line, say whether a program would have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from runner import __version__
from runner.config.model import Loaded
from runner.engine.fold.loops import find, loop_of
from runner.engine.fold.state import State, StepState, advance
from runner.engine.fold.step_state import ASKED_AGAIN
from runner.engine.fold.undoing import undone_of
from runner.engine.reviewer.own_copy import Again, planned_from, rendered_from
from runner.errors import ShisaError
from runner.journal import events as ev
from runner.journal.record import Record
from runner.runbook.danger import danger_of
from runner.runbook.load import LoadedRunbook, load_text
from runner.runbook.plan import Plan
from runner.runbook.template import holds


class Odd(NamedTuple):
    """A line that a program of ours would not have written there, and why."""

    seq: int
    event: str
    reason: str


def odd_lines(records: Iterable[Record], config: Loaded | None = None) -> Iterator[Odd]:
    """Judge the lines of one or many runs, in their order.

    With ``config`` every start without an approval is judged too: each such step is rendered again.
    """
    courses: dict[str, _Course] = {}
    for record in records:
        if not isinstance(record.body, ev.Anchor):  # of the journal, and of no run
            reason = courses.setdefault(record.run, _Course(config)).take(record)
            if reason is not None:
                yield Odd(record.seq, record.body.name, reason)


class _Course:
    """One run, as its lines are read."""

    def __init__(self, config: Loaded | None) -> None:
        self._config = config
        self._state: State | None = None
        self._approved: set[str] = set()
        """The steps that began with an approval."""
        self._planned: tuple[ev.RunOpened, int, Plan | None] | None = None

    def take(self, record: Record) -> str | None:
        """Take one more line in; says what is odd about it."""
        state, body, path = self._state, record.body, record.step or ""
        if state is None:
            if not isinstance(body, ev.RunOpened):
                return f"run {record.run} was not opened before it"
            self._state = State(record.run, body, body.operator, record.at)
            return None
        self._state = advance(state, record)
        match body:
            case ev.StepSkipped():
                return self._left_out(state, path)
            case ev.StepResolved():
                return _settled(state, path)
            case ev.StepIntended(requests=()):
                return None if self._config is None or self._covered(path) else self._begun(state, path, self._config)
            case ev.StepIntended():
                self._approved.add(path)
            case _:
                pass
        return None

    def _left_out(self, state: State, path: str) -> str | None:
        step = state.step(path)
        again = step.entered is not None and step.entered.kind in ASKED_AGAIN
        if step.outcome in {"done", "running"} or (step.outcome == "unknown" and not again):
            return f"{path} was begun, and its outcome is {step.outcome}"
        plan = self._plan(state)
        if plan is None or (step.entered is not None and not _guarded(step)):
            return None
        return _unexplained(plan, state, path)

    def _begun(self, state: State, path: str, config: Loaded) -> str | None:
        entered, plan = state.step(path).entered, self._plan(state)
        if entered is None:
            return f"{path} was not reached"
        reasons = entered.reasons or ("it says so",) if entered.destructive else entered.policies
        if plan is not None and not undone_of(path):
            try:
                again = rendered_from(plan, state, path)
            except KeyError:
                return f"the runbook of the run has no step {path}"
            except ShisaError:
                again = None
            if again is not None and again.digest != entered.step_digest:
                return f"the runbook of the run makes another step of {path} than was begun"
            reasons = reasons or _dangers(again, state.opened, config)
        return f"{path} was begun without an approval, and needs one: {reasons[0]}" if reasons else None

    def _covered(self, path: str) -> bool:
        """Whether a step belongs to one that began with an approval."""
        around = undone_of(path) or loop_of(path)
        return around is not None and (around in self._approved or self._covered(around))

    def _plan(self, state: State) -> Plan | None:
        """Plan the run from the content that it is pinned to; None where that cannot be done here."""
        known = self._planned
        if known is None or known[0] is not state.opened or known[1] != len(state.amendments):
            self._planned = known = (state.opened, len(state.amendments), _plan_of(state))
        return known[2]


def _plan_of(state: State) -> Plan | None:
    texts = {Path(file.path): file.text for file in state.opened.files}

    def read(path: Path) -> LoadedRunbook:
        return load_text(texts[path.resolve()], path)

    try:
        return planned_from(read(Path(state.opened.files[0].path)), read, state)
    except (ShisaError, LookupError, OSError, ValueError):  # a path or a text that no runbook has
        return None


def _unexplained(plan: Plan, state: State, path: str) -> str | None:
    """Say why no condition of the runbook explains that a step was left out; None where one does."""
    try:
        when = () if undone_of(path) else find(plan, state, path).when
        if any(not holds(one.expression, one.scope.values(state.names)) for one in when):
            return None
    except KeyError:
        return f"the runbook of the run has no step {path}"
    except ShisaError:
        return None
    if when:
        return f"what the run knew fulfils the condition of {path} ({' and '.join(one.expression for one in when)})"
    why = "was not reached" if state.step(path).entered is None else "is guarded or needs approval"
    return f"{path} {why}, and has no condition"


def _guarded(step: StepState) -> bool:
    entered = step.entered
    return entered is not None and bool(entered.policies or entered.kind == "check" or entered.rendered.get("guards"))


def _settled(state: State, path: str) -> str | None:
    outcome = state.step(path).outcome
    taken_back = state.rollback is not None and path in state.rollback and outcome == "failed"
    if outcome == "unknown" or taken_back:
        return None
    return f"nobody doubted what became of {path}: {outcome or 'it was not begun'}"


def _dangers(again: Again | None, opened: ev.RunOpened, config: Loaded) -> tuple[str, ...]:
    """Say why a step is destructive, where today's program and rules are those that the run was opened under."""
    if again is None or opened.version != __version__ or opened.policy_digest != config.digest:
        return ()
    danger = danger_of(again.step, again.readable, harmless=frozenset(config.config.functions.harmless))
    return danger.reasons if danger.destructive else ()
