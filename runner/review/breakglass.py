"""Break-glass: a person whom every policy names goes on without the second person, in the open. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from runner.config.model import Config
from runner.errors import ApprovalError
from runner.journal import events as ev
from runner.journal.record import Record
from runner.review.approval import Request
from runner.review.exceptions import signer_of
from runner.review.ledger import operators_of, teams_asked
from runner.review.sshsig import Refused

LONGEST = timedelta(hours=1)
"""How long a broken glass lets a step start."""


def who_may(policies: Iterable[str], config: Config) -> tuple[str, ...]:
    """Tell the people whom every one of these policies lets break the glass; a policy names people or teams."""
    named = [set(config.policies[name].break_glass) if name in config.policies else set() for name in policies]
    return tuple(
        person
        for person, each in config.people.items()
        if named and all({person, *each.teams} & names for names in named)
    )


def broken_until(line: Record, request: Request, config: Config) -> datetime | Refused:
    """Tell until when a broken glass lets a request's step start without its signatures, or why it does not.

    ``line`` is the journal's line of a ``breakglass.opened``.
    """
    body, who = line.body, line.person
    if not isinstance(body, ev.BreakglassOpened):
        raise TypeError(body.name)
    if (line.run, line.step) != (request.run, request.step):
        return Refused("its line stands at another run or step")
    if who not in who_may(request.body.policies, config):
        return Refused(f"{who} may not break the glass of {' and '.join(request.body.policies)}")
    if body.policy_digest != request.body.policy_digest:
        return Refused("it was signed under other policies than the request's")
    at = datetime.fromisoformat(line.at)
    found = signer_of(body, run=line.run, step=line.step, person=who, people=config.people, at=at)
    if isinstance(found, Refused):
        return found
    return min(datetime.fromisoformat(body.until), at + LONGEST)


def skipped(request: Request, signed: Iterable[str], breaker: str, config: Config) -> tuple[str, ...]:
    """Tell whose signature a broken glass does without: everybody who could have signed and has not."""
    teams = set(teams_asked(config, request.body.policies))
    apart = {request.body.operator, breaker, *signed, *request.body.excluded}
    return tuple(who for who, each in config.people.items() if teams & set(each.teams) and who not in apart)


def looks_as(lines: Sequence[Record], person: str, team: str | None, config: Config) -> str:
    """Tell as which team a person may look afterwards at a run that broke the glass.

    Raises ApprovalError with the reason why they may not.
    """
    broken = {line.body.request: line.person for line in lines if isinstance(line.body, ev.BreakglassOpened)}
    asked = (line.body for line in lines if isinstance(line.body, ev.ApprovalRequested))
    teams = teams_asked(config, [name for body in asked if body.request in broken for name in body.policies])
    if person in {*operators_of(lines), *broken.values()}:
        raise ApprovalError(f"{person} took part in the run", hint="a second person must look at it")
    known = config.people[person].teams if person in config.people else ()
    mine = [name for name in teams if name in known and team in {None, name}]
    if not mine:
        raise ApprovalError(
            f"{person} is in no team that was done without", hint=f"somebody of {', '.join(teams)} must look"
        )
    return mine[0]


def post_review(lines: Iterable[Record]) -> Literal["open", "done"] | None:
    """Say whether somebody has looked at a broken glass afterwards; None where none was broken.

    Neither the operator nor who broke it can be that somebody.
    """
    found: Literal["open", "done"] | None = None
    involved: set[str] = set()
    for line in lines:
        match line.body:
            case ev.RunOpened(operator=operator) | ev.RunHandedOver(to_person=operator):
                involved.add(operator)
            case ev.BreakglassOpened():
                involved.add(line.person)
                found = "open"
            case ev.BreakglassReviewed() if found and line.person not in involved:
                found = "done"
            case _:
                pass
    return found
