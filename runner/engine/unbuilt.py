"""What a runbook may hold and a run cannot carry out yet: refused when it opens, never left out in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runner.errors import UsageError
from runner.runbook.model import KINDS
from runner.runbook.plan import Plan
from runner.steps import EFFECTS

_KEYS = {"changes_target"}
_ROWS = ("where", "triggers", "tenant_of")
"""Keys of a restore that only restores of rows have."""
_BY_THE_ENGINE = {"for_each", "include"}
"""Kinds that are no effects: the plan and the engine take them apart."""


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
    yield from (kind for kind in KINDS if kind in data and kind not in EFFECTS and kind not in _BY_THE_ENGINE)
    yield from sorted(_KEYS & data.keys())
    restore = data.get("restore")
    rows = isinstance(restore, Mapping) and "rows" in restore
    if "sql" not in data:
        yield from sorted(({"repeat"} if rows else {"expect", "repeat"}) & data.keys())
        if not {"command", "backup"} & data.keys():
            yield from sorted({"capture"} & data.keys())
    for which in ("rollback", "cleanup"):
        body = data.get(which, {})
        yield from (f"{which}.{kind}" for kind in KINDS if kind in body and kind not in EFFECTS)
    if isinstance(restore, Mapping) and not rows:
        yield from sorted({"lock_timeout", "statement_timeout"} & data.keys() - _raising(restore))
        yield from (f"restore.{key} without rows" for key in _ROWS if key in restore)
    loop = data.get("for_each")
    if isinstance(loop, Mapping):
        for inner in loop["steps"]:
            yield from _unbuilt(inner)
            yield from (f"{kind} inside for_each" for kind in ("for_each", "include", "repeat") if kind in inner)


def _raising(restore: Mapping[str, Any]) -> set[str]:
    """Timeouts of a restore that mean something: an archive sets its own to none, raising sequences takes locks."""
    if "into" in restore:
        return {"lock_timeout", "statement_timeout"}
    return set() if restore.get("sequences", "keep") in {"keep", "from-backup"} else {"lock_timeout"}
