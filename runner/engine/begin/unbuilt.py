"""What a runbook may hold and a run cannot carry out yet: refused when it opens, never left out in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runner.errors import UsageError
from runner.runbook.misfits import misfits
from runner.runbook.plan import Plan

_ROWS = ("where", "triggers", "tenant_of")
"""Keys of a restore that only restores of rows have."""


def refuse_unbuilt(plan: Plan) -> None:
    """Refuse a plan that holds something which a run would silently leave out.

    Raises UsageError naming the step and the key.
    """
    for error in unbuilt(plan):
        raise error


def unbuilt(plan: Plan) -> Iterator[UsageError]:
    """Name each step and key that a run could not carry out."""
    for planned in plan.steps:
        for what in _unbuilt(planned.data):
            yield UsageError(
                f"step {planned.path} uses {what}, which this version validates and plans but cannot run",
                hint="make it a manual step for now",
            )


def _unbuilt(data: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{'.'.join(map(str, path))}, but {message}" for path, message, _ in misfits(data))
    if "changes_target" in data:
        yield from (f"{key} beside changes_target" for key in ("rollback", "for_each", "repeat") if key in data)
    restore = data.get("restore")
    if isinstance(restore, Mapping) and "rows" not in restore:
        yield from (f"restore.{key} without rows" for key in _ROWS if key in restore)
    loop = data.get("for_each")
    for inner in loop["steps"] if isinstance(loop, Mapping) else ():
        yield from _unbuilt(inner)
