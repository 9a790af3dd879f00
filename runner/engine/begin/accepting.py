"""Accept files that changed after the run opened: only where what was done stays what it was."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from runner.engine.begin.demands import misfitting, writable
from runner.engine.begin.pinned import pins, plan_again, sources
from runner.engine.preflight.approvable import demands_of_policies
from runner.errors import UsageError
from runner.runbook.load import load

if TYPE_CHECKING:
    from runner.engine.session import Session
    from runner.journal.events import SourceFile
    from runner.runbook.plan import Plan, PlannedStep
    from runner.runbook.values import Secret

Prove = Callable[["Plan"], None]
"""Raises RunbookError where `shisa validate` finds an error in the files of a plan."""


@dataclasses.dataclass(frozen=True, slots=True)
class Accepted:
    """What a run is pinned to from now on."""

    plan: Plan
    files: tuple[SourceFile, ...]
    diff: str


def accept(session: Session, secrets_given: Mapping[str, Secret], prove: Prove) -> Accepted | None:
    """Read the run's files as they are now; None where nothing has changed.

    Raises RunbookError where they are no valid runbook, and UsageError where a step that was begun is another one in
    them, or the run is being taken back.
    """
    try:
        plan = plan_again(session.state, secrets_given, read=load)
    except KeyError as error:
        raise _refused(f"step {error.args[0]}, to which a remedy was applied, is not there any more") from None
    files = sources(plan)
    if pins(files) == dict(session.pinned):
        return None
    if session.state.rollback is not None:
        raise _refused("the run is being taken back, by the text that was approved")
    prove(plan)
    if set(plan.targets) != set(session.plan.targets):
        raise _refused("it works on other targets, which this run is not bound to")
    for why in _differences(session, plan):
        raise _refused(why)
    policies = demands_of_policies(
        plan, session.targets, session.config, operator=session.person, break_glass=False, window=session.window
    )
    for demand in (*misfitting(plan), *writable(plan, session.targets, session.state), *policies):
        raise demand
    return Accepted(plan, files, "\n".join(_diff(session.state.opened.files, files)))


def _differences(session: Session, plan: Plan) -> Iterator[str]:
    """Say which step that was begun is not the same, at the same place, in the changed plan."""
    begun = [path for path in session.plan.order if _begun(session, path)]
    if not begun:
        return
    until = session.plan.order.index(begun[-1]) + 1
    if plan.order[:until] != session.plan.order[:until]:
        yield f"the steps up to {begun[-1]}, which was begun, are others, or in another order"
        return
    for path in begun:
        if _content(plan.step(path)) != _content(session.plan.step(path)):
            yield f"step {path} was begun, and is another one in the changed file"


def _begun(session: Session, path: str) -> bool:
    return session.state.step(path).outcome not in {None, "failed", "cancelled"}


def _content(step: PlannedStep) -> object:
    return dict(step.data), [each.expression for each in step.when]


def _diff(before: tuple[SourceFile, ...], after: tuple[SourceFile, ...]) -> Iterator[str]:
    old, new = ({file.path: file.text.splitlines() for file in files} for files in (before, after))
    for path in dict.fromkeys((*old, *new)):
        yield from difflib.unified_diff(old.get(path, []), new.get(path, []), path, f"{path} now", lineterm="", n=1)


def _refused(why: str) -> UsageError:
    return UsageError(
        f"the changed runbook cannot be accepted: {why}",
        hint="put the file back and resume, or end this run and open a new one",
    )
