"""Whose turn it is to carry a run out: the program that took it up last, and nobody when it has ended.

What was approved is not begun behind the line of somebody who takes that back, either.
"""

from __future__ import annotations

from typing import NoReturn

from runner.errors import ApprovalError, RunEndedError, RunTakenError
from runner.figures import moment
from runner.journal.events import (
    ApprovalRejected,
    ApprovalWithdrawn,
    Event,
    RunClosed,
    RunHandedOver,
    RunResumed,
    StepIntended,
)
from runner.journal.record import Record

TAKES = (RunResumed.name, RunHandedOver.name, RunClosed.name)
"""Events after which the program that carried the run out until then may write nothing more of it."""
_TAKEN_BACK = (ApprovalRejected.name, ApprovalWithdrawn.name)


def fences(body: Event) -> tuple[str, ...]:
    """Name the events behind which a line is not written by a program that has not seen them."""
    return TAKES + (_TAKEN_BACK if isinstance(body, StepIntended) and body.requests else ())


def ended(state: str) -> RunEndedError:
    """Make the error of a program that finds its run ended in this state."""
    return RunEndedError(f"somebody ended the run while this program worked on it ({state})")


def refuse(record: Record) -> NoReturn:
    """Tell a program that its turn is over, or that it may not begin a step, by the line that says so."""
    body = record.body
    if isinstance(body, ApprovalRejected | ApprovalWithdrawn):
        verb = "rejected" if isinstance(body, ApprovalRejected) else "withdrew"
        raise ApprovalError(
            f"{record.person} {verb} at the moment when {record.step} was to begin: {body.reason}",
            hint="`shisa resume` asks anew",
        )
    if isinstance(body, RunClosed):
        raise ended(body.state)
    on = f" on {body.host}" if isinstance(body, RunResumed | RunHandedOver) and body.host else ""
    raise RunTakenError(
        f"{record.person} took run {record.run} up{on} at {moment(record.at)}",
        hint=f"`shisa show {record.run}` tells how it goes on there",
    )
