"""``ask``: a question in writing; it lets the run go on only where the answer and the database agree."""

from __future__ import annotations

from runner.journal.events import StepEnded
from runner.steps.base import Effect


def perform(effect: Effect) -> StepEnded:
    """Prove that the answer counts and agrees with the facts.

    Raises GateClosedError where it does not; then nothing was begun, and the run can be resumed.
    """
    said = effect.agreed()
    effect.intend(None)
    return StepEnded(outcome="done", message=said)
