"""``wait``: a check asked again and again until it lets the run pass."""

from __future__ import annotations

import time

from checks.duration import parse_duration
from runner.errors import GateClosedError
from runner.journal.events import StepEnded
from runner.steps.base import Effect, since


def perform(effect: Effect) -> StepEnded:
    """Wait until the check passes.

    Raises GateClosedError when it has not passed within the limit: nothing was changed, and the run can be resumed.
    """
    wait = effect.step.wait
    if wait is None:
        raise AssertionError
    begun = time.monotonic()
    every, limit = (parse_duration(text).total_seconds() for text in (wait.every, wait.limit))
    told = ""
    while True:
        evidence = effect.measure(wait.check, wait.with_)
        if not evidence.verdict.closes:
            effect.intend(None)
            return StepEnded(outcome="done", message=evidence.message, duration_ms=since(begun))
        if time.monotonic() - begun + every > limit:
            raise GateClosedError(
                f"{effect.path}: {wait.check} did not pass within {wait.limit}: {evidence.message}",
                hint="resume when it may pass; it is asked again from the start",
            )
        if evidence.message != told:
            effect.tell(f"waiting, up to {wait.limit}: {evidence.message}")
            told = evidence.message
        effect.sleep(every)
