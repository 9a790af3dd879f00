"""What makes a signed decision count, and the reason where it does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from runner.config.model import Person
from runner.journal.events import ApprovalGiven, ApprovalRejected, ApprovalRequested
from runner.journal.record import Head
from runner.review.sshsig import APPROVAL, Refused, Signer, verify
from runner.review.statement import CLOCK_SKEW, Decision, approval_statement, differences, head_in, predicate_of

_OTHERWISE = {
    "predicateType": "it is another kind of statement than an approval",
    "run": "it was signed for another run",
    "step": "it was signed for another step",
    "request": "it was signed for another request: an approval counts for one asking only",
    "group": "it was signed for another group of steps than is requested",
    "steps": "it was signed for other steps of the group, or other texts of them, than are requested",
    "excluded": "it was signed with other people excluded than at the request",
    "subject": "it was signed for another text of the step than is requested",
    "plan_digest": "it was signed for another plan",
    "policy_digest": "it was signed under other policies than the request's",
    "policies": "it was signed for other policies than the request's",
    "envelope": "it was signed within other limits than the request's",
    "operator": "it was signed for another operator",
    "target": "it was signed for another target",
    "window": "it was signed for another window of time",
    "not_after": "it was signed with another deadline than the request's",
    "max_uses": "it was signed for another number of uses than the request's",
}
"""The field that differs → the reason, the most telling first."""


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """An approval request as the journal or an exchange file holds it."""

    run: str
    step: str
    at: str
    body: ApprovalRequested

    @property
    def id(self) -> str:
        """The request's id, its nonce."""
        return self.body.request

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that it asks for: its own, or all of a group."""
        return tuple(part.step for part in self.body.parts) or (self.step,)


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """A decision that counts: whose, in which capacity, and what they attested."""

    person: str
    as_team: str
    decision: Decision
    at: str
    """When the signer says they signed."""
    fingerprint: str
    attested: Mapping[str, Any]
    head: Head
    """The journal's head that the signer saw."""
    reason: str | None


def verify_approval(
    statement: str,
    signature: str,
    request: Request,
    *,
    people: Mapping[str, Person],
    now: datetime,
    excluded_keys: Collection[str] = (),
) -> Counted | Refused:
    """Say whether a signed decision counts for a request.

    ``now`` is the moment at which it is received: the clock's when it comes in, the journal's when it is judged again.
    ``excluded_keys`` are fingerprints of keys that the operator has signed with. Whether a policy is satisfied is
    another question.
    """
    try:
        said = predicate_of(statement)
        expected = _rebuilt(said, request)
    except (KeyError, TypeError, ValueError) as error:
        return Refused(f"the statement is malformed ({error})")
    other = differences(statement, expected)
    if other:
        known = [_OTHERWISE[field] for field in _OTHERWISE if field in other]
        return Refused(known[0] if known else f"the statement's field {other[0]} is not what it must be")
    if said["reviewer_policy_digest"] != request.body.policy_digest:
        return Refused("the reviewer's shisa.yaml has other people or policies than the operator's")
    untimely = _untimely(said["at"], request, now)
    if untimely is not None:
        return Refused(untimely)
    return _by_whom(said, statement, signature, request, people=people, excluded_keys=excluded_keys)


def event_of(counted: Counted, request: Request, statement: str, signature: str) -> ApprovalGiven | ApprovalRejected:
    """Make the journal's event of a decision that counts."""
    if counted.decision == "approve":
        return ApprovalGiven(request=request.id, as_team=counted.as_team, statement=statement, signature=signature)
    return ApprovalRejected(
        request=request.id,
        as_team=counted.as_team,
        reason=counted.reason or "",
        statement=statement,
        signature=signature,
    )


def _rebuilt(said: Mapping[str, Any], request: Request) -> str:
    decision: Decision = "reject" if said["decision"] == "reject" else "approve"
    return approval_statement(
        request.body,
        run=request.run,
        step=request.step,
        decision=decision,
        person=str(said["person"]),
        as_team=str(said["as_team"]),
        at=said["at"],
        head=head_in(said),
        reviewer_policy_digest=str(said["reviewer_policy_digest"]),
        attested=dict(said["attested"]),
        reason=None if said["reason"] is None else str(said["reason"]),
    )


def _untimely(at: str, request: Request, now: datetime) -> str | None:
    try:
        signed, asked = datetime.fromisoformat(at), datetime.fromisoformat(request.at)
        end = datetime.fromisoformat(request.body.not_after)
        if signed > now + CLOCK_SKEW:
            return f"it was signed in the future ({at}); look at the clocks of both machines"
        if signed < asked - CLOCK_SKEW:
            return f"it was signed ({at}) before it was asked for ({request.at})"
        if now > end:
            return f"the request expired at {request.body.not_after}"
    except (ValueError, TypeError) as error:
        return f"a time in it cannot be read ({error})"
    return None


def _by_whom(
    said: Mapping[str, Any],
    statement: str,
    signature: str,
    request: Request,
    *,
    people: Mapping[str, Person],
    excluded_keys: Collection[str],
) -> Counted | Refused:
    person, team = said["person"], said["as_team"]
    if person == request.body.operator:
        return Refused(f"{person} is the operator, and nobody approves their own step")
    if person in request.body.excluded and said["decision"] == "approve":
        return Refused(f"{person} is excluded: they {request.body.excluded[person]}")
    signer = verify(
        signature,
        statement.encode(),
        namespace=APPROVAL,
        person=person,
        people=people,
        at=datetime.fromisoformat(said["at"]),
    )
    match signer:
        case Refused():
            return signer
        case Signer(fingerprint=key) if key in excluded_keys:
            return Refused(f"the key {key} is the one that {request.body.operator}, the operator, signed with")
        case Signer(fingerprint=key) if team in people[person].teams:
            return Counted(
                person=person,
                as_team=team,
                decision=said["decision"],
                at=said["at"],
                fingerprint=key,
                attested=said["attested"],
                head=head_in(said),
                reason=said["reason"],
            )
    return Refused(f"{person} is not in team {team}")
