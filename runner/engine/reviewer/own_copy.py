"""A reviewer's own copy of a runbook: find it, render the step from it, and compare with what is asked for.

Whoever signs what another's machine rendered has only read along. The copy counts as one's own where it is not the
very file that the operator runs, or where it is what Git holds of that file as merged.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal

from runner.engine.fold import loops
from runner.engine.rendering import step_digest
from runner.engine.session import host
from runner.engine.target.targets import Target, Targets
from runner.errors import ShisaError
from runner.runbook.expand import plan_of
from runner.runbook.load import LoadedRunbook, load, load_text
from runner.runbook.merged import merged
from runner.runbook.model import step_of
from runner.runbook.params import resolve
from runner.runbook.plan import amend
from runner.runbook.render import render_step, statements_of
from runner.runbook.values import Secret

if TYPE_CHECKING:
    from runner.engine.fold.state import State
    from runner.journal.events import RunOpened
    from runner.runbook.model import Step
    from runner.runbook.plan import Plan, PlannedStep


@dataclasses.dataclass(frozen=True, slots=True)
class OwnCopy:
    """What rendering the step from the reviewer's copy gave."""

    state: Literal["same", "differs", "none"]
    told: str
    diff: str = ""
    """From the step of the own copy to the one that is asked for; empty where they are one."""


def own_copy(state: State, paths: Sequence[str], *, runbook: Path | None, folder: Path) -> OwnCopy:
    """Render a request's steps from ``runbook``, else from the file of the same place under ``folder``; compare."""
    pinned = state.opened.files[0].path
    found = runbook if runbook is not None else find_copy(pinned, folder)
    if found is None:
        return OwnCopy("none", f"none: there is no {PurePath(pinned).name} under {folder}; --runbook names one")
    read, told = load, str(found.relative_to(folder) if found.is_relative_to(folder) else found)
    if runbook is None and _is_the_operators(found, state.opened):
        whole = merged(found)
        if whole is None:
            return OwnCopy("none", f"none: {told} is the very file that the operator runs; --runbook names another")
        read, told = _read_merged, f"{told} as merged into {whole.branch}"
    for path in paths:
        found_other = _compared(state, path, lambda: read(found), read, told)
        if found_other is not None:
            return found_other
    return OwnCopy("same", f"{told}: renders the same step{'s' * (len(paths) > 1)}")


def _compared(
    state: State, path: str, main: Callable[[], LoadedRunbook], read: Callable[[Path], LoadedRunbook], told: str
) -> OwnCopy | None:
    """Compare one step with what the own copy makes of it; None where they are one."""
    entered = state.step(path).entered
    if entered is None:
        raise AssertionError
    try:
        mine = rendered_from(planned_from(main(), read, state), state, path)
    except (ShisaError, KeyError) as error:
        why = error.message if isinstance(error, ShisaError) else "it has no such step"
        return OwnCopy("differs", f"{told}: DIFFERS, step {path} cannot be made of it: {why}")
    if mine.digest == entered.step_digest:
        return None
    asked = {"step": entered.rendered, "statements": list(entered.statements)}
    return OwnCopy("differs", f"{told}: DIFFERS, it renders another step {path}", _difference(mine.told, asked))


def find_copy(pinned: str, folder: Path) -> Path | None:
    """Find the file of the same place: the longest end of the operator's path that there is under a folder."""
    parts = PurePath(pinned).parts[1:]
    places = (folder.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((place for place in places if place.is_file()), None)


def merged_difference(state: State, folder: Path) -> str | None:
    """Compare the files of a run with what is merged of them here; empty where equal, None where nobody can tell."""
    found: list[str] = []
    for file in state.opened.files:
        place = find_copy(file.path, folder)
        whole = None if place is None else merged(place)
        if whole is None:
            return None
        name = PurePath(file.path).name
        found += difflib.unified_diff(
            whole.text.splitlines(),
            file.text.splitlines(),
            f"{name} as merged into {whole.branch}",
            f"{name} of this run",
            lineterm="",
            n=1,
        )
    return "\n".join(found)


def _is_the_operators(found: Path, opened: RunOpened) -> bool:
    return opened.host == host() and str(found.resolve()) == opened.files[0].path


def _read_merged(path: Path) -> LoadedRunbook:
    whole = merged(path)
    return load(path) if whole is None else load_text(whole.text, path)


@dataclasses.dataclass(frozen=True, slots=True)
class Again:
    """A step as it is rendered once more, from another place than the operator's program did it."""

    step: Step
    told: dict[str, Any]
    """The step's plain data and its texts."""
    readable: tuple[str, ...]
    """Its texts as the grammar can read them."""
    digest: str


def planned_from(main: LoadedRunbook, read: Callable[[Path], LoadedRunbook], state: State) -> Plan:
    """Plan a run once more, with what its journal tells; a secret is known by its name only. Raises ShisaError."""
    given = {name: value for name, value in state.opened.params.items() if not isinstance(value, dict)}
    unseen = {name: Secret(name, "") for name in state.opened.params if name not in given}
    declared = {name: param for name, param in main.runbook.params.items() if name not in unseen}
    plan = plan_of(main, {**resolve(declared, given), **unseen}, read=read)
    for where, amendment in state.amendments:
        plan = amend(plan, where, amendment.set, amendment.then)
    return plan


def rendered_from(plan: Plan, state: State, path: str) -> Again:
    """Render a step of a plan with what the run knows; KeyError where there is no such step. Raises ShisaError."""
    planned: PlannedStep = loops.find(plan, state, path)
    known = planned.scope.values(state.names)
    plain = render_step(planned.data, known)
    step = step_of(plain)
    statements = statements_of(step, known)
    texts = tuple(statement.text for statement in statements)
    entered = state.step(path).entered
    reads = () if entered is None else entered.reads  # bytes on the operator's machine: nothing to render
    targets = Targets({bound.name: Target(bound, "") for bound in state.opened.targets})
    return Again(
        step,
        {"step": plain, "statements": list(texts)},
        tuple(statement.analysable for statement in statements),
        step_digest(plain, texts, targets.of(step.target), reads),
    )


def _difference(mine: dict[str, Any], asked: dict[str, Any]) -> str:
    old, new = (
        json.dumps(each, ensure_ascii=False, indent=1, sort_keys=True, default=str).splitlines()
        for each in (mine, asked)
    )
    return "\n".join(difflib.unified_diff(old, new, "your copy", "what is asked for", lineterm="", n=1))
