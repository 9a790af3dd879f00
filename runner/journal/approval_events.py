"""Events of the second person: questions, requests, decisions, exceptions."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from runner.journal.body import Body


class QuestionAsked(Body, frozen=True, kw_only=True):
    """A written question went to a team."""

    name: ClassVar[str] = "question.asked"
    team: str
    question: str
    choices: dict[str, str]
    not_after: str | None = None


class QuestionAnswered(Body, frozen=True, kw_only=True):
    """A question was answered; the answer is signed in the namespace ``answer@shisa``."""

    name: ClassVar[str] = "question.answered"
    choice: str
    as_team: str
    statement: str
    signature: str
    facts: str | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What of a request is one step's: its text, and the limits within which it may start."""

    step: str
    step_digest: str
    policies: tuple[str, ...]
    envelope: dict[str, Any]


class ApprovalRequested(Body, frozen=True, kw_only=True):
    """A second person is asked to sign ``step_digest`` within ``envelope``."""

    name: ClassVar[str] = "approval.requested"
    request: str
    """``req-`` and 128 random bits: the nonce that keeps one approval from counting for another request."""
    step_digest: str
    plan_digest: str
    policy_digest: str
    policies: tuple[str, ...]
    operator: str
    target: str
    """Fingerprint of the step's target."""
    envelope: dict[str, Any]
    not_after: str
    window: dict[str, str] | None = None
    excluded: dict[str, str] = msgspec.field(default_factory=dict)
    """Who may not sign besides the operator, and why: they wrote what would run."""
    group: str | None = None
    max_uses: int = 1
    """How often it may start its step: more than once only where every policy grants retries."""
    parts: tuple[Part, ...] = ()
    """The steps of a group that are asked for together; the fields above then stand for all of them."""

    def part(self, step: str) -> Part | None:
        """Tell what is asked for one step; None where the request is not about it."""
        if not self.parts:
            return Part(step=step, step_digest=self.step_digest, policies=self.policies, envelope=self.envelope)
        return next((part for part in self.parts if part.step == step), None)


class ApprovalGiven(Body, frozen=True, kw_only=True):
    """A person signed a request, in the namespace ``approval@shisa``."""

    name: ClassVar[str] = "approval.given"
    request: str
    as_team: str
    statement: str
    """The signed bytes: canonical JSON."""
    signature: str
    """The armoured SSH signature."""
    assurance: str = "signed"


class ApprovalRejected(Body, frozen=True, kw_only=True):
    """A person said no; a veto."""

    name: ClassVar[str] = "approval.rejected"
    request: str
    as_team: str
    reason: str
    statement: str
    signature: str


class ApprovalWithdrawn(Body, frozen=True, kw_only=True):
    """A person took an approval back before the step started, or was tried again."""

    name: ClassVar[str] = "approval.withdrawn"
    request: str
    reason: str
    statement: str | None = None
    signature: str | None = None


class ApprovalExpired(Body, frozen=True, kw_only=True):
    """A request or its approvals outlived their time."""

    name: ClassVar[str] = "approval.expired"
    request: str
    reason: str


class ApprovalStale(Body, frozen=True, kw_only=True):
    """What was approved is not what would run now."""

    name: ClassVar[str] = "approval.stale"
    request: str
    reasons: tuple[str, ...]


class WaiverGiven(Body, frozen=True, kw_only=True):
    """A reviewer accepted one named finding for a step of this run, in the namespace ``approval@shisa``."""

    name: ClassVar[str] = "waiver.given"
    check: str
    object: str
    """Empty for the guard as a whole, where it could not look."""
    reason: str
    until: str
    target: str = ""
    nth: int = 1
    """Which of the step's guards of this check and target it is."""
    verdict: str = "unknown"
    limits: dict[str, int] = msgspec.field(default_factory=dict)
    """The measured numbers that were accepted; more is worse."""
    as_team: str = ""
    step_digest: str = ""
    policy_digest: str = ""
    statement: str
    signature: str


class BreakglassOpened(Body, frozen=True, kw_only=True):
    """A person the policies name went on without the second person, in the namespace ``approval@shisa``."""

    name: ClassVar[str] = "breakglass.opened"
    reason: str
    ticket: str
    until: str
    skipped: tuple[str, ...]
    """Who could have signed, and was told."""
    request: str = ""
    """The request that went unanswered: its step, text and limits are what may start."""
    policy_digest: str = ""
    statement: str = ""
    signature: str = ""


class BreakglassReviewed(Body, frozen=True, kw_only=True):
    """A second person looked at a break-glass run afterwards, in the namespace ``approval@shisa``."""

    name: ClassVar[str] = "breakglass.reviewed"
    note: str = ""
    """What they say to it."""
    as_team: str = ""
    policy_digest: str = ""
    statement: str
    signature: str


class Notified(Body, frozen=True, kw_only=True):
    """A sink of shisa.yaml was given something to tell people, and took it or did not."""

    name: ClassVar[str] = "notified"
    about: Literal["request", "question", "escalation", "break-glass", "ended"]
    to: tuple[str, ...]
    line: int = 0
    """The journal's line that it tells of."""
    sink: str = ""
    """Through what: ``command``, ``webhook NAME``; empty where shisa.yaml names nothing."""
    request: str = ""
    rule: str = ""
    """Which escalation of which policy it was, so that each is told once."""
    failed: str | None = None
    """Why they could not be told."""
