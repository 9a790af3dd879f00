"""``sequences``: raise what is behind, never lower anything, while others go on inserting."""

from __future__ import annotations

import time

from runner.errors import StepFailedError
from runner.journal.events import StepEnded
from runner.postgres.names import split_name
from runner.postgres.raising import Raised, raise_sequences
from runner.steps.base import Effect, since


def perform(effect: Effect) -> StepEnded:
    """Raise the step's sequences above every id in use, plus its margin."""
    import psycopg

    begun = time.monotonic()
    sequences = effect.step.sequences
    if sequences is None:
        raise AssertionError
    scope = sequences.raise_
    names = [split_name(name) for name in scope.sequences]
    effect.intend(None)
    try:
        with effect.connect() as connection:
            raised = raise_sequences(
                connection, names, tuple(scope.schemas), margin=int(sequences.margin), lock_timeout=effect.lock_timeout
            )
    except psycopg.Error as error:
        sentence = error.diag.message_primary or str(error)
        return StepEnded(outcome="failed", message=f"not raised: {sentence}", sqlstate=error.sqlstate)
    except StepFailedError as error:
        return StepEnded(outcome="failed", message=error.message, detail=error.detail)
    return StepEnded(
        outcome="done",
        message="; ".join(_sentence(change) for change in raised) or "no sequence is in the scope",
        duration_ms=since(begun),
        detail={"raised": [change.as_json() for change in raised]},
    )


def _sentence(change: Raised) -> str:
    if change.was_next == change.is_next:
        return f"{change.sequence} was not behind (next {change.is_next}, in use up to {change.furthest})"
    cached = "; recycle the sessions, they hold cached values" if change.cache > 1 else ""
    return f"{change.sequence} raised from {change.was_next} to {change.is_next}{cached}"
