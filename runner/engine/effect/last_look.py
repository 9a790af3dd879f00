"""The last look before an effect: nothing got worse since it was asked for. It counts for a short while only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from checks.base import Verdict
from runner.engine.effect.enter import entered_as
from runner.engine.fold.loops import loop_of
from runner.engine.fold.undoing import undone_of
from runner.engine.guard import gate
from runner.engine.people import approval, questions
from runner.engine.reads import other_bytes, read_again
from runner.engine.rendering import rendering
from runner.errors import ApprovalError
from runner.journal import turns
from runner.review.requests import uses_left

if TYPE_CHECKING:
    from runner.engine.rendered import Rendering
    from runner.engine.session import Session
    from runner.journal.events import StepEntered

COUNTS = timedelta(seconds=30)
"""How long a look counts; a team journal takes no intent on guards that were asked a minute ago."""
_BY_OTHERS = {"command", "backup", "restore"}
"""Kinds whose effect does not, or not only, go over the session that the run keeps."""


class AnewError(ApprovalError):
    """The step is not the one that was asked for any more, and must be asked for anew."""


class LastLook:
    """Looks at a step right before its effect, and once more where what the effect does first took longer."""

    def __init__(self, session: Session, path: str) -> None:
        """Look. Raises what ``renew`` raises."""
        self.session, self.path = session, path
        self._look()

    def renew(self) -> None:
        """Look again where the last look does not count any more.

        Raises AnewError, ApprovalError where it is approved no more, and GateClosedError where a guard objects now.
        """
        if not timedelta() <= self.session.clock() - self._at <= COUNTS:
            self.session.operator.tell(f"{self.path} is looked at again, for its preparation took its time")
            self._look()

    def _look(self) -> None:
        self.made, self.entered = _refuse_what_got_worse(self.session, self.path)
        self._at = self.session.clock()


def approved(session: Session, path: str) -> bool:
    """Whether a step may be started, or tried once more, under the approval that it has at this moment."""
    step = session.state.step(path)
    if step.entered is None or not step.entered.policies:
        return step.entered is not None
    if step.request is None:
        return False
    now = session.clock()
    standing = session.asked.standing(step.request.request, now)
    return standing.state == "approved" or uses_left(standing, path, now) > 0


def demand_approval(session: Session, path: str) -> None:
    """Make sure that a step is approved at this very moment.

    Raises ApprovalError.
    """
    session.refresh()
    if not approved(session, path):
        raise ApprovalError(f"{path} is not approved any more", hint="`shisa status` tells who must sign")


def refuse_changed(session: Session) -> None:
    """Refuse to go on where a file that the run is pinned to is another one now; approvals are void.

    Raises ApprovalError.
    """
    changed = session.untouched.changed(session.pinned)
    if changed:
        reason = f"{changed[0]} was changed after the run opened"
        approval.void_all(session, [reason])
        raise ApprovalError(reason, hint="put the file back and resume, or `resume --accept-changes` with the new one")


def _refuse_what_got_worse(session: Session, path: str) -> tuple[Rendering, StepEntered]:
    """Prove right before the effect that nothing got worse; the step as it was looked at.

    The pinned files, the rendered text, the policies and the guards are compared with what was approved. What takes a
    step back comes out of the journal; a file or an answer that changed meanwhile must not stop it.
    """
    taking_back = undone_of(path) is not None
    if not taking_back:
        refuse_changed(session)
    entered = session.state.step(path).entered
    if entered is not None and entered.destructive:
        read_again(session, entered)  # before the guards: it takes its time
    session.refresh()
    if session.state.closed is not None:
        raise turns.ended(session.state.closed.state)
    anew = session.hold(path)
    _unmoved(session, path)
    again = gate.ask(session, path, "again", every=anew) if session.state.step(path).guarded("again") else ()
    made = rendering(session, path)
    fresh = entered_as(session, path, made)
    reasons = approval.stale_reasons(session, path, fresh, again)
    if reasons:
        approval.void(session, path, reasons)
        raise AnewError(f"{path} must be approved again: {'; '.join(reasons)}")
    entered = session.state.step(path).entered
    if entered is None or (fresh.step_digest, fresh.policies) != (entered.step_digest, entered.policies):
        session.append(fresh, path)
        why = [] if entered is None else other_bytes(entered, fresh)
        raise AnewError("; ".join(why) or f"{path} is another step now than when it was shown")
    if entered.destructive and not taking_back:
        questions.still_agreed(session)
    asked = session.state.step(path).again
    if asked is not None and Verdict.of(asked.verdict).closes:
        raise gate.refuse_closed(path, asked.evidence)
    loop = session.state.step(loop_of(path) or "").request
    if loop is not None and session.requests().get(loop.request) == "lapsed":
        raise AnewError(f"{path} is not covered by the approval of its loop any more")
    if entered.policies:
        session.drift.refuse(session.records[-1].at)
        demand_approval(session, path)
    return made, entered


def _unmoved(session: Session, path: str) -> None:
    """Make sure that what acts by connections of its own finds the server that the run is bound to."""
    entered = session.state.step(path).entered
    target = None if entered is None or entered.kind not in _BY_OTHERS else session.targets.of(entered.target)
    if target is not None:
        target.connect("shisa/bind", unmoved=True).close()
