"""Which keys stand in more than one row of a tree, and in which of its tables."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from checks.base import Ask
from checks.facts.key_ranges import ColumnRow, Group

_BLOCK = 25
"""Tables in a block; two blocks a statement, so that no statement locks more than 50 tables."""


@dataclasses.dataclass(frozen=True, slots=True)
class KeyRow:
    """One key that stands in several rows, as text, and the tables by number."""

    key: list[str]
    tables: list[int]


@dataclasses.dataclass(frozen=True, slots=True)
class SharedKeys:
    """The keys found, and whether the counting stopped at its limit."""

    keys: Mapping[tuple[str, ...], frozenset[int]]
    more: bool = False

    def by_tables(self) -> list[tuple[tuple[int, ...], int]]:
        """How many keys each set of tables shares, most first."""
        counts = Counter(tuple(sorted(tables)) for tables in self.keys.values())
        return sorted(counts.items(), key=lambda each: (-each[1], each[0]))

    def span(self) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """The lowest and the highest key found; numbers are compared as numbers."""
        return (min(self.keys, key=_order), max(self.keys, key=_order)) if self.keys else None


def ask_shared(
    ask: Ask,
    tables: Sequence[str],
    columns: Sequence[ColumnRow],
    *,
    groups: Iterable[Group],
    alone: Iterable[int],
    limit: int,
) -> SharedKeys:
    """Look for keys in more than one row: across each group, and within each table of ``alone``."""
    found: dict[tuple[str, ...], frozenset[int]] = {}
    more = False
    for numbers, bounds in _statements(groups, alone):
        query = _query(tables, columns, numbers, bounded=bool(bounds), limit=limit)
        rows = ask.rows(query, KeyRow, **bounds)
        more |= len(rows) > limit
        for row in rows[:limit]:
            key = tuple(row.key)
            found[key] = found.get(key, frozenset()) | frozenset(row.tables)
    return SharedKeys(found, more)


def _statements(groups: Iterable[Group], alone: Iterable[int]) -> Iterator[tuple[tuple[int, ...], dict[str, str]]]:
    for number in alone:
        yield (number,), {}
    for group in groups:
        bounds = {"low": group.low, "high": group.high}
        blocks = [group.tables[at : at + _BLOCK] for at in range(0, len(group.tables), _BLOCK)]
        if len(blocks) == 1:
            yield blocks[0], bounds
        for at, one in enumerate(blocks):
            for other in blocks[at + 1 :]:
                yield one + other, bounds


def _query(
    tables: Sequence[str], columns: Sequence[ColumnRow], numbers: Sequence[int], *, bounded: bool, limit: int
) -> str:
    names = [column.column or "" for column in columns]
    listed = ", ".join(names)
    where = " AND ".join(f"{name} IS NOT NULL" for name in names)
    if bounded:
        typed = columns[0].typed
        where += f" AND {names[0]} >= :'low'{typed} AND {names[0]} <= :'high'{typed}"
    rows = "\n    UNION ALL ".join(
        f"SELECT {number} AS shisa_at, {listed} FROM ONLY {tables[number]} WHERE {where}"  # noqa: S608 - quoted by the server
        for number in numbers
    )
    texts = ", ".join(f"{name}::text" for name in names)
    return f"""
SELECT ARRAY[{texts}] AS key, array_agg(DISTINCT shisa_at) AS tables
FROM (
    {rows}
) AS every
GROUP BY {listed} HAVING count(*) > 1 LIMIT {limit + 1}"""  # noqa: S608


def _order(key: tuple[str, ...]) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, int(part), "") if part.lstrip("-").isdecimal() else (1, 0, part) for part in key)
