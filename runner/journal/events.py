"""The closed union of everything that can happen in a run; each is a journal line, a terminal line and a report row.

Bodies hold no secrets and no floats. Older bodies stay readable: a new field gets a default, none is ever removed.
"""

from __future__ import annotations

from runner.journal.approval_events import (
    ApprovalExpired,
    ApprovalGiven,
    ApprovalRejected,
    ApprovalRequested,
    ApprovalStale,
    ApprovalWithdrawn,
    BreakglassOpened,
    BreakglassReviewed,
    Notified,
    Part,
    QuestionAnswered,
    QuestionAsked,
    WaiverGiven,
)
from runner.journal.run_events import (
    Anchor,
    BoundTarget,
    Note,
    PlanAmended,
    PluginSource,
    RollbackBegun,
    RunClosed,
    RunHandedOver,
    RunOpened,
    RunPaused,
    RunResumed,
    SourceFile,
    TargetChanged,
)
from runner.journal.step_events import (
    FileRead,
    GuardSampled,
    GuardsAsked,
    ItemsExpanded,
    Moment,
    Outcome,
    StepEnded,
    StepEntered,
    StepIntended,
    StepResolved,
    StepSkipped,
    ValueCaptured,
)

__all__ = [
    "TYPES",
    "Anchor",
    "ApprovalExpired",
    "ApprovalGiven",
    "ApprovalRejected",
    "ApprovalRequested",
    "ApprovalStale",
    "ApprovalWithdrawn",
    "BoundTarget",
    "BreakglassOpened",
    "BreakglassReviewed",
    "Decided",
    "Event",
    "FileRead",
    "GuardSampled",
    "GuardsAsked",
    "ItemsExpanded",
    "Moment",
    "Note",
    "Notified",
    "Outcome",
    "Part",
    "PlanAmended",
    "PluginSource",
    "QuestionAnswered",
    "QuestionAsked",
    "RollbackBegun",
    "RunClosed",
    "RunHandedOver",
    "RunOpened",
    "RunPaused",
    "RunResumed",
    "SourceFile",
    "StepEnded",
    "StepEntered",
    "StepIntended",
    "StepResolved",
    "StepSkipped",
    "TargetChanged",
    "ValueCaptured",
    "WaiverGiven",
]

Event = (
    RunOpened
    | PlanAmended
    | RunResumed
    | RunPaused
    | RunHandedOver
    | RollbackBegun
    | TargetChanged
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
    | Notified
    | StepIntended
    | StepEnded
    | StepResolved
    | Note
    | Anchor
    | RunClosed
)

Decided = ApprovalGiven | ApprovalRejected | ApprovalWithdrawn | QuestionAnswered | WaiverGiven | BreakglassReviewed
"""What a second person signs, and may send as text where no journal is shared."""

TYPES: dict[str, type[Event]] = {kind.name: kind for kind in Event.__args__}
"""Event name → body type."""
