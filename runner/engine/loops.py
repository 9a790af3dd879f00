"""Loops: a ``for_each`` and a step with ``repeat`` become one step after the other, each journaled and resumable.

A loop is approved and begun once; while it runs its iterations come before its own path in the order of the run, and
its end is the last thing to do. The order is a pure function of plan and state.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from checks.duration import parse_duration
from runner.engine.looking import look
from runner.engine.state import State, StepState
from runner.errors import GateClosedError
from runner.journal.events import ItemsExpanded, StepEnded
from runner.runbook.model import Repeat, step_of
from runner.runbook.plan import Plan, PlannedStep, iterate
from runner.runbook.render import render_data

if TYPE_CHECKING:
    from runner.engine.session import Session

_ITERATION = re.compile(r"(?P<loop>.+)\[(?P<number>\d+)\](?:/[^/\[\]]+)?")
_OF_THE_LOOP = ("repeat", "approval", "group")
"""Keys of a repeated step that belong to the whole loop; guards after the effect do too."""


def loop_of(path: str) -> str | None:
    """Tell the loop that a path is an iteration of; None where it is none."""
    found = _ITERATION.fullmatch(path)
    return None if found is None else found["loop"]


def order(plan: Plan, state: State) -> Iterator[str]:
    """Give the paths of a run as they come now: the iterations of a loop that has begun stand before its end."""
    for step in plan.steps:
        yield from (each.path for each in iterations(step, state))
        yield step.path


def find(plan: Plan, state: State, path: str) -> PlannedStep:
    """Find a planned step, also an iteration.

    Raises KeyError where there is none.
    """
    loop = loop_of(path)
    if loop is None:
        return plan.step(path)
    return next(each for each in iterations(plan.step(loop), state) if each.path == path)


def iterations(step: PlannedStep, state: State) -> tuple[PlannedStep, ...]:
    """Give the iterations of a loop as far as they are known; none where it has not begun, or is no loop."""
    known = state.step(step.path)
    if known.intended is None or not known.loops:
        return ()
    if "for_each" in step.data:
        return iterate(step, known.items or ())
    done = _ended(step.path, state)
    count = len(done) + (0 if _finished(step, done) else 1)
    return tuple(_repetition(step, number) for number in range(1, count + 1))


def expand(session: Session, path: str) -> None:
    """Find out what a ``for_each`` goes through, and journal it before anybody is asked to approve it."""
    step = session.planned(path)
    loop = render_data(dict(step.data), session.known(path))["for_each"]
    if "targets" in loop:
        items = tuple(loop["targets"])
    elif "items" in loop:
        items = tuple(loop["items"])
    else:
        table = look(session, path, session.state.step(path).target, loop["query"])
        if len(table.columns) != 1:
            raise GateClosedError(
                f"{path}: the query gives {len(table.columns)} columns", hint="one column, an item a row"
            )
        items = tuple(_item(row[0]) for row in table.rows)
    session.append(ItemsExpanded(items=items), path)


def end(session: Session, path: str) -> None:
    """Journal the end of a loop whose iterations are done, and judge a ``repeat`` that never came to its end."""
    step = session.planned(path)
    done = iterations(step, session.state)
    outcome, message = "done", f"{len(done)} iterations"
    repeat = _repeat_of(step)
    if repeat is not None:
        ended = _ended(path, session.state)
        total = sum(sum(each.rows) for each in ended)
        message = f"{len(ended)} iterations, {total} rows in all"
        if not _satisfied(repeat, ended):
            outcome, message = "failed", f"not at its end after {message}; the iterations stand"
    session.append(StepEnded(outcome=outcome, message=message), path)  # type: ignore[arg-type]


def pause_before(session: Session, path: str) -> float:
    """Tell how many seconds an iteration waits before it begins; none before the first."""
    found = _ITERATION.fullmatch(path)
    if found is None or found["number"] == "1":
        return 0.0
    data = session.planned(found["loop"]).data
    pause = data.get("for_each", data.get("repeat", {})).get("pause")
    return 0.0 if pause is None else parse_duration(pause).total_seconds()


def _repetition(step: PlannedStep, number: int) -> PlannedStep:
    data: dict[str, Any] = {key: value for key, value in step.data.items() if key not in _OF_THE_LOOP}
    guards = data.get("guards", {})
    data["guards"] = {moment: uses for moment, uses in guards.items() if moment != "after"}
    return dataclasses.replace(step, path=f"{step.path}[{number}]", data=data, when=())


def _repeat_of(step: PlannedStep) -> Repeat | None:
    return step_of(dict(step.data)).repeat


def _ended(path: str, state: State) -> list[StepEnded]:
    found: list[StepEnded] = []
    while True:
        each: StepState = state.step(f"{path}[{len(found) + 1}]")
        if each.outcome != "done" or each.ended is None:
            return found
        found.append(each.ended)


def _finished(step: PlannedStep, done: list[StepEnded]) -> bool:
    repeat = _repeat_of(step)
    return repeat is None or _satisfied(repeat, done) or len(done) >= int(repeat.max)


def _satisfied(repeat: Repeat, done: list[StepEnded]) -> bool:
    return bool(done) and sum(done[-1].rows) == int(repeat.until["rows"])


def _item(value: Any) -> Any:
    return value if isinstance(value, (bool, int, str)) else str(value)
