"""Names of tables as people and archives write them, and which of them a restore takes. Pure."""

from __future__ import annotations

import re

from checks.base import Selection

PART = r"""(?:"(?:[^"]|"")+"|[^\s"().,;:']+)"""
"""One part of a name, quoted or bare, as a pattern without groups."""
_QUALIFIED = re.compile(rf"({PART})\.({PART})")
_BARE = re.compile(r"[a-z_][a-z0-9_$]*")

Name = tuple[str, str]
"""Schema and name, unquoted."""


def names_in(text: str) -> list[Name]:
    """Every ``schema.name`` in a text."""
    return [(_unquoted(found[1]), _unquoted(found[2])) for found in _QUALIFIED.finditer(text)]


def name_of(text: str) -> Name | None:
    """Take ``schema.name`` apart; None where it is none."""
    found = _QUALIFIED.fullmatch(text)
    return None if found is None else (_unquoted(found[1]), _unquoted(found[2]))


def written(name: Name) -> str:
    """Write a name as PostgreSQL reads it, every part quoted where it must be."""
    return ".".join(part if _BARE.fullmatch(part) else quoted(part) for part in name)


def quoted(part: str) -> str:
    """Put one part of a name in quotes."""
    return '"' + part.replace('"', '""') + '"'


def takes(selection: Selection, name: Name) -> bool:
    """Whether a restore of the selection takes a table along: pg_restore's rule for schemas and tables."""
    asked = {name_of(text) or (None, _unquoted(text)) for text in selection.tables}
    return (not selection.schemas or name[0] in selection.schemas) and (
        not asked or not asked.isdisjoint({name, (None, name[1])})
    )


def _unquoted(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part
