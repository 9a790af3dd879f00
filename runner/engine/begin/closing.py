"""The end of a run: what its operator signs."""

from __future__ import annotations

from datetime import datetime

from runner.engine.ports import stamp
from runner.journal.events import RunClosed
from runner.journal.record import Head
from runner.review.keys import KeyRef
from runner.review.sshsig import sign
from runner.review.statement import closed_statement


def closing(
    *, run: str, state: str, reason: str | None, person: str, key: KeyRef | None, head: Head, now: datetime
) -> RunClosed:
    """Make the event that ends a run.

    The operator signs the journal's head, so that what stands before it cannot be rewritten; without a key the event
    is unsigned. Raises UsageError where the key does not sign.
    """
    if key is None:
        return RunClosed(state=state, reason=reason)
    statement = closed_statement(run=run, state=state, reason=reason, person=person, at=stamp(now), head=head)
    return RunClosed(
        state=state, reason=reason, statement=statement, signature=sign(key, "run@shisa", statement.encode())
    )
