"""What the definitions in a backup refer to: parents, sequences, tables behind foreign keys. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator

from checks.base import ArchiveEntry, Selection

_PART = r'(?:"(?:[^"]|"")+"|[^\s"().,;:\']+)'
_NAME = rf"({_PART})\.({_PART})"
_NEXTVAL = re.compile(r"nextval\('((?:[^']|'')+)'::regclass\)")
_QUALIFIED = re.compile(_NAME)
_REFERENCES = (
    ("the parent", re.compile(r"\bINHERITS \(([^)]*)\)")),
    ("the partitioned table", re.compile(rf"\bATTACH PARTITION\s|\bALTER TABLE (?:ONLY )?{_NAME}\s+ATTACH PARTITION")),
    ("the table behind a foreign key", re.compile(rf"\bREFERENCES ({_PART}\.{_PART})")),
)
_DEFINING = {"TABLE", "DEFAULT", "FK CONSTRAINT", "TABLE ATTACH", "SEQUENCE OWNED BY"}

Name = tuple[str, str]
"""Schema and name, unquoted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """One thing that an object of the backup refers to."""

    name: Name
    role: str
    """``the parent``, ``the sequence`` …"""
    of: Name


def chosen(entry: ArchiveEntry, selection: Selection | None) -> bool:
    """Whether a restore takes an entry along: pg_restore's rule for schemas and tables."""
    if selection is None:
        return True
    tables = selection.tables
    return (not selection.schemas or entry.schema in selection.schemas) and (
        not tables or entry.name in tables or f"{entry.schema}.{entry.name}" in tables
    )


def needs(entries: Iterable[ArchiveEntry], selection: Selection | None) -> Iterator[Need]:
    """Everything that the chosen definitions refer to."""
    for entry in entries:
        if entry.kind not in _DEFINING or not chosen(_of_table(entry), selection):
            continue
        here = (entry.schema, entry.name)
        for literal in _NEXTVAL.findall(entry.definition):
            if found := name_of(literal.replace("''", "'")):
                yield Need(found, "the sequence", here)
        for role, pattern in _REFERENCES:
            for match in pattern.finditer(entry.definition):
                for part in _QUALIFIED.finditer(match[0]):
                    yield Need((unquoted(part[1]), unquoted(part[2])), role, here)


def name_of(text: str) -> Name | None:
    """Take ``schema.name`` apart."""
    found = _QUALIFIED.fullmatch(text)
    return None if found is None else (unquoted(found[1]), unquoted(found[2]))


def unquoted(part: str) -> str:
    """One part of a name without its quotes."""
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def written(name: Name) -> str:
    """A name as PostgreSQL reads it, every part quoted where it must be."""
    return ".".join(
        part if re.fullmatch(r"[a-z_][a-z0-9_$]*", part) else '"' + part.replace('"', '""') + '"' for part in name
    )


def _of_table(entry: ArchiveEntry) -> ArchiveEntry:
    """An entry under its table's name: a default or constraint is called ``table column`` in the archive."""
    return dataclasses.replace(entry, name=entry.name.partition(" ")[0]) if " " in entry.name else entry
