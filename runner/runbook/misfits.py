"""Keys that stand in vain: what a step of this kind never does. Lint reports them, and a run refuses them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from runner.document import Path

_OF_INCLUDE = frozenset({"id", "title", "why", "when", "include"})
_NOT_INSIDE = ("for_each", "include", "repeat")
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
    if isinstance(restore, Mapping) and not rows:
        for key in _TIMEOUTS:
            if key in data and key not in _heard(restore):
                hint = "pg_restore sets its own to none; bound the step by timeout."
                yield Misfit((key,), f"{key} does not reach pg_restore", hint)
    loop = data.get("for_each")
    for i, inner in enumerate(loop.get("steps", ())) if isinstance(loop, Mapping) else ():
        for kind in _NOT_INSIDE:
            if kind in inner:
                hint = "Write its steps into the loop, or loop around fewer things."
                yield Misfit(("for_each", "steps", i, kind), f"{kind} cannot stand inside for_each", hint)


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
