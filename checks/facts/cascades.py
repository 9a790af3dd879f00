"""Which rows a statement takes along over foreign keys, as queries that count them. Pure."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence

from checks.base import Change
from checks.facts.relations import Relation

ACTIONS = {"c": "cascade", "n": "set null", "d": "set default", "r": "restrict", "a": "no action"}
_CHANGING = {"c", "n", "d"}


@dataclasses.dataclass(frozen=True, slots=True)
class ReferenceRow:
    """One foreign key."""

    referenced: int
    referrer: int
    object: str
    """The table that refers."""
    on_delete: str
    on_update: str
    columns: str
    """JSON list of the columns that refer, quoted."""
    keys: str
    """JSON list of the columns referred to, quoted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Along:
    """Rows that go along: of which table, how, and the query that counts them; None where no query can."""

    table: str
    action: str
    query: str | None


def along(change: Change, relations: Sequence[Relation], references: Sequence[ReferenceRow]) -> Iterator[Along]:
    """Every foreign key that acts when the statement runs; ``relations`` are the tables that it changes itself."""
    if change.kind == "truncate":
        yield from _truncated(change, {each.relation for each in relations}, references)
        return
    for start in relations:
        for each in references:
            if each.referenced != start.relation:
                continue
            source = _keys(change, each, start, alone=len(relations) == 1)
            if change.kind == "delete":
                yield from _deleted(each, source, (start.relation,), references)
            elif change.kind == "update":
                touched = {name.strip('"') for name in json.loads(each.keys)} & set(change.columns)
                if touched and each.on_update in _CHANGING:
                    yield Along(each.object, ACTIONS[each.on_update], _count(each, source))


def _truncated(change: Change, relations: set[int], references: Sequence[ReferenceRow]) -> Iterator[Along]:
    if not change.cascades:
        return
    emptied = set(relations)
    for _ in references:  # as often as there are keys is enough to reach the last one
        emptied |= {each.referrer for each in references if each.referenced in emptied}
    tables = {each.object: each.referrer for each in references if each.referrer in emptied}
    for table, relation in tables.items():
        if relation not in relations:
            yield Along(table, "truncate", f"SELECT count(*) FROM {table}")  # noqa: S608 - quoted by the server


def _deleted(
    reference: ReferenceRow, source: str, path: tuple[int, ...], references: Sequence[ReferenceRow]
) -> Iterator[Along]:
    action = ACTIONS[reference.on_delete]
    if reference.referrer in path and reference.on_delete in _CHANGING:
        yield Along(reference.object, action, None)  # a key that leads in a circle: no query of fixed depth counts it
        return
    yield Along(reference.object, action, _count(reference, source))
    if reference.on_delete == "c":
        for each in references:
            if each.referenced == reference.referrer:
                keys = ", ".join(f"r.{name}" for name in json.loads(each.keys))
                deeper = f"SELECT {keys} FROM {reference.object} AS r WHERE {_in(reference, source)}"  # noqa: S608 - quoted
                yield from _deleted(each, deeper, (*path, reference.referrer), references)


def _keys(change: Change, reference: ReferenceRow, start: Relation, *, alone: bool) -> str:
    """The keys of the rows that go; of one table alone where several are changed by one name.

    A partitioned table stores no rows itself: those of all its partitions count.
    """
    keys = ", ".join(f"{change.alias}.{name}" for name in json.loads(reference.keys))
    if alone or start.kind == "p":
        return f"SELECT {keys} {change.rows}"
    several = f"(SELECT {change.alias}.tableoid AS of_table, {change.alias}.* {change.rows}\n) AS {change.alias}"
    return f"SELECT {keys} FROM {several} WHERE of_table = {start.relation}"  # noqa: S608 - names quoted by the server


def _count(reference: ReferenceRow, source: str) -> str:
    return f"SELECT count(*) FROM {reference.object} AS r WHERE {_in(reference, source)}"  # noqa: S608 - quoted names


def _in(reference: ReferenceRow, source: str) -> str:
    columns = ", ".join(f"r.{name}" for name in json.loads(reference.columns))
    return f"({columns}) IN ({source}\n)"
