"""Start a step: let the operator go, look again, write the intent, act, write the outcome."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from runner.engine import approval, gate
from runner.engine.enter import rendered
from runner.errors import ApprovalError, ShisaError
from runner.journal.events import StepEnded, StepIntended, StepSkipped, ValueCaptured
from runner.postgres.connect import short_name
from runner.runbook.model import step_of
from runner.runbook.render import statements_of
from runner.steps import EFFECTS
from runner.steps.base import Effect

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.engine.session import Session
    from runner.postgres.transaction import Xid


_NOT_ASKED = {"manual", "check"}
"""Kinds without a question whether to go: a manual step asks for its end, a check was just measured."""


def start(session: Session, path: str) -> bool:
    """Carry out one step; False where the operator does not want to go on now.

    Raises ApprovalError where what was approved is not what would run, GateClosedError where a target is not the
    one of this run, and JournalError before the effect where the intent cannot be made durable.
    """
    view = gate.view(session, path)
    if view.entered.kind not in _NOT_ASKED:
        answer = session.operator.go(view)
        if answer == "skip" and view.may_skip:
            session.append(StepSkipped(reason=session.operator.reason(view)), path)
            return True
        if answer != "go":
            return False
    if look_again(session, path):
        ended = _perform(session, path)
        session.append(ended, path)
    return True


def look_again(session: Session, path: str) -> bool:
    """Prove right before the effect that nothing got worse; False where the step must be asked for anew.

    The pinned files, the rendered text, the policies and the guards are compared with what was approved.
    """
    changed = changed_files(session)
    if changed:
        reason = f"{changed[0]} was changed after the run opened"
        approval.void_all(session, [reason])
        raise ApprovalError(reason, hint="put the file back and resume, or open a new run from the new file")
    session.refresh()
    again = gate.ask(session, path, "again") if session.state.step(path).guarded("again") else ()
    reasons = approval.stale_reasons(session, path, rendered(session, path).step_digest, again)
    if reasons:
        approval.void(session, path, reasons)
        session.operator.tell(f"{path} must be approved again: {'; '.join(reasons)}")
        return False
    asked = session.state.step(path).again
    if asked is not None and asked.verdict not in {"pass", "warn"}:
        raise gate.refuse_closed(path, asked.evidence)
    entered = session.state.step(path).entered
    if entered is not None and entered.policies:
        request = session.state.step(path).request
        if request is None or session.requests().get(request.request) != "approved":
            raise ApprovalError(f"{path} is not approved any more", hint="`shisa status` tells who must sign")
    return True


def changed_files(session: Session) -> list[str]:
    """Tell which of the files that the run is pinned to are not what they were."""
    changed = []
    for path, sha256 in session.pinned.items():
        try:
            content = path.read_bytes()
        except OSError:
            changed.append(str(path))
            continue
        if hashlib.sha256(content).hexdigest() != sha256:
            changed.append(str(path))
    return changed


def _perform(session: Session, path: str) -> StepEnded:
    """Run the effect; whatever goes wrong ends in a known or an unknown outcome, never in silence."""
    intended: list[StepIntended] = []
    effect = _effect(session, path, intended)
    perform: Callable[[Effect], StepEnded] = EFFECTS[effect.step.kind]()
    try:
        return perform(effect)
    except KeyboardInterrupt:
        return _interrupted(intended, "interrupted by the operator")
    except ShisaError as error:
        if not intended:
            intend(session, path, intended, None)
            return StepEnded(outcome="failed", message=f"not begun: {error.message}", detail=_hint(error))
        return _interrupted(intended, error.message)


def _interrupted(intended: list[StepIntended], message: str) -> StepEnded:
    """Without an xid nobody can tell from here what became of an effect that had begun."""
    if intended and intended[0].xid is None:
        return StepEnded(outcome="unknown", message=message)
    return StepEnded(outcome="cancelled", message=f"rolled back: {message}")


def _hint(error: ShisaError) -> dict[str, Any]:
    return {} if error.hint is None else {"hint": error.hint}


def intend(session: Session, path: str, intended: list[StepIntended], xid: Xid | None) -> StepIntended:
    """Make the intent durable; from here to ``step.ended`` the outcome is unknown."""
    step = session.state.step(path)
    if step.entered is None:
        raise AssertionError
    body = StepIntended(
        attempt=step.attempts + 1,
        step_digest=step.entered.step_digest,
        requests=() if step.request is None else (step.request.request,),
        xid=None if xid is None else xid.xid,
        system_identifier=None if xid is None else xid.system_identifier,
        timeline=None if xid is None else xid.timeline,
    )
    session.append(body, path)
    intended.append(body)
    return body


def _effect(session: Session, path: str, intended: list[StepIntended]) -> Effect:
    entered = session.state.step(path).entered
    if entered is None:
        raise AssertionError
    step = step_of(entered.rendered)
    target = session.targets.of(entered.target)
    name = short_name(f"shisa/{session.run}/{path}")

    def connect(*, purpose: str = "") -> Any:
        if target is None:
            raise ApprovalError(f"{path} has no target")
        return target.connect(f"{name}/{purpose}" if purpose else name)

    def capture(variable: str, value: Any) -> None:
        session.append(ValueCaptured(variable=variable, value=value), path)

    return Effect(
        run=session.run,
        path=path,
        step=step,
        statements=tuple(
            text.with_secrets(session.plan.secret_values) for text in statements_of(step, session.known(path))
        ),
        survives_rollback=entered.survives_rollback,
        values=session.known(path),
        folder=session.folder,
        application_name=name,
        intend=lambda xid: intend(session, path, intended, xid),
        connect=connect,
        conninfo=None if target is None else target.conninfo,
        confirm=lambda: session.operator.done(gate.view(session, path)),
        capture=capture,
        tell=session.operator.tell,
    )
