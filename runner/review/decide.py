"""Decide a request: build the statement, sign it, prove that it counts, and only then journal it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from runner.clock import stamp
from runner.config.model import Loaded
from runner.errors import ApprovalError
from runner.journal.events import ApprovalGiven, ApprovalRejected, ApprovalWithdrawn
from runner.journal.record import Head, Journal, Record
from runner.policy import Vote, assign
from runner.review.approval import Request, event_of, verify_approval
from runner.review.keys import KeyRef
from runner.review.ledger import teams_asked
from runner.review.requests import Standing, sign_from, uses_left
from runner.review.sshsig import APPROVAL, Refused, sign
from runner.review.statement import Decision, approval_statement, withdrawal_statement


def capacity(
    standing: Standing, config: Loaded, person: str, as_team: str | None, decision: Decision = "approve"
) -> str:
    """Tell as which team a person decides: the one they name, or the one of theirs that can be.

    An approval is given as a team of which somebody is missing; a rejection as any team that the policies name,
    whoever of it has signed already. Raises ApprovalError where they are in no such team, or could approve as several
    and name none.
    """
    teams = config.config.people[person].teams if person in config.config.people else ()
    missing = list(dict.fromkeys(gap.team for _, gap in standing.missing))
    asked = teams_asked(config.config, standing.request.body.policies)
    needed = missing if decision == "approve" else list(dict.fromkeys((*missing, *asked)))
    what = "whose approval is missing" if decision == "approve" else "that a policy of this request asks"
    hint = f"{'missing' if decision == 'approve' else 'asked'}: {', '.join(needed) or 'nobody'}"
    apart = standing.request.body.excluded
    if decision == "approve" and person in apart:
        raise ApprovalError(f"{person} {apart[person]}, and does not count", hint="somebody else must review it")
    if as_team is not None:
        if as_team not in teams:
            raise ApprovalError(
                f"{person} is not in team {as_team}", hint=f"teams of {person}: {', '.join(teams) or 'none'}"
            )
        if as_team not in needed:
            raise ApprovalError(f"{as_team} is no team {what}", hint=hint)
        return as_team
    fitting = [team for team in needed if team in teams]
    if not fitting:
        raise ApprovalError(f"{person} is in no team {what}", hint=hint)
    if len(fitting) > 1 and decision == "approve":
        raise ApprovalError(f"{person} could sign as {' or '.join(fitting)}", hint="say which with --as TEAM")
    return fitting[0]


def signed_decision(
    config: Loaded,
    standing: Standing,
    *,
    decision: Decision,
    person: str,
    key: KeyRef,
    as_team: str,
    attested: Mapping[str, Any],
    head: Head,
    now: datetime,
    reason: str | None = None,
) -> ApprovalGiven | ApprovalRejected:
    """Sign a decision; ``head`` is the journal's, as far as the reviewer knows it.

    Raises ApprovalError where it would not count, with the reason.
    """
    request = standing.request
    if decision == "approve":
        _refuse_too_early(standing, config, person, as_team, now)
    statement = approval_statement(
        request.body,
        run=request.run,
        step=request.step,
        decision=decision,
        person=person,
        as_team=as_team,
        at=stamp(now),
        head=head,
        reviewer_policy_digest=config.digest,
        attested=attested,
        reason=reason,
    )
    signature = sign(key, APPROVAL, statement.encode())
    counted = verify_approval(
        statement, signature, request, people=config.config.people, now=now, excluded_keys=standing.operator_keys
    )
    if isinstance(counted, Refused):
        raise ApprovalError(f"this does not count: {counted.reason}")
    return event_of(counted, request, statement, signature)


def decide(
    journal: Journal,
    config: Loaded,
    standing: Standing,
    *,
    decision: Decision,
    person: str,
    key: KeyRef,
    as_team: str,
    attested: Mapping[str, Any],
    now: datetime,
    reason: str | None = None,
) -> Record:
    """Sign a decision and append it to the journal.

    Raises ApprovalError where it would not count, with the reason; then nothing is journaled.
    """
    body = signed_decision(
        config,
        standing,
        decision=decision,
        person=person,
        key=key,
        as_team=as_team,
        attested=attested,
        head=journal.head(),
        now=now,
        reason=reason,
    )
    if isinstance(body, ApprovalGiven):
        body = msgspec.structs.replace(body, assurance=journal.assurance)
    return journal.append(body, run=standing.request.run, step=standing.request.step, person=person)


def signed_withdrawal(
    request: Request, *, person: str, key: KeyRef | None, reason: str, head: Head, now: datetime
) -> ApprovalWithdrawn:
    """Take an own approval back; signed where there is a key."""
    if key is None:
        return ApprovalWithdrawn(request=request.id, reason=reason)
    at = stamp(now)
    statement = withdrawal_statement(
        request.id, run=request.run, step=request.step, reason=reason, person=person, at=at, head=head
    )
    signature = sign(key, APPROVAL, statement.encode())
    return ApprovalWithdrawn(request=request.id, reason=reason, statement=statement, signature=signature)


def _refuse_too_early(standing: Standing, config: Loaded, person: str, as_team: str, now: datetime) -> None:
    """Refuse the last signature so long before the window that it would hold no more when it begins."""
    begin = sign_from(standing, config.config)
    votes = (*standing.votes, Vote(person, as_team))
    known = (config.config.policies.get(name) for name in standing.request.body.policies)
    last = all(policy is not None and assign(policy.need, votes).complete for policy in known)
    if begin is not None and now <= begin and last:
        raise ApprovalError(
            f"the window begins at {standing.not_before:%Y-%m-%d %H:%M} UTC, and an approval does not hold that long",
            hint=f"sign after {begin:%Y-%m-%d %H:%M} UTC",
        )


def refuse_withdrawal(standing: Standing, person: str, now: datetime) -> None:
    """Raise ApprovalError where there is nothing to take back: they did not approve, or nothing can begin by it.

    What was begun by it can be begun again where the approval grants another attempt.
    """
    left = any(uses_left(standing, step, now) for step in standing.request.steps)
    if standing.state not in {"waiting", "approved"} and not left:
        hint = "only an approval that nothing has begun by can be taken back"
        raise ApprovalError(f"the request is {standing.state}: {standing.reason}", hint=hint)
    if person not in {vote.person for vote in standing.votes}:
        raise ApprovalError(f"{person} has not approved this step", hint="--person says who you are")


def withdraw(
    journal: Journal, standing: Standing, *, person: str, key: KeyRef | None, reason: str, now: datetime
) -> Record:
    """Journal a withdrawal; raises ApprovalError as ``refuse_withdrawal`` does."""
    refuse_withdrawal(standing, person, now)
    body = signed_withdrawal(standing.request, person=person, key=key, reason=reason, head=journal.head(), now=now)
    return journal.append(body, run=standing.request.run, step=standing.request.step, person=person)
