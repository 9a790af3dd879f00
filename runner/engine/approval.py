"""The second person, seen from the engine: ask, wait, and look again before the effect."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from checks.duration import parse_duration
from runner.engine.gate import view
from runner.engine.ports import stamp
from runner.evidence import envelope, no_worse
from runner.journal.events import ApprovalExpired, ApprovalRequested, ApprovalStale
from runner.review.requests import new_request_id

if TYPE_CHECKING:
    from runner.engine.session import Session
    from runner.evidence import Evidence
    from runner.journal.events import StepEntered

_POLICIES_CHANGED = "the policies in shisa.yaml are others than at the request"
_POLL = 0.3
"""Seconds between two looks into the journal."""


def request(session: Session, path: str) -> None:
    """Journal a request for the step as it is rendered, within the envelope of what its guards found."""
    step = session.state.step(path)
    if step.entered is None:
        raise AssertionError
    evidence = () if step.before is None else step.before.evidence
    policies = [session.config.config.policies[name] for name in step.entered.policies]
    ttl = min((parse_duration(policy.request_ttl) for policy in policies), default=timedelta(hours=1))
    target = session.targets.of(step.entered.target)
    session.append(
        ApprovalRequested(
            request=new_request_id(),
            step_digest=step.entered.step_digest,
            plan_digest=session.plan_digest(),
            policy_digest=session.config.digest,
            policies=step.entered.policies,
            operator=session.state.operator,
            target="" if target is None else target.bound.fingerprint,
            envelope={"guards": envelope(evidence)},
            not_after=stamp(session.clock() + ttl),
        ),
        path,
    )


def wait(session: Session, path: str) -> bool:
    """Wait until the step's request is decided; False where the operator does not want to wait here."""
    step = session.state.step(path)
    if step.request is None:
        raise AssertionError
    if step.request.policy_digest != session.config.digest:
        void(session, path, [_POLICIES_CHANGED])  # nobody whose shisa.yaml is today's could sign it
        return True
    session.operator.waiting(view(session, path), step.request)
    if session.detach:
        return False
    while True:
        session.refresh()
        if session.requests().get(step.request.request, "waiting") != "waiting":
            return True
        time.sleep(_POLL)


def expire(session: Session, path: str, reason: str) -> None:
    """Journal that a request outlived its time, once."""
    step = session.state.step(path)
    if step.request is not None and step.refused is None:
        session.append(ApprovalExpired(request=step.request.request, reason=reason), path)


def stale_reasons(session: Session, path: str, fresh: StepEntered, evidence: Sequence[Evidence]) -> list[str]:
    """Say why what was approved is not what would run now; empty where it is."""
    request_ = session.state.step(path).request
    if request_ is None:
        return []
    reasons = []
    if fresh.step_digest != request_.step_digest:
        reasons.append("the rendered step is another one than was approved")
    if session.plan_digest() != request_.plan_digest:
        reasons.append("the plan is another one than was approved")
    if session.config.digest != request_.policy_digest:
        reasons.append(_POLICIES_CHANGED)
    if fresh.policies != request_.policies:
        reasons.append("it needs other policies than were satisfied")
    return reasons + no_worse(request_.envelope["guards"], [one.as_json() for one in evidence])


def void(session: Session, path: str, reasons: Sequence[str]) -> None:
    """Journal that the step's request is stale, where it could still be used."""
    step = session.state.step(path)
    if step.request is not None and session.requests().get(step.request.request) in {"waiting", "approved"}:
        session.append(ApprovalStale(request=step.request.request, reasons=tuple(reasons)), path)


def void_all(session: Session, reasons: Sequence[str]) -> None:
    """Journal that every request not yet used is stale."""
    for path, step in session.state.steps.items():
        if step.intended is None:
            void(session, path, reasons)
