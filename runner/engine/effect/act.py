"""Start a step: let the operator go, look again, write the intent, act, write the outcome."""

from __future__ import annotations

import dataclasses
import signal
import time
from typing import TYPE_CHECKING, Any

import msgspec

from runner.engine.effect.carrying_out import NEVER_AN_OUTCOME, Carried, broken_off, carry_out
from runner.engine.effect.during import guards_during, hold
from runner.engine.effect.last_look import AnewError, LastLook, demand_approval
from runner.engine.effect.stopping import Interrupted, Signals, in_words
from runner.engine.fold.loops import after_canary, loop_of, pause_before
from runner.engine.fold.undoing import unasked, undone_of
from runner.engine.guard import gate
from runner.engine.guard.asking import ask_all
from runner.engine.people import questions
from runner.errors import ApprovalError, ArchiveError, GateClosedError, StepFailedError, TargetLostError
from runner.journal.events import GuardSampled, StepEnded, StepIntended, StepSkipped, ValueCaptured
from runner.postgres.connect import short_name
from runner.runbook.consequences import QUIET_KINDS
from runner.runbook.model import GuardUse, step_of
from runner.runbook.values import masked
from runner.steps import EFFECTS
from runner.steps.base import Effect, Undone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from runner.archive.fingerprint import Fingerprint
    from runner.engine.session import Session
    from runner.evidence import Evidence
    from runner.journal.events import StepEntered
    from runner.postgres.transaction import Xid


def start(session: Session, path: str) -> bool:
    """Carry out one step; False where the operator does not want to go on now.

    Raises ApprovalError where what was approved is not what would run, GateClosedError where a target is not the
    one of this run, and JournalError before the effect where the intent cannot be made durable.
    """
    view = gate.view(session, path)
    inside = loop_of(path) is not None
    if after_canary(session.state, path) if inside else _asks(session, path):
        answer = session.operator.go(view)
        if answer == "skip" and view.may_skip:
            session.append(StepSkipped(reason=session.operator.reason(view)), path)
            return True
        if answer != "go":
            return False
        session.gone_on = session.clock()
    if inside:
        time.sleep(pause_before(session.state, path))
        hold(session, path, guards_during(session, path))
    attempt(session, path)
    return True


def attempt(session: Session, path: str) -> None:
    """Look again, and where nothing got worse make one attempt at a step: intent, effect, outcome.

    Raises Interrupted where the program was asked to end, and what ``start`` raises.
    """
    try:
        try:
            _attempt(session, path)
        except TargetLostError as lost:
            session.operator.tell(f"{lost.message}: it is taken again, and the guards are asked once more")
            _attempt(session, path)
    except AnewError as anew:
        session.operator.tell(anew.message)


def _attempt(session: Session, path: str) -> None:
    look = LastLook(session, path)
    if session.state.step(path).loops:
        intend(look, [], None)
    else:
        _carry_out(session, path, look)


def _carry_out(session: Session, path: str, look: LastLook) -> None:
    signals, intended = Signals(), list[StepIntended]()
    with signals.noted():  # none may come between an effect and the line that tells its outcome
        carried = _perform(session, path, look, signals, intended)
        if intended:
            session.append(carried.ended, path)
        if carried.ended.outcome != "unknown" and look.entered.kind == "command":
            session.mark(path).forget()
        late = signals.take()
    if carried.stopped is not None:
        raise Interrupted(f"{path}: {carried.ended.message}")
    if late is not None:
        raise Interrupted(f"{in_words(late)} as {path} ended")
    if carried.breach is not None:
        raise GateClosedError(f"{path}: a guard objected while the step ran: {carried.breach}")


def _asks(session: Session, path: str) -> bool:
    """Whether the operator is asked before a step: not where a rollback was agreed to as a whole, or asks nobody.

    Nor is there a question whether to go where nothing is changed; a manual step asks for its end.
    """
    entered = session.state.step(path).entered
    quiet = entered is not None and entered.kind in QUIET_KINDS
    return not quiet and session.state.rollback is None and not (undone_of(path) and unasked(session.state, path))


