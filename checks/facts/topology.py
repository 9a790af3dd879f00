"""Which table inherits from which: read from an archive's definitions, and compared. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator

from checks.base import ArchiveFacts, CannotAskError, Selection
from checks.facts.names import PART, Name, names_in, takes

_NAME = rf"{PART}\.{PART}"
_INHERITS = re.compile(rf"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\bINHERITS \(({_NAME}(?:, {_NAME})*)\)""", re.DOTALL)
_ATTACH = re.compile(rf"ALTER TABLE ONLY ({_NAME}) ATTACH PARTITION ")


@dataclasses.dataclass(frozen=True, slots=True)
class TableRow:
    """One table, and its parents in the order of inheritance."""

    schema: str
    name: str
    parents: list[list[str]]

    @property
    def key(self) -> Name:
        """What it is found by on the other side."""
        return self.schema, self.name


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """One table that has other parents on the other side; None where that side has no such table."""

    table: Name
    here: tuple[Name, ...] | None
    there: tuple[Name, ...] | None

    @property
    def order_only(self) -> bool:
        """Whether the parents are the same, in another order."""
        return self.here is not None and self.there is not None and set(self.here) == set(self.there)


def of_archive(archive: ArchiveFacts, selection: Selection) -> tuple[TableRow, ...]:
    """Read the tables that a restore of the selection would make, by their names on the target.

    Raises CannotAskError for a plain dump, whose definitions are not read.
    """
    if archive.format == "plain":
        raise CannotAskError(f"{archive.path} is a plain dump, whose tables are not read for their parents")
    parents: dict[Name, list[Name]] = {}
    for entry in archive.entries:
        key = entry.schema, entry.name
        if entry.kind in {"TABLE", "FOREIGN TABLE"} and takes(selection, key):
            parents.setdefault(key, []).extend(_inherited(entry.definition))
    for entry in archive.entries:
        key = entry.schema, entry.name
        attached = _ATTACH.match(entry.definition) if entry.kind == "TABLE ATTACH" and key in parents else None
        if attached is not None:
            parents[key] += names_in(attached[1])
    into = selection.into
    return tuple(
        TableRow(into.get(key[0], key[0]), key[1], [[into.get(schema, schema), name] for schema, name in found])
        for key, found in parents.items()
    )


def differences(here: Iterable[TableRow], there: Iterable[TableRow]) -> Iterator[Difference]:
    """Compare the tables that have parents on either side; new children count where their parent is on both sides."""
    ours = {row.key: _parents(row) for row in here}
    theirs = {row.key: _parents(row) for row in there}
    for key in sorted(ours.keys() | theirs.keys()):
        one, two = ours.get(key), theirs.get(key)
        both = one is not None and two is not None
        if one != two and (both or any(parent in ours and parent in theirs for parent in one or two or ())):
            yield Difference(key, one, two)


def _parents(row: TableRow) -> tuple[Name, ...]:
    return tuple((schema, name) for schema, name in row.parents)


def _inherited(definition: str) -> list[Name]:
    """Read what stands behind INHERITS, outside of literals and quoted names."""
    return next((names_in(found[1]) for found in _INHERITS.finditer(definition) if found[1]), [])
