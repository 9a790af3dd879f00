"""Loops: a ``for_each`` and a step with ``repeat`` become one step after the other, each journaled and resumable.

A loop is approved and begun once; while it runs its iterations come before its own path in the order of the run, and
its end is the last thing to do. The order is a pure function of plan and state.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from checks.duration import parse_duration
from runner.engine.fold.state import State, StepState
from runner.journal.events import StepEnded
from runner.runbook.bounds import bounds_of
from runner.runbook.model import Repeat
from runner.runbook.plan import Plan, PlannedStep, iteration

_ITERATION = re.compile(r"(?P<loop>.+)\[(?P<number>\d+)\](?:/(?P<inner>[^/\[\].]+))?")
_OF_THE_LOOP = ("repeat", "approval", "group", "rollback", "no_rollback", "point_of_no_return", "cleanup")
"""Keys of a repeated step that belong to the whole loop; guards after the effect do too."""


def loop_of(path: str) -> str | None:
    """Tell the loop that a path is an iteration of; None where it is none."""
    found = _ITERATION.fullmatch(path)
    return None if found is None else found["loop"]


def number_of(path: str) -> int:
    """Tell which iteration of its loop a path is of, from 1; 0 where it is of none."""
    found = _ITERATION.fullmatch(path)
    return 0 if found is None else int(found["number"])


def order(steps: Iterable[PlannedStep], state: State, passed: int = 0) -> Iterator[str]:
    """Give the paths of steps as they come now: the iterations of a loop that has begun stand before its end.

    So many iterations of the first step as were ``passed`` come only where they failed.
    """
    for step in steps:
        for number in _patient(step, state, passed):
            yield from paths_of(step, number)
        yield step.path
        passed = 0


def _patient(step: PlannedStep, state: State, passed: int) -> Iterator[int]:
    """Put items that failed behind the others, as long as they are fewer than ``stop_after_failures``.

    They are told when the others are done, and made again by a resume; nothing is left out.
    """
    limit = step.data.get("for_each", {}).get("stop_after_failures", 1)
    failed = sorted({number_of(path) for path in state.failing if loop_of(path) == step.path})
    behind = failed if len(failed) < limit else []
    yield from (number for number in failed if number <= passed and number not in behind)
    yield from (number for number in iterations(step, state, passed) if number not in behind)
    yield from behind


def find(plan: Plan, state: State, path: str) -> PlannedStep:
    """Find a planned step, also an iteration.

    Raises KeyError where there is none.
    """
    found = _ITERATION.fullmatch(path)
    if found is None:
        return plan.step(path)
    step, number = plan.step(found["loop"]), int(found["number"])
    if number not in iterations(step, state, number - 1):
        raise KeyError(path)
    if "for_each" not in step.data:
        return _repetition(step, number)
    return iteration(step, number, (state.step(step.path).items or ())[number - 1], found["inner"])


def iterations(step: PlannedStep, state: State, passed: int = 0) -> range:
    """Number the iterations of a loop as far as they are known, behind so many as were ``passed``.

    None where it has not begun, or is no loop.
    """
    known = state.step(step.path)
    if known.intended is None or not known.loops:
        return range(0)
    if "for_each" in step.data:
        return range(passed + 1, len(known.items or ()) + 1)
    count, last = passed, _ended(step.path, passed, state)
    while (next_ := _ended(step.path, count + 1, state)) is not None:
        count, last = count + 1, next_
    repeat = repeat_of(known)
    finished = repeat is None or _enough(repeat, last) or count >= int(repeat.max)
    return range(passed + 1, count + (1 if finished or _too_many(known, state) else 2))


def paths_of(step: PlannedStep, number: int) -> tuple[str, ...]:
    """Give the paths of one iteration of a loop, in order."""
    path = f"{step.path}[{number}]"
    if "for_each" not in step.data:
        return (path,)
    return tuple(f"{path}/{inner['id']}" for inner in step.data["for_each"]["steps"])


def pause_before(state: State, path: str) -> float:
    """Tell how many seconds a loop waits before a step: between two items, or two batches of them; else none."""
    number, loop = _begins(state, path)
    if number <= 1 or (number - 1) % loop.get("batch", 1):
        return 0.0
    return 0.0 if "pause" not in loop else parse_duration(loop["pause"]).total_seconds()


def after_canary(state: State, path: str) -> bool:
    """Whether a step begins the first item behind the canaries, where the operator is asked whether to go on."""
    number, loop = _begins(state, path)
    return "canary" in loop and number == loop["canary"] + 1


def _begins(state: State, path: str) -> tuple[int, Mapping[str, Any]]:
    """Tell the number of the item that a step begins, and the loop's own keys as rendered; 0 where it begins none."""
    found = _ITERATION.fullmatch(path)
    if found is None:
        return 0, {}
    entered = state.step(found["loop"]).entered
    data = {} if entered is None else entered.rendered
    if "for_each" not in data:
        return int(found["number"]), data.get("repeat", {})
    first = data["for_each"]["steps"][0]["id"] == found["inner"]
    return int(found["number"]) if first else 0, data["for_each"]


def _repetition(step: PlannedStep, number: int) -> PlannedStep:
    data: dict[str, Any] = {key: value for key, value in step.data.items() if key not in _OF_THE_LOOP}
    guards = data.get("guards", {})
    data["guards"] = {moment: uses for moment, uses in guards.items() if moment != "after"}
    return dataclasses.replace(step, path=f"{step.path}[{number}]", data=data, when=())


def repeat_of(step: StepState) -> Repeat | None:
    """Tell how a step is repeated, as it was rendered; None where it is not."""
    said = None if step.entered is None else step.entered.rendered.get("repeat")
    return None if said is None else msgspec.convert(said, Repeat)


def ended_of(path: str, state: State) -> list[StepEnded]:
    """Give the outcomes of a repeated step's iterations that are done."""
    found: list[StepEnded] = []
    while (each := _ended(path, len(found) + 1, state)) is not None:
        found.append(each)
    return found


def _ended(path: str, number: int, state: State) -> StepEnded | None:
    each = state.step(f"{path}[{number}]")
    return each.ended if each.outcome == "done" else None


def satisfied(repeat: Repeat, done: Sequence[StepEnded]) -> bool:
    """Whether the last iteration touched as few rows as ``until`` demands.

    One that was settled after a crash tells no rows, so that another one has to.
    """
    return bool(done) and _enough(repeat, done[-1])


def _too_many(step: StepState, state: State) -> bool:
    """Whether a step's iterations have touched more rows together than they may: then none is begun any more."""
    repeat = repeat_of(step)
    most = None if repeat is None else bounds_of(repeat.total_rows).high
    return most is not None and sum(sum(each.rows) for each in ended_of(step.path, state)) > most


def _enough(repeat: Repeat, last: StepEnded | None) -> bool:
    return last is not None and bool(last.rows) and sum(last.rows) == int(repeat.until["rows"])
