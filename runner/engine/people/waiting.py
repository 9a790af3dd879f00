"""Waiting: for a second person, for the window that they signed, for a waiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.engine.guard.gate import view
from runner.engine.people.approval import ANOTHER_WINDOW, another_window, void
from runner.engine.people.lasting import POLICIES_CHANGED
from runner.figures import moment
from runner.journal import turns
from runner.journal.events import WaiverGiven
from runner.journal.presence import lookers

if TYPE_CHECKING:
    from runner.engine.session import Session
    from runner.journal.events import ApprovalRequested

_LOOK_S = 0.5
"""Seconds between two looks though nobody wrote: a time may be up, or somebody may have begun to look."""


def for_approval(session: Session, path: str) -> bool:
    """Wait until the step's request is decided; False where the operator does not want to wait here.

    Raises GateClosedError where the clock cannot be trusted.
    """
    asked = _open(session, path)
    if asked is None:
        return True
    session.operator.waiting(view(session, path), asked)
    return _while(session, asked, "waiting")


def for_window(session: Session, path: str) -> bool:
    """Wait until the signed window begins; False where the operator does not want to wait here.

    Raises GateClosedError where the clock cannot be trusted.
    """
    asked = _open(session, path)
    if asked is None or asked.window is None:
        return True
    begin, end = moment(asked.window["not_before"]), moment(asked.window["not_after"])
    session.operator.tell(f"{path} is approved; its window begins at {begin} and ends at {end}")
    return _while(session, asked, "early")


def for_waiver(session: Session, path: str) -> None:
    """Wait until somebody has waived a finding of the step, or has ended the run.

    Raises RunEndedError.
    """
    session.locks.release()
    begun = len(session.records)
    while True:
        session.refresh()
        if session.state.closed is not None:
            raise turns.ended(session.state.closed.state)
        if any(isinstance(one.body, WaiverGiven) and one.step == path for one in session.records[begun:]):
            return
        session.journal.wait_for_change(_LOOK_S)


def _open(session: Session, path: str) -> ApprovalRequested | None:
    """Give the step's request, unless nobody could sign it any more; then it is void."""
    asked = session.state.step(path).request
    if asked is None:
        raise AssertionError
    session.drift.refuse(session.records[-1].at)
    for changed, reason in (
        (asked.policy_digest != session.config.digest, POLICIES_CHANGED),
        (another_window(session, asked), ANOTHER_WINDOW),
    ):
        if changed:
            void(session, path, [reason])
            return None
    return asked


def _while(session: Session, asked: ApprovalRequested, state: str) -> bool:
    if session.detach:
        return False
    policies = (session.config.config.policies[name] for name in asked.policies)
    if not any(policy.lock_while_waiting == "hold" for policy in policies):
        session.locks.release()
    here: tuple[str, ...] = ()
    while True:
        session.refresh()
        session.drift.refuse(session.records[-1].at)
        if session.requests().get(asked.request, "waiting") != state:
            return True
        here = _told(session, asked, here)
        session.journal.wait_for_change(_LOOK_S)


def _told(session: Session, asked: ApprovalRequested, before: tuple[str, ...]) -> tuple[str, ...]:
    """Tell the operator who has begun to look since the last time; gives who looks now."""
    here = lookers(session.journal, asked.request)
    for name in here:
        if name not in before:
            session.operator.tell(f"{name} is looking at it now")
    return here
