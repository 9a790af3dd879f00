"""Which steps a journal line is about: mostly its own, but a group's request is about every step that it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from runner.journal import events as ev
from runner.journal.record import Record

if TYPE_CHECKING:
    from runner.engine.fold.step_state import StepState


def about(steps: Mapping[str, StepState], record: Record) -> tuple[str, ...]:
    """Tell which steps an event is about: its own, or with a group's request every step that it asks for."""
    own = record.step or ""
    match record.body:
        case ev.ApprovalRequested(parts=parts) if parts:
            return tuple(part.step for part in parts)
        case (
            ev.ApprovalRejected(request=id_)
            | ev.ApprovalWithdrawn(request=id_)
            | ev.ApprovalExpired(request=id_)
            | ev.ApprovalStale(request=id_)
        ):
            asked = [path for path, step in steps.items() if step.request and step.request.request == id_]
            return tuple(dict.fromkeys((own, *asked)))
        case _:
            return (own,)
