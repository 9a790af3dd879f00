"""What became of a transaction that broke off: rolled back, or known only to the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.journal.events import StepEnded
from runner.postgres.transaction import settled_fate
from runner.steps.base import Effect, since

if TYPE_CHECKING:
    from runner.postgres.transaction import Xid


def after_error(effect: Effect, error: BaseException, xid: Xid | None, begun: float) -> StepEnded:
    """An error before COMMIT was sent rolled everything back; after it (``xid``), only the server knows."""
    told, sqlstate = sentence(error), getattr(error, "sqlstate", None)
    if xid is None and effect.survives_rollback:
        return ended("unknown", f"{told}; a ROLLBACK does not undo all of this step", (), begun, sqlstate)
    if xid is None:
        how = "cancelled" if isinstance(error, KeyboardInterrupt) else "failed"
        return ended(how, f"rolled back: {told}", (), begun, sqlstate)
    try:
        with effect.connect(purpose="fate") as probe:
            verdict, why = settled_fate(probe, xid)
    except Exception as unreachable:  # noqa: BLE001 - whatever hinders the question, the answer is: unknown
        verdict, why = "unknown", f"the target cannot be asked: {type(unreachable).__name__}"
    outcome = {"committed": "done", "aborted": "failed"}.get(verdict, "unknown")
    if outcome == "failed" and effect.survives_rollback:
        outcome = "unknown"
    return ended(outcome, f"{told}; {why}", (), begun, sqlstate)


def sentence(error: BaseException) -> str:
    """Say in one sentence what PostgreSQL objected to."""
    import psycopg

    if not isinstance(error, psycopg.Error):
        return "interrupted by the operator"
    primary = error.diag.message_primary or str(error).strip() or type(error).__name__
    return f"{primary} ({error.sqlstate})" if error.sqlstate else primary


def ended(
    outcome: Any, message: str, rows: Sequence[int], begun: float, sqlstate: str | None = None, **detail: Any
) -> StepEnded:
    """Make the outcome; ``begun`` is on the clock ``time.monotonic``."""
    return StepEnded(
        outcome=outcome,
        message=message,
        sqlstate=sqlstate,
        rows=tuple(rows),
        duration_ms=since(begun),
        detail=detail,
    )
