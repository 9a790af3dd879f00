"""The closed union of everything that can happen in a run; each is a journal line, a terminal line and a report row.

Bodies hold no secrets and no floats. Older bodies stay readable: a new field gets a default, none is ever removed.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

Outcome = Literal["done", "failed", "cancelled", "unknown"]
Moment = Literal["before", "again", "after"]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every event's body."""

    name: ClassVar[str]


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose content a run is pinned to."""

    path: str
    sha256: str
    text: str


class BoundTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A runbook's target name and the database that it stood for in this run."""

    name: str
    configured: str
    """The name in shisa.yaml, or the libpq URI without its password."""
    fingerprint: str
    identity: dict[str, Any]
    environment: str | None = None
    policy: str | None = None


class RunOpened(Body, frozen=True, kw_only=True):
    """A run began; ``statement`` and ``signature`` are the operator's, in the namespace ``run@shisa``."""

    name: ClassVar[str] = "run.opened"
    version: str
    runbook: str
    title: str
    files: tuple[SourceFile, ...]
    params: dict[str, Any]
    targets: tuple[BoundTarget, ...]
    operator: str
    host: str
    plan_digest: str
    policy_digest: str
    unattended: bool = False
    """Whether answers came from a file (rehearsals, tests)."""
    statement: str | None = None
    signature: str | None = None


class PlanAmended(Body, frozen=True, kw_only=True):
    """A remedy was taken over: the step changed as ``set`` says and ``then`` follows it."""

    name: ClassVar[str] = "plan.amended"
    check: str
    object: str
    why: str
    set: dict[str, Any]
    then: tuple[dict[str, Any], ...]
    plan_digest: str


class RunResumed(Body, frozen=True, kw_only=True):
    """A run goes on in another process."""

    name: ClassVar[str] = "run.resumed"
    operator: str
    host: str
    unattended: bool = False


class RunPaused(Body, frozen=True, kw_only=True):
    """The program let go of a run that can be resumed, and says why."""

    name: ClassVar[str] = "run.paused"
    state: Literal["waiting", "blocked", "stopped", "failed", "rejected", "unknown"]
    reason: str


class RunHandedOver(Body, frozen=True, kw_only=True):
    """Another person is the operator now."""

    name: ClassVar[str] = "run.handed_over"
    from_person: str
    to_person: str


class StepEntered(Body, frozen=True, kw_only=True):
    """A step was reached and rendered completely."""

    name: ClassVar[str] = "step.entered"
    kind: str
    title: str
    step_digest: str
    rendered: dict[str, Any]
    """The step's plain data after substitution; secrets by placeholder."""
    destructive: bool
    reasons: tuple[str, ...] = ()
    """Why the step counts as destructive, a sentence each."""
    survives_rollback: bool = False
    """Whether part of its effect stays when its transaction is rolled back."""
    policies: tuple[str, ...] = ()
    """The policies that must be satisfied before it starts: the step's own and the target's."""
    target: str | None = None
    statements: tuple[str, ...] = ()
    """The exact text that will be sent; secrets by placeholder."""


class StepSkipped(Body, frozen=True, kw_only=True):
    """The operator skipped a step, or its ``when`` was false."""

    name: ClassVar[str] = "step.skipped"
    reason: str


class ItemsExpanded(Body, frozen=True, kw_only=True):
    """The items that a loop will go through."""

    name: ClassVar[str] = "items.expanded"
    items: tuple[Any, ...]


class ValueCaptured(Body, frozen=True, kw_only=True):
    """A step left a value for later steps."""

    name: ClassVar[str] = "value.captured"
    variable: str
    value: Any


class GuardsAsked(Body, frozen=True, kw_only=True):
    """The guards of a step were asked; ``evidence`` is what each found, in DESIGN §5's shape."""

    name: ClassVar[str] = "guards.asked"
    moment: Moment
    verdict: str
    evidence: tuple[dict[str, Any], ...]


class GuardSampled(Body, frozen=True, kw_only=True):
    """A guard was polled while the step ran."""

    name: ClassVar[str] = "guard.sampled"
    evidence: dict[str, Any]


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
    """A person took an approval back before the step started."""

    name: ClassVar[str] = "approval.withdrawn"
    request: str
    reason: str


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
    """A reviewer accepted one named finding for this run."""

    name: ClassVar[str] = "waiver.given"
    check: str
    object: str
    reason: str
    until: str
    statement: str
    signature: str


class BreakglassOpened(Body, frozen=True, kw_only=True):
    """A person the policy names went on without the second person."""

    name: ClassVar[str] = "breakglass.opened"
    reason: str
    ticket: str
    until: str
    skipped: tuple[str, ...]


class BreakglassReviewed(Body, frozen=True, kw_only=True):
    """A second person looked at a break-glass run afterwards."""

    name: ClassVar[str] = "breakglass.reviewed"
    statement: str
    signature: str


class StepIntended(Body, frozen=True, kw_only=True):
    """Durable before the effect: from here to ``step.ended`` the outcome is unknown."""

    name: ClassVar[str] = "step.intended"
    attempt: int = 1
    step_digest: str
    requests: tuple[str, ...] = ()
    """Approval requests that this start consumes."""
    xid: str | None = None
    system_identifier: str | None = None
    timeline: int | None = None


class StepEnded(Body, frozen=True, kw_only=True):
    """What became of the effect."""

    name: ClassVar[str] = "step.ended"
    outcome: Outcome
    message: str = ""
    sqlstate: str | None = None
    rows: tuple[int, ...] = ()
    duration_ms: int = 0
    detail: dict[str, Any] = msgspec.field(default_factory=dict)


class StepResolved(Body, frozen=True, kw_only=True):
    """A person or a probe settled an unknown outcome."""

    name: ClassVar[str] = "step.resolved"
    outcome: Literal["done", "not-done"]
    reason: str


class Note(Body, frozen=True, kw_only=True):
    """A remark, or the result of a query that somebody looked up."""

    name: ClassVar[str] = "note"
    text: str
    sql: str | None = None


class Anchor(Body, frozen=True, kw_only=True):
    """The journal's head was kept elsewhere."""

    name: ClassVar[str] = "anchor"
    kept: str
    head_seq: int
    head: str


class RunClosed(Body, frozen=True, kw_only=True):
    """A run ended; the operator signs the journal's head in the namespace ``run@shisa``."""

    name: ClassVar[str] = "run.closed"
    state: str
    reason: str | None = None
    statement: str | None = None
    signature: str | None = None


Event = (
    RunOpened
    | PlanAmended
    | RunResumed
    | RunPaused
    | RunHandedOver
    | StepEntered
    | StepSkipped
    | ItemsExpanded
    | ValueCaptured
    | GuardsAsked
    | GuardSampled
    | QuestionAsked
    | QuestionAnswered
    | ApprovalRequested
    | ApprovalGiven
    | ApprovalRejected
    | ApprovalWithdrawn
    | ApprovalExpired
    | ApprovalStale
    | WaiverGiven
    | BreakglassOpened
    | BreakglassReviewed
    | StepIntended
    | StepEnded
    | StepResolved
    | Note
    | Anchor
    | RunClosed
)

TYPES: dict[str, type[Event]] = {kind.name: kind for kind in Event.__args__}
"""Event name → body type."""
