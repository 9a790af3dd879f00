"""Whose turn it is to carry a run out: the program that took it up last, and nobody when it has ended."""

from __future__ import annotations

from typing import NoReturn

from runner.errors import RunEndedError, RunTakenError
from runner.figures import moment
from runner.journal.events import RunClosed, RunHandedOver, RunResumed
from runner.journal.record import Record

TAKES = (RunResumed.name, RunHandedOver.name, RunClosed.name)
"""Events after which the program that carried the run out until then may write nothing more of it."""


def ended(state: str) -> RunEndedError:
    """Make the error of a program that finds its run ended in this state."""
    return RunEndedError(f"somebody ended the run while this program worked on it ({state})")


def refuse(record: Record) -> NoReturn:
    """Tell a program that its turn is over, by the line that says so."""
    body = record.body
    if isinstance(body, RunClosed):
        raise ended(body.state)
    on = f" on {body.host}" if isinstance(body, RunResumed | RunHandedOver) and body.host else ""
    raise RunTakenError(
        f"{record.person} took run {record.run} up{on} at {moment(record.at)}",
        hint=f"`shisa show {record.run}` tells how it goes on there",
    )
