"""Which events the operator of a run writes, which a second person, and which anybody; a team journal enforces it."""

from __future__ import annotations

from runner.journal.events import (
    TYPES,
    Anchor,
    ApprovalGiven,
    ApprovalRejected,
    ApprovalWithdrawn,
    BreakglassOpened,
    BreakglassReviewed,
    Note,
    Notified,
    QuestionAnswered,
    WaiverGiven,
)

OPERATOR, REVIEWER = "shisa_operator", "shisa_reviewer"
"""Roles of the team journal's database."""
_SECOND = {ApprovalGiven.name, ApprovalRejected.name, QuestionAnswered.name, WaiverGiven.name, BreakglassReviewed.name}
_ANYBODY = {ApprovalWithdrawn.name, BreakglassOpened.name, Notified.name, Note.name, Anchor.name}


def writers() -> tuple[tuple[str, str], ...]:
    """Pair every event with each role that may write it; an event that nobody thought of here is the operator's."""
    return tuple(
        (name, role)
        for name in sorted(TYPES)
        for role in (OPERATOR, REVIEWER)
        if name in _ANYBODY or (name in _SECOND) == (role == REVIEWER)
    )
