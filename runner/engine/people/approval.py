"""The second person, seen from the engine: ask, and look again before the effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.canonical import digest, without_floats
from runner.engine.people.excluding import excluded
from runner.engine.people.lasting import POLICIES_CHANGED, lapsed
from runner.engine.people.windows import Window, objection, request_until
from runner.engine.ports import stamp
from runner.engine.reads import other_bytes
from runner.errors import GateClosedError
from runner.evidence import envelope, no_worse
from runner.journal.events import ApprovalExpired, ApprovalRequested, ApprovalStale, Part
from runner.policy import uses
from runner.review.requests import new_request_id, uses_left

if TYPE_CHECKING:
    from runner.engine.fold.state import StepState
    from runner.engine.session import Session
    from runner.journal.events import StepEntered

ANOTHER_WINDOW = "the operator has named another window than at the request"


def request(session: Session, path: str, ahead: Sequence[str] = ()) -> None:
    """Journal a request for the step as it is rendered, within the envelope of what its guards found.

    The steps of its group that are ready ``ahead`` are asked for with it, as far as they need approval on the same
    target.
    """
    target = session.targets.of(_entered(session, path).target)
    asked = [path]
    for each in ahead:
        entered = session.state.step(each).entered
        if entered is None or session.state.step(each).outcome is not None or not entered.policies:
            continue
        if session.targets.of(entered.target) is not target:
            break
        asked.append(each)
    parts = tuple(_part(session, each) for each in asked)
    names = tuple(dict.fromkeys(name for part in parts for name in part.policies))
    policies = {name: session.config.config.policies[name] for name in names}
    window = window_of(session)
    refused = None if window is None else objection(window, policies)
    if refused is not None:
        raise GateClosedError(f"{path}: {refused}", hint="resume with another window: --not-before, --not-after")
    apart = excluded(session, asked, policies)
    whole = parts[0] if len(parts) == 1 else together(parts)
    session.append(
        ApprovalRequested(
            request=new_request_id(),
            step_digest=whole.step_digest,
            plan_digest=session.plan_digest(),
            policy_digest=session.config.digest,
            policies=names,
            operator=session.state.operator,
            target="" if target is None else target.bound.fingerprint,
            envelope=whole.envelope,
            not_after=stamp(request_until(session.clock(), policies.values(), window)),
            window=None if window is None else window.as_json(),
            excluded=apart,
            max_uses=uses(policy.retries for policy in policies.values()),
            group=None if len(parts) == 1 else session.planned(path).data["group"],
            parts=() if len(parts) == 1 else parts,
        ),
        path,
    )


def window_of(session: Session) -> Window | None:
    """Tell the window that requests are made for: the one named in this process, else the newest of the run.

    One that is over is none.
    """
    asked = (record.body for record in reversed(session.records) if isinstance(record.body, ApprovalRequested))
    newest = next((Window.of(body.window) for body in asked if body.window is not None), None)
    window = session.window or newest
    return window if window is not None and session.clock() < window.not_after else None


def another_window(session: Session, asked: ApprovalRequested) -> bool:
    """Whether the operator has named another window in this process than was asked for."""
    return session.window is not None and session.window.as_json() != asked.window


def _part(session: Session, path: str) -> Part:
    step, entered = session.state.step(path), _entered(session, path)
    return Part(step=path, step_digest=entered.step_digest, policies=entered.policies, envelope=limits_of(step))


def limits_of(step: StepState) -> dict[str, Any]:
    """Tell within which limits a step is asked for: what its guards found, and what a loop goes through."""
    found = {"guards": envelope(() if step.before is None else step.before.evidence)}
    return found if step.items is None else found | {"items": without_floats(list(step.items))}


def together(parts: Sequence[Part]) -> Part:
    """Put the steps of a group under one digest and one list of limits, for readers that know nothing of groups."""
    digests = [{"step": part.step, "step_digest": part.step_digest} for part in parts]
    limits = {"guards": [entry for part in parts for entry in part.envelope["guards"]]}
    return Part(step="", step_digest=digest(digests), policies=(), envelope=limits)


def _entered(session: Session, path: str) -> StepEntered:
    entered = session.state.step(path).entered
    if entered is None:
        raise AssertionError
    return entered


def expire(session: Session, path: str, reason: str) -> None:
    """Journal that a request outlived its time, once."""
    step = session.state.step(path)
    if step.request is not None and step.refused is None:
        session.append(ApprovalExpired(request=step.request.request, reason=reason), path)


def stale_reasons(session: Session, path: str, fresh: StepEntered, evidence: Sequence[dict[str, Any]]) -> list[str]:
    """Say why what was approved is not what would run now; empty where it is."""
    request_, entered = session.state.step(path).request, session.state.step(path).entered
    if request_ is None or entered is None:
        return []
    part = request_.part(path)
    if part is None:
        return ["the request does not ask for this step"]
    reasons = []
    if limits_of(session.state.step(path)).get("items") != part.envelope.get("items"):
        reasons.append("the loop goes through other items than were approved")
    if fresh.step_digest != part.step_digest:
        reasons += other_bytes(entered, fresh) or ["the rendered step is another one than was approved"]
    if session.plan_digest() != request_.plan_digest:
        reasons.append("the plan is another one than was approved")
    if session.config.digest != request_.policy_digest:
        reasons.append(POLICIES_CHANGED)
    if another_window(session, request_):
        reasons.append(ANOTHER_WINDOW)
    if fresh.policies != part.policies:
        reasons.append("it needs other policies than were satisfied")
    return reasons + no_worse(part.envelope["guards"], evidence)


def void(session: Session, path: str, reasons: Sequence[str]) -> None:
    """Journal that the step's request is stale, where it could still be used, also for another attempt."""
    step = session.state.step(path)
    if step.request is None:
        return
    now = session.clock()
    standing = session.asked.standing(step.request.request, now)
    if standing.state in {"waiting", "approved"} or uses_left(standing, path, now):
        session.append(ApprovalStale(request=step.request.request, reasons=tuple(reasons)), path)


def lapse(session: Session, loop: str) -> None:
    """Journal that a loop's approval covers the rest of it no more, before that is asked for anew."""
    request_ = session.state.step(loop).request
    why = None if request_ is None else lapsed(session, session.asked.standing(request_.request, session.clock()))
    if request_ is not None and why is not None:
        session.append(ApprovalStale(request=request_.request, reasons=(why,)), loop)
        session.operator.tell(f"the rest of {loop} must be approved again: {why}")


def void_all(session: Session, reasons: Sequence[str]) -> None:
    """Journal that every request not yet used is stale."""
    for path, step in session.state.steps.items():
        if step.unused is not None:
            void(session, path, reasons)
