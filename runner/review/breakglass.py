"""Break-glass: a person whom every policy names goes on without the second person, in the open. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from runner.config.model import Config
from runner.figures import parse_time
from runner.journal import events as ev
from runner.journal.record import Record
from runner.review.approval import Request
from runner.review.exceptions import signer_of
from runner.review.ledger import teams_asked
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
    until = parse_time(body.until)
    return Refused(f"its end cannot be read ({body.until!r})") if until is None else min(until, at + LONGEST)


def skipped(request: Request, signed: Iterable[str], breaker: str, config: Config) -> tuple[str, ...]:
    """Tell whose signature a broken glass does without: everybody who could have signed and has not."""
    teams = set(teams_asked(config, request.body.policies))
    apart = {request.body.operator, breaker, *signed, *request.body.excluded}
    return tuple(who for who, each in config.people.items() if teams & set(each.teams) and who not in apart)
