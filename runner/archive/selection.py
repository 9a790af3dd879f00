"""What a restore of a part of an archive would bring along, by the rules of pg_restore (_tocEntryRequired)."""

from __future__ import annotations

import re

from checks.base import ArchiveEntry, ArchiveFacts, Selection, SequenceSet
from runner.archive import setval
from runner.errors import UsageError

SECTIONS = {None, "pre-data", "data", "post-data"}
PART = r'(?:"((?:[^"]|"")+)"|([^".]+))'
TABLE = re.compile(rf"(?:{PART}\.)?{PART}")


def sequence_sets(facts: ArchiveFacts, selection: Selection) -> tuple[SequenceSet, ...]:
    """Return the sequence values that a restore of the selection would set.

    pg_restore treats a sequence's value as data: it comes with the whole archive, with a schema (``-n``) and with
    ``--section=data``, but with ``-t`` only where the sequence itself is named, never with its table. Raises UsageError
    for an unknown section and for what is no table's name.
    """
    wanted = _Wanted(selection)
    return tuple(found for found in facts.sequence_sets if wanted.takes("data", found.schema, found.name))


def tables_with_data(facts: ArchiveFacts, selection: Selection) -> tuple[ArchiveEntry, ...]:
    """Return the entries whose rows a restore of the selection would bring; raises like ``sequence_sets``."""
    wanted = _Wanted(selection)
    data = (entry for entry in facts.entries if entry.kind == "TABLE DATA")
    return tuple(entry for entry in data if wanted.takes(entry.section, entry.schema, entry.name))


class _Wanted:
    def __init__(self, selection: Selection) -> None:
        if selection.section not in SECTIONS:
            raise UsageError(
                f"{selection.section!r} is no section of an archive.", hint="It is pre-data, data or post-data."
            )
        self._section = selection.section
        self._schemas = frozenset(selection.schemas)
        self._tables = frozenset(split_table(text) for text in selection.tables)

    def takes(self, section: str, schema: str, name: str) -> bool:
        return (
            self._section in {None, section}
            and (not self._schemas or schema in self._schemas)
            and (not self._tables or not self._tables.isdisjoint({(schema, name), (None, name)}))
        )


def split_table(text: str) -> tuple[str | None, str]:
    """Take ``table`` or ``schema.table`` apart; like for pg_restore, unquoted letters keep their case.

    Raises UsageError for what is no table's name.
    """
    match = TABLE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!r} is not the name of a table.",
            hint='Write schema.table or table; a name with a dot or a quote in it as "a.b".',
        )
    return setval.unquoted(match[1], match[2]) or None, setval.unquoted(match[3], match[4])
