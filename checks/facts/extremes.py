"""The highest (or lowest) number in use in each column that draws from a sequence."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from checks.base import Ask, CannotAskError
from checks.facts.drawers import Drawer

_WITHOUT_ROWS = "p"
"""A partitioned table holds no rows of its own; its partitions are asked."""


@dataclasses.dataclass(frozen=True, slots=True)
class Extreme:
    """What one column answered; ``value`` is None for an empty one."""

    at: int
    value: Decimal | None


def source(drawer: Drawer, *, upwards: bool, following: int) -> str:
    """The part of a query that gives one column's extreme; empty for a table that holds no rows of its own.

    Names come quoted from the server. ``following`` is the sequence's next number, which bounds what it can have
    issued in a column that another sequence fills too.
    """
    if drawer.kind == _WITHOUT_ROWS:
        return ""
    issued = f" WHERE {drawer.column} {'<' if upwards else '>'} {following}" if drawer.elsewhere else ""
    return f"{'max' if upwards else 'min'}({drawer.column})::numeric AS value FROM ONLY {drawer.table}{issued}"


def why_not(drawer: Drawer, scan_limit_mb: int) -> str:
    """Why a column is not looked at; empty where it is."""
    if drawer.unlike:
        return drawer.unlike
    if not drawer.readable:
        return "may not be read by this role"
    if drawer.kind == "f":
        return "is a column of a foreign table"
    if drawer.scan_mb > scan_limit_mb:
        return f"has no index and its table takes {drawer.scan_mb} MB"
    return ""


def ask_extremes(ask: Ask, sources: Iterable[str]) -> dict[str, int | None]:
    """Ask for every source once. Raises CannotAskError where a column holds a number that is not finite."""
    unique = list(dict.fromkeys(sources))
    rows = ask.chunks([f"SELECT {at} AS at, {each}" for at, each in enumerate(unique)], Extreme)
    return {unique[row.at]: _whole(row.value, unique[row.at]) for row in rows}


def _whole(value: Decimal | None, asked: str) -> int | None:
    if value is None:
        return None
    if not value.is_finite():
        raise CannotAskError(f"{value} is no number to compare with, and it is what {asked} gives")
    return int(value.to_integral_value(ROUND_FLOOR if asked.startswith("max") else ROUND_CEILING))
