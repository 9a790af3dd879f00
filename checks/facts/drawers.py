"""Sequences and the columns that draw from them, put together from the catalogue's rows. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from checks.facts.nextval import Calls, Name, calls

_BARE = re.compile(r"nextval\('(?:[^']|'')*'::regclass\)")


@dataclasses.dataclass(frozen=True, slots=True)
class SequenceRow:
    """One sequence as the catalogue knows it."""

    sequence: int
    schema: str
    name: str
    object: str
    increment: int
    cycles: bool
    cache: int
    readable: bool


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnRow:
    """One column that draws from a sequence, from a function, or by a name written as text."""

    sequence: int | None
    function: int | None
    via: str
    table: str
    column: str
    expression: str | None
    number: bool
    kind: str
    readable: bool
    scan_mb: int
    elsewhere: bool


@dataclasses.dataclass(frozen=True, slots=True)
class BodyRow:
    """One function or rule whose text calls nextval."""

    function: int | None
    object: str
    language: str
    body: str


@dataclasses.dataclass(frozen=True, slots=True)
class Drawer:
    """One way in which numbers leave a sequence."""

    via: str
    """``default``, ``identity``, ``owned``, ``inherits`` or ``function``."""
    table: str | None = None
    column: str | None = None
    function: str | None = None
    unlike: str = ""
    """Why the column's values cannot be compared with the sequence's numbers; empty where they can."""
    kind: str = "r"
    readable: bool = True
    scan_mb: int = 0
    elsewhere: bool = False
    """Whether the column's own default draws from another sequence, so that only numbers issued here count."""

    @property
    def label(self) -> str:
        """How the drawer is called in a sentence."""
        return f"{self.table}.{self.column}" if self.column else self.function or self.table or self.via

    def as_json(self) -> dict[str, str | None]:
        """The drawer as evidence."""
        known: dict[str, str | None] = {"table": self.table, "column": self.column, "via": self.via}
        return known | ({"function": self.function} if self.function else {})


@dataclasses.dataclass(frozen=True, slots=True)
class Graph:
    """What draws from what."""

    drawers: Mapping[int, tuple[Drawer, ...]]
    """Sequence → its drawers."""
    dynamic: tuple[str, ...]
    """Functions, rules and columns that compute the name of the sequence they draw from."""


def graph(sequences: Sequence[SequenceRow], columns: Iterable[ColumnRow], bodies: Iterable[BodyRow]) -> Graph:
    """Put the rows together."""
    by_name: dict[Name, list[int]] = {}
    for each in sequences:
        by_name.setdefault((each.schema, each.name), []).append(each.sequence)
        by_name.setdefault((None, each.name), []).append(each.sequence)  # any schema may be the one meant
    found: dict[int, list[Drawer]] = {each.sequence: [] for each in sequences}
    dynamic: set[str] = set()
    through: dict[int | None, list[ColumnRow]] = {}
    for row in columns:
        if row.function is not None:
            through.setdefault(row.function, []).append(row)
        elif row.sequence is not None and (row.expression is None or _names_it(row.expression)):
            found[row.sequence].append(_drawer(row, "" if row.number else "is not a number"))
        else:
            _expressed(row, by_name, found, dynamic)
    for body in bodies:
        seen = calls(body.body, body.language)
        if seen.dynamic:
            dynamic.add(body.object)
        for name in seen.names:
            for sequence in by_name.get(name, ()):
                found[sequence] += _called(body, seen, name, through.get(body.function, []))
    return Graph({sequence: _ordered(drawers) for sequence, drawers in found.items()}, tuple(sorted(dynamic)))


def _names_it(expression: str) -> bool:
    """Whether a default is one bare call, the usual case, told without parsing."""
    return _BARE.fullmatch(expression) is not None


def _expressed(
    row: ColumnRow, by_name: Mapping[Name, list[int]], found: dict[int, list[Drawer]], dynamic: set[str]
) -> None:
    seen = calls(row.expression or "")
    why = "" if row.number and seen.plain else "is not the bare number" if row.number else "is not a number"
    drawn = {sequence for name in seen.names for sequence in by_name.get(name, ())}
    if row.sequence is not None:
        drawn.add(row.sequence)
    for sequence in drawn:
        found[sequence].append(_drawer(row, why))
    if seen.dynamic:
        dynamic.add(f"{row.table}.{row.column}")


def _called(body: BodyRow, seen: Calls, name: Name, columns: Sequence[ColumnRow]) -> Iterator[Drawer]:
    """Follow a function's numbers into columns; where they cannot be followed, name the function."""
    followed = False
    for row in columns:
        if row.via == "function":
            bare = seen.plain and row.number and row.expression == body.object
            yield _drawer(row, "" if bare else "is not the bare number", body.object)
            followed = True
        elif row.column in seen.assigned.get(name, ()):
            yield _drawer(row, "" if row.number else "is not a number", body.object)
            followed = True
    if not followed or (name in seen.otherwise and not seen.plain):
        tables = sorted({row.table for row in columns if row.via == "trigger"})
        for table in tables or (None,):
            yield Drawer("function", table, None, body.object, "gets its numbers where they cannot be followed")


def _drawer(row: ColumnRow, unlike: str, function: str | None = None) -> Drawer:
    via = {"trigger": "function", "text": "default"}.get(row.via, row.via)
    return Drawer(via, row.table, row.column, function, unlike, row.kind, row.readable, row.scan_mb, row.elsewhere)


def _ordered(drawers: Iterable[Drawer]) -> tuple[Drawer, ...]:
    unique = dict.fromkeys(drawers)
    return tuple(sorted(unique, key=lambda each: (each.table or "~", each.column or "", each.function or "")))
