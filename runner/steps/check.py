"""``check``: the gate itself is the step; its check was asked as a guard before."""

from __future__ import annotations

from runner.journal.events import StepEnded
from runner.steps.base import Effect


def perform(effect: Effect) -> StepEnded:
    """Record that the guard let the run pass; a closed gate never comes here."""
    effect.intend(None)
    return StepEnded(outcome="done", message=f"{effect.step.check} let the run pass")
