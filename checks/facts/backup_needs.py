"""What the definitions in a backup refer to: parents, sequences, tables behind foreign keys. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator

from checks.base import ArchiveEntry, Selection
from checks.facts.names import PART, Name, name_of, names_in, takes

_NEXTVAL = re.compile(r"nextval\('((?:[^']|'')+)'::regclass\)")
_REFERENCES = (
    ("the parent", re.compile(r"\bINHERITS \(([^)]*)\)")),
    ("the partitioned table", re.compile(rf"\bALTER TABLE (?:ONLY )?{PART}\.{PART}\s+ATTACH PARTITION")),
    ("the table behind a foreign key", re.compile(rf"\bREFERENCES {PART}\.{PART}")),
)
_DEFINING = {"TABLE", "DEFAULT", "FK CONSTRAINT", "TABLE ATTACH", "SEQUENCE OWNED BY"}
_OF_A_TABLE = {"DEFAULT", "FK CONSTRAINT"}


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """One thing that an object of the backup refers to."""

    name: Name
    role: str
    """``the parent``, ``the sequence`` …"""
    of: Name


def chosen(entry: ArchiveEntry, selection: Selection | None) -> bool:
    """Whether a restore takes an entry along."""
    return selection is None or takes(selection, (entry.schema, entry.name))


def needs(entries: Iterable[ArchiveEntry], selection: Selection | None) -> Iterator[Need]:
    """Everything that the chosen definitions refer to."""
    for entry in entries:
        if entry.kind not in _DEFINING or not _taken(entry, selection):
            continue
        here = (entry.schema, entry.name)
        for literal in _NEXTVAL.findall(entry.definition):
            if found := name_of(literal.replace("''", "'")):
                yield Need(found, "the sequence", here)
        for role, pattern in _REFERENCES:
            for match in pattern.finditer(entry.definition):
                for name in names_in(match[0]):
                    yield Need(name, role, here)


def _taken(entry: ArchiveEntry, selection: Selection | None) -> bool:
    """Whether a restore takes along what an entry defines; a default or a key is called ``table column`` there."""
    if selection is None or entry.kind not in _OF_A_TABLE:
        return chosen(entry, selection)
    words = entry.name.split(" ")
    tables = (" ".join(words[:count]) for count in range(1, len(words)))
    return any(takes(selection, (entry.schema, table)) for table in tables)
