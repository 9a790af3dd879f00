"""What ``review``, ``approve`` and ``reject`` share: find a request that waits, and sign a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.errors import ApprovalError, UsageError
from runner.review.requests import Standing, requests_of

if TYPE_CHECKING:
    from datetime import datetime

    from runner.cli.common import Desk
    from runner.journal.record import Record
    from runner.review.identity import Identity
    from runner.review.statement import Decision
    from runner.terminal.reviewing import Case


def waiting(at: Desk, now: datetime) -> list[Standing]:
    """Every request that waits for somebody, oldest first."""
    return [one for one in requests_of(at.journal.records(), at.config.config, now) if one.state == "waiting"]


def find(at: Desk, run: str, step: str | None, now: datetime) -> Case:
    """Find the request of a run (and step) that waits.

    Raises UsageError where there is none, with what became of the newest one.
    """
    from runner.terminal.reviewing import case_of

    lines = list(at.journal.records())
    mine = [one for one in requests_of(lines, at.config.config, now) if one.request.run == run]
    if not mine:
        raise UsageError(f"run {run} asks nobody for an approval", hint="`shisa review` lists what waits")
    fitting = [one for one in mine if step is None or one.request.step == step]
    if not fitting:
        asked = ", ".join(dict.fromkeys(one.request.step for one in mine))
        raise UsageError(f"step {step} of run {run} asks for no approval", hint=f"steps that asked: {asked}")
    standing = fitting[-1]
    if standing.state != "waiting":
        raise ApprovalError(
            f"the request of {standing.request.step} is {standing.state}"
            + (f": {standing.reason}" if standing.reason else "")
        )
    return case_of(standing, lines)


def sign(
    at: Desk, case: Case, who: Identity, decision: Decision, *, team: str | None, attested: Any, reason: str | None
) -> Record:
    """Sign a decision as a person in one capacity, and journal it.

    Raises ApprovalError where it would not count, with the reason.
    """
    from runner.engine.ports import wall_clock
    from runner.review.decide import capacity, decide

    if who.key is None:
        raise ApprovalError(
            f"{who.person} has no key at hand to sign with", hint="give --key FILE, or load the key into ssh-agent"
        )
    return decide(
        at.journal,
        at.config,
        case.standing,
        decision=decision,
        person=who.person,
        key=who.key,
        as_team=capacity(case.standing, at.config, who.person, team),
        attested=attested,
        now=wall_clock(),
        reason=reason,
    )
