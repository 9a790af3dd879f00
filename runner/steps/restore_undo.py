"""``restore: undo``: the rows that a step kept are put back, exactly once, where nobody touched them since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.journal.events import StepEnded
from runner.postgres.rows.apply import Prepared
from runner.postgres.rows.kept import KeptFile
from runner.postgres.rows.undo import Undoing, prepare_undo, stage_kept
from runner.steps.base import Effect
from runner.steps.rows_once import in_one_transaction

if TYPE_CHECKING:
    from psycopg import Connection


def undo(effect: Effect) -> StepEnded:
    """Put the rows back that the step kept when it was done."""
    file = KeptFile(effect.kept())

    def prepare(connection: Connection[Any], undoing: tuple[Undoing, ...]) -> Prepared:
        return prepare_undo(connection, undoing, file.head.xid)

    return in_one_transaction(
        effect,
        stage=lambda connection: stage_kept(connection, file),
        prepare=prepare,
        finish=lambda _connection, _undoing: {},
        keeps=False,
        triggers=file.head.triggers,
    )
