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
class Source:
    """Where one extreme is read; what is read from the same rows is asked together."""

    extreme: str
    rows: str

    @property
    def upwards(self) -> bool:
        """Whether it is the highest number."""
        return self.extreme.startswith("max")


@dataclasses.dataclass(frozen=True, slots=True)
class Extremes:
    """What the columns of one table answered; None for an empty one."""

    at: int
    values: list[Decimal | None]


def source(drawer: Drawer, *, upwards: bool, following: int) -> Source | None:
    """The parts of a query that give one column's extreme; None for a table that holds no rows of its own.

    Names come quoted from the server. ``following`` is the sequence's next number, which bounds what it can have
    issued in a column that another sequence fills too.
    """
    if drawer.kind == _WITHOUT_ROWS:
        return None
    issued = f" WHERE {drawer.column} {'<' if upwards else '>'} {following}" if drawer.elsewhere else ""
    return Source(f"{'max' if upwards else 'min'}({drawer.column})::numeric", f"{drawer.table}{issued}")


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


def ask_extremes(ask: Ask, sources: Iterable[Source]) -> dict[Source, int | None]:
    """Ask for every source once. Raises CannotAskError where a column holds a number that is not finite."""
    asked: dict[str, list[Source]] = {}
    for each in dict.fromkeys(sources):
        asked.setdefault(each.rows, []).append(each)
    groups = list(asked.values())
    queries = [
        f"SELECT {at} AS at, ARRAY[{', '.join(each.extreme for each in group)}] AS values FROM ONLY {group[0].rows}"  # noqa: S608 - quoted by the server
        for at, group in enumerate(groups)
    ]
    return {
        each: _whole(value, each)
        for row in ask.chunks(queries, Extremes)
        for each, value in zip(groups[row.at], row.values, strict=True)
    }


def _whole(value: Decimal | None, asked: Source) -> int | None:
    if value is None:
        return None
    if not value.is_finite():
        told = f"{asked.extreme} of {asked.rows}"
        raise CannotAskError(f"{value} is no number to compare with, and it is what {told} gives")
    return int(value.to_integral_value(ROUND_FLOOR if asked.upwards else ROUND_CEILING))
