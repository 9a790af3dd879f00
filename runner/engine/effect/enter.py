"""Enter a step: render it completely, judge how dangerous it is, and journal what it has become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.engine.fold.loops import loop_of
from runner.engine.fold.undoing import undone_of
from runner.engine.people.approval import lapse
from runner.engine.rendering import rendering
from runner.errors import GateClosedError
from runner.journal.events import StepEntered, StepSkipped
from runner.runbook.render import holds

if TYPE_CHECKING:
    from runner.engine.rendered import Rendering
    from runner.engine.session import Session
    from runner.engine.target.targets import Target
    from runner.runbook.danger import Danger
    from runner.runbook.model import Step


def enter(session: Session, path: str) -> None:
    """Journal ``step.entered``, or ``step.skipped`` where the step's ``when`` is false.

    A loop that was begun is entered again where its approval covers the rest of it no more. Raises GateClosedError
    where a destructive step has nobody who could approve it.
    """
    begun = session.state.step(path).outcome == "running"
    if begun:
        lapse(session, path)
    for when in () if begun else session.planned(path).when:
        if not holds(when.expression, when.scope.values(session.state.names)):
            session.append(StepSkipped(reason=f"when: {when.expression} is false"), path)
            return
    session.append(entered_as(session, path, rendering(session, path)), path)


def entered_as(session: Session, path: str, made: Rendering) -> StepEntered:
    """Tell what a step has become for the journal; rendered twice it is the same as long as nothing changed."""
    policies, signed = _policies(made.step, made.danger, made.target, session), _signed(session, path)
    covered = signed is not None and {*signed.policies} >= {*policies} and {*signed.reads} >= {*made.reads}
    return StepEntered(
        kind=made.step.kind,
        title=made.step.title,
        step_digest=made.digest,
        rendered=made.plain,
        destructive=made.danger.destructive,
        reasons=made.danger.reasons,
        survives_rollback=made.danger.survives_rollback,
        policies=() if covered else policies,
        target=None if made.target is None else made.target.bound.name,
        statements=made.texts,
        reads=made.reads,
    )


def _signed(session: Session, path: str) -> StepEntered | None:
    """Give the loop that was signed and that a step is an iteration of, or the step that it belongs to.

    A rollback and a cleanup stand in the step that was signed, and are taken from there, unchanged. Either covers no
    more than was asked for: what needs another policy, or reads other bytes, is asked for by itself.
    """
    step = undone_of(path)
    if step is not None:
        known = session.state.step(step)
        if known.entered is not None and known.intended is not None and known.intended.requests:
            return known.entered
        return _signed(session, step)
    loop = loop_of(path)
    return None if loop is None else session.state.step(loop).entered


def _policies(step: Step, danger: Danger, target: Target | None, session: Session) -> tuple[str, ...]:
    wanted = [step.approval] if step.approval else []
    wanted += [each["approval"] for each in step.for_each.steps if "approval" in each] if step.for_each else []
    if danger.destructive:
        for each in _worked_on(step, target, session):
            if each.bound.policy is None:
                raise GateClosedError(
                    f"{step.id} is destructive, but target {each.bound.name} has no policy",
                    hint="give the target a policy in shisa.yaml; a target without one takes no destructive step",
                )
            wanted.append(each.bound.policy)
        if not wanted:
            raise GateClosedError(
                f"{step.id} is destructive ({danger.reasons[0]}) and names no approval policy",
                hint="add `approval: POLICY` to the step",
            )
    unknown = [name for name in wanted if name not in session.config.config.policies]
    if unknown:
        raise GateClosedError(
            f"{step.id} needs policy {unknown[0]!r}, which shisa.yaml does not define",
            hint=f"policies: {', '.join(sorted(session.config.config.policies)) or 'none'}",
        )
    return tuple(dict.fromkeys(wanted))


def _worked_on(step: Step, target: Target | None, session: Session) -> Iterator[Target]:
    """Give the targets that a step changes: its own, or those of all steps of a loop."""
    if step.for_each is None:
        yield from () if target is None else (target,)
        return
    for inner in step.for_each.steps:
        name = inner.get("target")
        if name is not None or not step.for_each.targets:
            found = session.targets.of(name)
            yield from () if found is None else (found,)
        else:
            yield from map(session.targets.by_name.__getitem__, step.for_each.targets)
