"""``manual``: a person does it and says so."""

from __future__ import annotations

from runner.journal.events import StepEnded
from runner.steps.base import Effect


def perform(effect: Effect) -> StepEnded:
    """Show the text and let the operator say that it is done."""
    effect.intend(None)
    try:
        if effect.confirm() == "done":
            return StepEnded(outcome="done", message="the operator says it is done")
    except KeyboardInterrupt:
        return StepEnded(outcome="cancelled", message="interrupted by the operator; it is asked again")
    return StepEnded(outcome="cancelled", message="the operator stopped here")