def _perform(session: Session, path: str, look: LastLook, signals: Signals, intended: list[StepIntended]) -> Carried:
    """Run the effect; whatever goes wrong ends in a known or an unknown outcome, never in silence.

    One that is ended before its intent leaves none, for it was not begun. Raises JournalError: then nothing is known to
    be durable, and the intent tells what to look at.
    """
    effect = _effect(session, path, look, intended)
    perform: Callable[[Effect], StepEnded] = EFFECTS[effect.step.kind]()
    try:
        carried = carry_out(session, effect, perform, signals, intended)
    except NEVER_AN_OUTCOME:
        raise
    except (KeyboardInterrupt, Exception) as error:  # an effect that had begun must not be left without an outcome
        if not intended and isinstance(error, (GateClosedError, ApprovalError)):
            raise
        stopped = isinstance(error, KeyboardInterrupt)
        carried = Carried(broken_off(intended, error), stopped=in_words(signal.SIGINT) if stopped else None)
    if not intended and carried.stopped is None and carried.breach is None:
        effect.intend(None)
    ended, secrets = carried.ended, session.plan.secret_values
    detail = {key: masked(value, secrets) if isinstance(value, str) else value for key, value in ended.detail.items()}
    masked_ = msgspec.structs.replace(ended, message=masked(ended.message, secrets), detail=detail)
    return dataclasses.replace(carried, ended=masked_)


def intend(look: LastLook, intended: list[StepIntended], xid: Xid | None, kept: str | None = None) -> StepIntended:
    """Make the intent durable, behind a look that counts; from here to ``step.ended`` the outcome is unknown."""
    session, path = look.session, look.path
    look.renew()
    step = session.state.step(path)
    if step.entered is None:
        raise AssertionError
    if step.entered.policies:
        demand_approval(session, path)  # a look counts for half a minute, a withdrawal at once
    body = StepIntended(
        attempt=step.attempts + 1,
        step_digest=step.entered.step_digest,
        requests=() if step.request is None else (step.request.request,),
        xid=None if xid is None else xid.xid,
        system_identifier=None if xid is None else xid.system_identifier,
        timeline=None if xid is None else xid.timeline,
        kept=kept,
    )
    session.append(body, path)
    intended.append(body)
    return body


def _effect(session: Session, path: str, look: LastLook, intended: list[StepIntended]) -> Effect:
    entered, made = look.entered, look.made
    step = step_of(entered.rendered)
    target = session.targets.of(entered.target)
    name = short_name(f"shisa/{session.run}/{path}")
    undone = undone_of(path)

    def connect(*, purpose: str = "") -> Any:
        if target is None:
            raise ApprovalError(f"{path} has no target")
        if purpose == "note":
            return session.links.note(target, f"{name}/note")
        return target.connect(f"{name}/{purpose}") if purpose else session.links.effect(target, name)

    def measure(check: str, given: Mapping[str, Any]) -> Evidence:
        (evidence,) = ask_all(session, path, (GuardUse(check=check, with_=dict(given)),), "before")
        session.append(GuardSampled(evidence=evidence.as_json()), path)
        return evidence

    def kept() -> Iterator[bytes]:
        of = undone or path
        done = session.state.step(of).intended
        if done is None or done.kept is None:
            raise ApprovalError(f"{of} kept no rows, so there is nothing to put back")
        return session.attachments.read(done.kept)

    def capture(variable: str, value: Any) -> None:
        session.append(ValueCaptured(variable=variable, value=value), path)

    return Effect(
        run=session.run,
        path=path,
        step=step,
        undoes=None if undone is None else _undone(session, undone),
        statements=tuple(text.with_secrets(session.plan.secret_values) for text in made.statements),
        survives_rollback=entered.survives_rollback,
        values=session.known(path),
        secrets=session.plan.secret_values,
        folder=session.folder,
        application_name=name,
        mark=lambda: session.mark(path),
        look_again=look.renew,
        intend=lambda xid, kept=None: intend(look, intended, xid, kept),
        attach=session.journal.attach,
        archive=lambda file: _archive(session, entered, file),
        keep=session.attachments.put,
        kept=kept,
        connect=connect,
        conninfo=None if target is None else target.conninfo,
        confirm=lambda: session.operator.done(gate.view(session, path)),
        agreed=lambda: questions.agreed(session, path),
        measure=measure,
        started=lambda _: None,
        stopping=lambda: False,
        sleep=time.sleep,
        capture=capture,
        tell=session.operator.tell,
        progress=session.operator.progress,
    )


def _archive(session: Session, entered: StepEntered, file: Path) -> Fingerprint:
    """Prove that a backup holds the bytes that were shown; what its stamp proves is not read again."""
    try:
        found = session.summed.of(file)
    except ArchiveError as error:
        raise StepFailedError(error.message, hint=error.hint) from error
    for each in entered.reads:
        if session.folder / each.path == file and each.sha256 != found.sha256:
            raise StepFailedError(
                f"{each.path} holds other bytes than when it was shown: sha256 {found.sha256[:16]}… now",
                hint="find out who wrote to it",
            )
    return found


def _undone(session: Session, path: str) -> Undone:
    known = session.state.step(path)
    if known.entered is None:
        raise AssertionError
    return Undone(path, step_of(known.entered.rendered), known.ended)
