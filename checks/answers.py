"""What the port ``Ask`` answers with, beside rows of a query: facts about backups, statements, programs, sessions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a query of a person returned: the columns are not known beforehand."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class SequenceSet:
    """One SEQUENCE SET entry of an archive: what a restore would pass to ``setval``."""

    schema: str
    name: str
    value: int
    is_called: bool


@dataclasses.dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One entry of an archive's table of contents, in the archive's order."""

    dump_id: int
    kind: str
    """``TABLE``, ``TABLE DATA``, ``SEQUENCE``, ``SEQUENCE SET``, ``INDEX`` … as pg_dump names it."""
    schema: str
    name: str
    owner: str
    section: str
    """``pre-data``, ``data``, ``post-data`` or ``none``."""
    definition: str = ""
    copy: str = ""
    """The ``COPY … FROM stdin`` statement of a ``TABLE DATA`` entry."""
    depends_on: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """What a backup file says of itself, read without a server and without a PostgreSQL client."""

    path: Path
    format: str
    """``custom``, ``directory``, ``tar`` or ``plain``."""
    version: str | None
    """The archive format's version, ``1.14`` (pg_dump 14, 15) to ``1.16`` (17, 18); None for plain."""
    database: str | None
    server_version: str | None
    dump_version: str | None
    created_at: str | None
    """Local time of the machine that dumped, ``YYYY-MM-DD hh:mm:ss``: pg_dump writes no zone."""
    entries: tuple[ArchiveEntry, ...]
    sequence_sets: tuple[SequenceSet, ...]
    modified_at: int | None = None
    """When the file was last written, in seconds of Unix time; a copy may look younger than the dump is."""


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Which part of an archive a restore takes; empty means all of it."""

    schemas: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    section: str | None = None
    into: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Schema in the archive → schema on the target, for a clone under another name."""


@dataclasses.dataclass(frozen=True, slots=True)
class RowExample:
    """One row that differs, without its values."""

    key: str
    """``id=7``; ``NULL`` where the backup's row has none."""
    columns: tuple[str, ...] = ()
    """Which columns changed; none for a row that one side has not."""


@dataclasses.dataclass(frozen=True, slots=True)
class GroupDiff:
    """What became of the rows of one group (a tenant) since the backup."""

    group: str | None
    """The group's value as text; None for rows that name none."""
    changed_since: int
    deleted_since: int
    """Rows that only the backup has."""
    inserted_since: int
    """Rows that only the live table has."""
    examples: tuple[RowExample, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class TableDiff:
    """The rows of one table in a backup, compared with the live ones."""

    table: str
    """As PostgreSQL prints it, ``schema.name``."""
    groups: tuple[GroupDiff, ...] = ()
    """Only those with a difference. A row that moved from one group to another counts for both."""
    backup_rows: int = 0
    live_rows: int = 0
    keyed: bool = True
    """Whether rows were paired by a key; without one a changed row is one deleted and one inserted."""
    grouped: bool = False
    """Whether the table tells the groups of its rows."""
    added_columns: tuple[str, ...] = ()
    """Live columns that the backup has not; nothing was compared there."""
    unseen: str = ""
    """Why the rows could not be compared; then the numbers say nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class DiffFacts:
    """A backup compared with the live rows, on one snapshot."""

    database: str
    """The database asked."""
    backup_database: str | None
    """The database that the backup names; None where it names none."""
    tables: tuple[TableDiff, ...]
    absent: tuple[str, ...] = ()
    """Tables asked for whose rows are not in the backup."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReadFacts:
    """What was found in a backup that was read through to its end."""

    tables: int
    """Tables whose rows were read."""
    rows: int
    """Rows of tables that were dumped by COPY."""
    size_bytes: int
    """Bytes of rows and large objects, unpacked."""
    large_objects: int


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One statement that writes rows, and how the rows it would touch can be counted beforehand."""

    statement: int
    """Which of the statements, from 1."""
    kind: str
    """``insert``, ``update``, ``delete``, ``merge``, ``truncate`` or, for what is none of them, the command."""
    relation: str
    """The table, as it is named in the text."""
    problem: str = ""
    """Why the rows cannot be counted; empty where they can."""
    common: str = ""
    """The statement's WITH clause, which only looks."""
    rows: str = ""
    """``FROM … WHERE …`` that gives each row touched once, under the name ``alias``."""
    alias: str = ""
    given: int | None = None
    """The number of rows where the text lists them itself (VALUES)."""
    at_most: bool = False
    """Whether fewer rows than counted may be touched (ON CONFLICT)."""
    columns: tuple[str, ...] = ()
    """What an UPDATE sets."""
    only: bool = False
    """Whether ONLY keeps it from the tables that inherit."""
    cascades: bool = False
    """Whether TRUNCATE … CASCADE takes the tables that refer to it along."""
    writes: tuple[str, ...] = ()
    """Every table that the statement writes, its WITH clause included."""


@dataclasses.dataclass(frozen=True, slots=True)
class Touched:
    """What a trial changed in one table."""

    table: str
    inserted: int
    updated: int
    deleted: int

    @property
    def rows(self) -> int:
        """All changes of rows; one that was changed twice counts twice."""
        return self.inserted + self.updated + self.deleted


@dataclasses.dataclass(frozen=True, slots=True)
class Trial:
    """What one of the statements did before it was rolled back."""

    statement: int
    """Which of the statements, from 1."""
    rows: int
    """What the server told of the statement itself."""
    changed: tuple[Touched, ...]
    """Every table that rows were changed in, by cascades and triggers too."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended."""

    exit_code: int
    stdout: str
    stderr: str


@dataclasses.dataclass(frozen=True, slots=True)
class SessionFacts:
    """How a connection behaves over several transactions."""

    told_pid: int | None
    """The server process that was announced when the connection was made; None where none was."""
    pids: tuple[int, ...]
    """The server processes that answered, one transaction after the other."""
    kept: bool
    """Whether a setting of the session was still there in every transaction."""


@dataclasses.dataclass(frozen=True, slots=True)
class Captured(Generic[Row]):
    """What an earlier guard of the run found, kept to be compared with."""

    rows: tuple[Row, ...]
    step: str
    """The step whose guard captured it."""
    at: str
    """When, RFC 3339 in UTC."""
    server_version: int

    @property
    def side(self) -> str:
        """How it is called in a sentence."""
        return f"the baseline of step {self.step}"
