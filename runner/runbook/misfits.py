"""Keys that stand in vain: what a step of this kind never does. Lint reports them, and a run refuses them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from runner.document import Path

_OF_INCLUDE = frozenset({"id", "title", "why", "when", "include"})
_NOT_INSIDE = ("for_each", "include", "repeat")
_BACK = ("rollback", "cleanup")
_OF_ROWS = ("where", "triggers", "tenant_of")
_BEFORE_COMMIT = ("expect", "capture")
_TIMEOUTS = ("lock_timeout", "statement_timeout")


class Misfit(NamedTuple):
    """One key, by its path from the step, and why it stands in vain."""

    path: Path
    message: str
    hint: str


def misfits(data: Mapping[str, Any]) -> Iterator[Misfit]:
    """Name the keys of one step's plain data that its kind can do nothing with; those of a loop's steps are theirs."""
    if "include" in data:
        for key in sorted(data.keys() - _OF_INCLUDE):
            yield Misfit((key,), f"{key} means nothing on an include", "Say it on the steps of the included runbook.")
        return
    restore = data.get("restore")
    rows = isinstance(restore, Mapping) and "rows" in restore
    if "sql" not in data:
        yield from _only_sql(data, rows=rows)
    yield from _of_a_transaction(data)
    if isinstance(restore, Mapping) and not rows:
        yield from _of_restoring(data, restore)
    yield from _of_changing(data)
    loop = data.get("for_each")
    for i, inner in enumerate(loop.get("steps", ())) if isinstance(loop, Mapping) else ():
        for kind in _NOT_INSIDE:
            if kind in inner:
                hint = "Write its steps into the loop, or loop around fewer things."
                yield Misfit(("for_each", "steps", i, kind), f"{kind} cannot stand inside for_each", hint)


def _of_restoring(data: Mapping[str, Any], restore: Mapping[str, Any]) -> Iterator[Misfit]:
    """Judge what a restore without rows does not hear."""
    for key in _TIMEOUTS:
        if key in data and key not in _heard(restore):
            hint = "pg_restore sets its own to none; bound the step by timeout."
            yield Misfit((key,), f"{key} does not reach pg_restore", hint)
    for key in _OF_ROWS:
        if key in restore:
            hint = "Add rows: insert-missing, overwrite or replace; pg_restore takes whole tables."
            yield Misfit(("restore", key), f"{key} means nothing without rows", hint)


def _of_changing(data: Mapping[str, Any]) -> Iterator[Misfit]:
    """Judge what stands beside a change of the target, which one step makes once and its rollback takes back."""
    changes = "changes_target" in data
    for key in ("for_each", "repeat"):
        if changes and key in data:
            hint = "Say it on the one step that changes the target; it may stand inside for_each."
            yield Misfit(("changes_target",), f"changes_target means nothing beside {key}", hint)
    back, tidying = (isinstance(data.get(key), Mapping) and "changes_target" in data[key] for key in _BACK)
    if changes and "rollback" in data and not back:
        hint = "Say in the rollback what the target is then, as `changes_target: {role: standby}`."
        yield Misfit(("rollback",), "the step changes its target, and its rollback does not say that it does", hint)
    if back and not changes:
        hint = "A rollback changes the target where its step does."
        yield Misfit(("rollback", "changes_target"), "a rollback changes the target of a step that does not", hint)
    if tidying:
        hint = "A step that failed has changed nothing; leave it out."
        yield Misfit(("cleanup", "changes_target"), "changes_target means nothing in a cleanup", hint)


def _of_a_transaction(data: Mapping[str, Any]) -> Iterator[Misfit]:
    """Judge what is looked at before COMMIT, in the step and in what takes it back, where there is no transaction."""
    bodies = [((), data), *(((key,), data[key]) for key in _BACK if isinstance(data.get(key), Mapping))]
    for path, body in bodies:
        for key in _BEFORE_COMMIT:
            if "sql" in body and body.get("transaction") is False and key in body:
                hint = "Add a guard after the step, or let it have its transaction."
                yield Misfit((*path, key), f"{key} means nothing with `transaction: false`", hint)


def _only_sql(data: Mapping[str, Any], *, rows: bool) -> Iterator[Misfit]:
    """Judge the keys that speak of statements where there are none."""
    if "expect" in data and not rows:
        yield Misfit(("expect",), "expect counts rows of sql and of restores with rows", "Add a guard after the step.")
    if "repeat" in data:
        yield Misfit(("repeat",), "only sql is repeated", "Put the step into a for_each.")
    if "capture" in data and not {"command", "backup"} & data.keys():
        yield Misfit(("capture",), "only sql, command and backup leave a value", "Capture it by a query of its own.")


def _heard(restore: Mapping[str, Any]) -> frozenset[str]:
    """Timeouts that a restore without rows listens to: those of the statements that shisa itself sends."""
    if "into" in restore:
        return frozenset(_TIMEOUTS)
    return frozenset() if restore.get("sequences", "keep") in {"keep", "from-backup"} else frozenset({"lock_timeout"})
