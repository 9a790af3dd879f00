"""The gate: ask a step's guards, and take a remedy over where the operator wants it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from checks import catalog
from checks.base import Remedy, Verdict
from runner.engine.guard.asking import ask_all
from runner.engine.guard.recheck import holding
from runner.engine.ports import Offer, StepView
from runner.errors import GateClosedError
from runner.journal.events import GuardsAsked, Moment, PlanAmended
from runner.review.waivers import applied, exceeded, teams_that_waive, waivers_of
from runner.runbook.model import GuardUse, Step, step_of
from runner.runbook.plan import amend

if TYPE_CHECKING:
    from runner.engine.session import Session
    from runner.evidence import Evidence


def ask(session: Session, path: str, moment: Moment, *, every: bool = False) -> tuple[dict[str, Any], ...]:
    """Ask the guards of one moment and journal their evidence.

    Before the effect those are asked whose evidence may not hold any more; ``every`` takes only a proof that it holds.
    """
    entered = session.state.step(path).entered
    if entered is None:
        raise AssertionError
    uses = _guards(step_of(entered.rendered), moment)
    holds = holding(session, path, uses, proven=every) if moment == "again" else [None] * len(uses)
    asked = [use for use, known in zip(uses, holds, strict=True) if known is None]
    fresh = iter(ask_all(session, path, asked, moment) if asked else ())
    found = tuple(_settled(session, path, next(fresh)).as_json() if known is None else known for known in holds)
    worst = max((Verdict.of(one["verdict"]) for one in found), default=Verdict.PASS)
    session.append(GuardsAsked(moment=moment, verdict=str(worst), evidence=found), path)
    return found


def _settled(session: Session, path: str, evidence: Evidence) -> Evidence:
    """Take the waivers of the step into account, and tell the operator of one that is void."""
    if not evidence.verdict.closes:
        return evidence
    known = waivers_of(session.records, path, session.config.config, session.clock())
    void = [f"a waiver of {who} is void: {why}" for who, why in known.refused]
    for told in (*void, *exceeded(evidence, known.holding)):
        session.operator.tell(told)
    return applied(evidence, known.holding)


def offers(session: Session, path: str) -> list[Offer]:
    """Find the remedies that the guards of a closed gate have named, as their evidence stands in the journal."""
    before = session.state.step(path).before
    return [
        Offer(one["check"], finding["object"], Remedy(**finding["remedy"]))
        for one in (() if before is None else before.evidence)
        for finding in one["findings"]
        if finding.get("remedy") is not None and _closes(finding)
    ]


def may_waive(session: Session, path: str) -> tuple[str, ...]:
    """Tell the teams that could waive all that keeps the gate shut; none where something cannot be waived."""
    step = session.state.step(path)
    if step.before is None or step.entered is None:
        return ()
    closing = [one for one in step.before.evidence if Verdict.of(one["verdict"]).closes]
    if not closing or not all(catalog.get(one["check"]).cls.waivable for one in closing):
        return ()
    return teams_that_waive(step.entered.policies, session.config.config)


def take_over(session: Session, path: str, offer: Offer) -> None:
    """Amend the plan by a remedy: the step changed, its new steps behind it, its approvals void.

    A new step needs the same approval, and works on the same target, as the step that it mends.
    """
    step = session.plan.data(path)
    inherited = {key: step[key] for key in ("approval", "target", "group") if key in step}
    then = tuple({**inherited, **copy.deepcopy(dict(added))} for added in offer.remedy.then)
    session.plan = amend(session.plan, path, dict(offer.remedy.set), then)
    body = PlanAmended(
        check=offer.check,
        object=offer.object,
        why=offer.remedy.why,
        set=dict(offer.remedy.set),
        then=then,
        plan_digest=session.plan_digest(),
    )
    session.append(body, path)


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


def refuse_closed(path: str, evidence: tuple[dict[str, Any], ...]) -> GateClosedError:
    """Word a closed gate: what the first guard that closes it says."""
    for one in evidence:
        if Verdict.of(one["verdict"]).closes:
            hint = f"`shisa explain {one['check']}` tells what it looks at and what to do"
            said = f"{path}: {one['check']} says {one['verdict']}: {one['message']}"
            return GateClosedError(said, hint=hint, guard=one["check"])
    return GateClosedError(f"{path}: the gate is closed")


def _closes(finding: Mapping[str, Any]) -> bool:
    return Verdict.of(finding["verdict"]).closes and not {"accepted", "waived"} & finding.keys()


def _guards(step: Step, moment: Moment) -> tuple[GuardUse, ...]:
    return step.guards.after if moment == "after" else step.asked_before
