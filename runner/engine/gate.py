"""The gate: ask a step's guards, and take a remedy over where the operator wants it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.base import Selection, StepContext, Verdict
from runner.engine.ports import Offer, StepView
from runner.errors import GateClosedError
from runner.guards import Evidence, GuardUseSpec, ask_guards
from runner.journal.events import GuardsAsked, Moment, PlanAmended, StepEntered
from runner.runbook.model import GuardUse, Restore, Step, step_of
from runner.runbook.plan import amend, plan_digest

if TYPE_CHECKING:
    from runner.engine.session import Session


def ask(session: Session, path: str, moment: Moment) -> tuple[Evidence, ...]:
    """Ask the guards of one moment and journal their evidence."""
    entered = session.state.step(path).entered
    if entered is None:
        raise AssertionError
    step = step_of(entered.rendered)
    evidence = _ask(session, path, entered, _guards(step, moment))
    worst = max((one.verdict for one in evidence), default=Verdict.PASS)
    session.append(
        GuardsAsked(moment=moment, verdict=str(worst), evidence=tuple(one.as_json() for one in evidence)), path
    )
    return evidence


def offers(session: Session, path: str) -> list[Offer]:
    """Find the remedies that the guards of a closed gate have named.

    Remedies are not journaled as data, so the guards are asked once more for them, without a journal line.
    """
    entered = session.state.step(path).entered
    if entered is None:
        return []
    step = step_of(entered.rendered)
    return [
        Offer(evidence.check, finding.object, finding.remedy)
        for evidence in _ask(session, path, entered, _guards(step, "before"))
        for finding in evidence.findings
        if finding.verdict.closes and finding.remedy is not None
    ]


def take_over(session: Session, path: str, offer: Offer) -> None:
    """Amend the plan by a remedy: the step changed, its new steps behind it, its approvals void.

    A new step needs the same approval, and works on the same target, as the step that it mends.
    """
    step = session.plan.data(path)
    inherited = {key: step[key] for key in ("approval", "target") if key in step}
    then = tuple({**inherited, **copy.deepcopy(dict(added))} for added in offer.remedy.then)
    session.plan = amend(session.plan, path, dict(offer.remedy.set), then)
    session.append(
        PlanAmended(
            check=offer.check,
            object=offer.object,
            why=offer.remedy.why,
            set=dict(offer.remedy.set),
            then=then,
            plan_digest=plan_digest(session.plan, session.targets.fingerprints()),
        ),
        path,
    )


def view(session: Session, path: str) -> StepView:
    """Show a step as it was rendered, with what its guards found last."""
    state = session.state.step(path)
    if state.entered is None:
        raise AssertionError
    asked = state.after or state.again or state.before
    guarded = bool(state.entered.rendered.get("guards")) or bool(state.entered.policies)
    return StepView(
        run=session.run,
        path=path,
        entered=state.entered,
        may_skip=not guarded and state.entered.kind != "check",
        evidence=() if asked is None else asked.evidence,
    )


def _guards(step: Step, moment: Moment) -> tuple[GuardUse, ...]:
    if moment == "after":
        return step.guards.after
    own = (GuardUse(check=step.check, with_=step.with_),) if step.check is not None else ()
    uses = own + step.guards.before
    return uses if moment == "before" else tuple(use for use in uses if use.recheck != "none")


def _ask(session: Session, path: str, entered: StepEntered, uses: tuple[GuardUse, ...]) -> tuple[Evidence, ...]:
    if not uses:
        return ()
    context = step_context(path, entered, session.folder)
    targets = {name: target.conninfo for name, target in session.targets.by_name.items()}
    specs = [GuardUseSpec(use.check, use.with_, use.target or entered.target, use.severity) for use in uses]
    return ask_guards(
        specs,
        targets=targets,
        step=context,
        folder=session.folder,
        accept=session.config.config.accept,
        today=session.clock().date(),
        application_name=f"shisa/{session.run}/{path}",
    )


def step_context(path: str, entered: StepEntered, folder: Path) -> StepContext:
    """Tell a guard what the step is about."""
    step = step_of(entered.rendered)
    restore = step.restore
    if not isinstance(restore, Restore):
        return StepContext(id=path, kind=step.kind, statements=entered.statements)
    return StepContext(
        id=path,
        kind=step.kind,
        backup=folder / restore.from_,
        selection=Selection(
            schemas=tuple(restore.schemas),
            tables=tuple(restore.tables),
            section=restore.section,
            into={} if restore.into is None else dict(restore.into.schemas),
        ),
        sequences=restore.sequences,
        rows=restore.rows,
        where=dict(restore.where),
    )


def refuse_closed(path: str, evidence: tuple[dict[str, Any], ...]) -> GateClosedError:
    """Word a closed gate: the first finding that closes it."""
    for one in evidence:
        for finding in one["findings"]:
            if finding["verdict"] in {"unknown", "block"}:
                return GateClosedError(f"{path}: {one['check']} says {finding['verdict']}: {finding['message']}")
        if one["verdict"] in {"unknown", "block"}:
            return GateClosedError(f"{path}: {one['check']} says {one['verdict']}: {one['message']}")
    return GateClosedError(f"{path}: the gate is closed")
