"""Which tables of a tree can share a key at all: the ends of their keys, and the groups whose ranges meet."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence

from checks.base import Ask


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnRow:
    """One column of the key; ``column`` is None where the parent has none of that name."""

    position: int
    name: str
    column: str | None
    type: str | None
    collation: str | None

    @property
    def typed(self) -> str:
        """What turns a text back into a value that sorts as the column does."""
        return f"::{self.type}" + (f" COLLATE {self.collation}" if self.collation else "")


@dataclasses.dataclass(frozen=True, slots=True)
class EndsRow:
    """The ends of one table's keys, as text; None where no row has a key."""

    at: int
    low: str | None
    high: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class RankRow:
    """Where the ends of one table stand among the ends of all, in the column's own order."""

    at: int
    low: int
    high: int


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Tables whose ranges meet, directly or over others, and the part that two of them can share."""

    tables: tuple[int, ...]
    low: str
    high: str


def ask_ends(ask: Ask, tables: Sequence[str], column: str) -> dict[int, EndsRow]:
    """Ask each table for its lowest and highest value (by ORDER BY, for not every type has min and max)."""
    end = "(SELECT t.{0}::text FROM ONLY {1} AS t WHERE t.{0} IS NOT NULL ORDER BY t.{0} {2} LIMIT 1)"
    query = "SELECT {0} AS at, {1} AS low, {2} AS high"
    queries = [
        query.format(at, end.format(column, table, "ASC"), end.format(column, table, "DESC"))
        for at, table in enumerate(tables)
    ]
    return {row.at: row for row in ask.chunks(queries, EndsRow) if row.low is not None}


def meeting(ask: Ask, column: ColumnRow, ends: Mapping[int, EndsRow]) -> list[Group]:
    """Group the tables whose ranges meet; the server compares, Python sweeps over the ranks."""
    if len(ends) < 2:  # noqa: PLR2004 - nothing to meet
        return []
    query = f"""
SELECT at, min(rank)::int AS low, max(rank)::int AS high
FROM (SELECT (e ->> 0)::int AS at, dense_rank() OVER (ORDER BY (e ->> 1){column.typed}) AS rank
      FROM jsonb_array_elements(:'ends'::jsonb) AS e) AS r
GROUP BY at ORDER BY low, high"""  # noqa: S608 - type and collation come quoted from the server
    values = json.dumps([[row.at, value] for row in ends.values() for value in (row.low, row.high)])
    groups: list[list[RankRow]] = []
    reach = -1
    for row in ask.rows(query, RankRow, ends=values):
        if row.low <= reach:
            groups[-1].append(row)
        else:
            groups.append([row])
        reach = max(reach, row.high)
    return [_shared(group, ends) for group in groups if len(group) > 1]


def _shared(group: Sequence[RankRow], ends: Mapping[int, EndsRow]) -> Group:
    """Below the second lowest start and above the second highest end there is only one table."""
    second_low = sorted(group, key=lambda row: row.low)[1]
    second_high = sorted(group, key=lambda row: row.high)[-2]
    low, high = ends[second_low.at].low, ends[second_high.at].high
    return Group(tuple(row.at for row in group), low or "", high or "")
