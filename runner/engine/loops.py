"""Loops: a ``for_each`` and a step with ``repeat`` become one step after the other, each journaled and resumable.

A loop is approved and begun once; while it runs its iterations come before its own path in the order of the run, and
its end is the last thing to do. The order is a pure function of plan and state.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from checks.duration import parse_duration
from runner.engine.state import State, StepState
from runner.journal.events import StepEnded
from runner.runbook.model import Repeat, step_of
from runner.runbook.plan import Plan, PlannedStep, iterate

_ITERATION = re.compile(r"(?P<loop>.+)\[(?P<number>\d+)\](?:/(?P<inner>[^/\[\].]+))?")
_OF_THE_LOOP = ("repeat", "approval", "group", "rollback", "no_rollback", "point_of_no_return", "cleanup")
"""Keys of a repeated step that belong to the whole loop; guards after the effect do too."""


def loop_of(path: str) -> str | None:
    """Tell the loop that a path is an iteration of; None where it is none."""
    found = _ITERATION.fullmatch(path)
    return None if found is None else found["loop"]


def order(steps: Iterable[PlannedStep], state: State) -> Iterator[str]:
    """Give the paths of steps as they come now: the iterations of a loop that has begun stand before its end."""
    for step in steps:
        yield from _patient(step, [each.path for each in iterations(step, state)], state)
        yield step.path


def _patient(step: PlannedStep, paths: list[str], state: State) -> list[str]:
    """Put items that failed behind the others, as long as they are fewer than ``stop_after_failures``.

    They are told when the others are done, and made again by a resume; nothing is left out.
    """
    limit = step.data.get("for_each", {}).get("stop_after_failures", 1)
    failed = {_number(path) for path in paths if state.step(path).outcome in {"failed", "cancelled"}}
    if not failed or len(failed) >= limit:
        return paths
    return sorted(paths, key=lambda path: _number(path) in failed)


def _number(path: str) -> int:
    found = _ITERATION.fullmatch(path)
    return 0 if found is None else int(found["number"])


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
    done = ended_of(step.path, state)
    count = len(done) + (0 if _finished(step, done) else 1)
    return tuple(_repetition(step, number) for number in range(1, count + 1))


def pause_before(plan: Plan, path: str) -> float:
    """Tell how many seconds a loop waits before a step: between two items, or two batches of them; else none."""
    number, loop = _begins(plan, path)
    if number <= 1 or (number - 1) % loop.get("batch", 1):
        return 0.0
    return 0.0 if "pause" not in loop else parse_duration(loop["pause"]).total_seconds()


def after_canary(plan: Plan, path: str) -> bool:
    """Whether a step begins the first item behind the canaries, where the operator is asked whether to go on."""
    number, loop = _begins(plan, path)
    return "canary" in loop and number == loop["canary"] + 1


def _begins(plan: Plan, path: str) -> tuple[int, Mapping[str, Any]]:
    """Tell the number of the item that a step begins, and the loop's own keys; 0 where it begins none."""
    found = _ITERATION.fullmatch(path)
    if found is None:
        return 0, {}
    data = plan.step(found["loop"]).data
    if "for_each" not in data:
        return int(found["number"]), data.get("repeat", {})
    first = data["for_each"]["steps"][0]["id"] == found["inner"]
    return int(found["number"]) if first else 0, data["for_each"]


def _repetition(step: PlannedStep, number: int) -> PlannedStep:
    data: dict[str, Any] = {key: value for key, value in step.data.items() if key not in _OF_THE_LOOP}
    guards = data.get("guards", {})
    data["guards"] = {moment: uses for moment, uses in guards.items() if moment != "after"}
    return dataclasses.replace(step, path=f"{step.path}[{number}]", data=data, when=())


def repeat_of(step: PlannedStep) -> Repeat | None:
    """Tell how a step is repeated; None where it is not."""
    return step_of(dict(step.data)).repeat


def ended_of(path: str, state: State) -> list[StepEnded]:
    """Give the outcomes of a repeated step's iterations that are done."""
    found: list[StepEnded] = []
    while True:
        each: StepState = state.step(f"{path}[{len(found) + 1}]")
        if each.outcome != "done" or each.ended is None:
            return found
        found.append(each.ended)


def _finished(step: PlannedStep, done: list[StepEnded]) -> bool:
    repeat = repeat_of(step)
    return repeat is None or satisfied(repeat, done) or len(done) >= int(repeat.max)


def satisfied(repeat: Repeat, done: list[StepEnded]) -> bool:
    """Whether the last iteration touched as few rows as ``until`` demands."""
    return bool(done) and sum(done[-1].rows) == int(repeat.until["rows"])
