"""What a plain SQL dump says of itself, read through in bounded memory."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from checks.base import ArchiveEntry, ArchiveFacts, SequenceSet
from runner.archive import encoding, setval, stream
from runner.archive.script import Command, Comment, Script, Statement
from runner.errors import ArchiveError

SIGNATURE = b"--\n-- PostgreSQL database dump\n--\n"
CLUSTER = b"--\n-- PostgreSQL database cluster dump\n--\n"
COMPLETE = b"-- PostgreSQL database dump complete"
HEADING = re.compile(
    r"-- (?:Data for |Statistics for )?Name: (?P<name>.*); Type: (?P<kind>[A-Z ]+); Schema: (?P<schema>.*);"
    r" Owner: (?P<owner>.*?)(?:; Tablespace: .*)?"
)
VERSION = re.compile(rb"-- Dumped (from database|by pg_dump) version (.+)")
SETVAL_CALL = re.compile(rb"\s*(?:SELECT|WITH)\b.*\bsetval\b", re.IGNORECASE | re.DOTALL)
ROWS_INTO = re.compile(rf"\s*(?:COPY|INSERT INTO) ({setval.PART}\.{setval.PART})[ (;]")
HEAD = 4096
"""Bytes of a statement that are looked at for the name of its table."""
CONNECT = re.compile(rb"\\connect ([a-z_][a-z0-9_]*)")
COMMANDS = (b"\\connect ", b"\\restrict ", b"\\unrestrict ")
DATA = {"TABLE DATA", "SEQUENCE SET", "BLOB", "BLOBS", "BLOB METADATA"}
POST_DATA = {
    *("INDEX", "INDEX ATTACH", "CONSTRAINT", "FK CONSTRAINT", "TRIGGER", "EVENT TRIGGER", "RULE", "POLICY"),
    *("ROW SECURITY", "STATISTICS", "PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA"),
    *("SUBSCRIPTION", "SUBSCRIPTION TABLE", "MATERIALIZED VIEW DATA", "DEFAULT ACL"),
}


def signed(start: bytes) -> bool:
    """Whether a file that begins so is a plain dump of one database."""
    return start.startswith(SIGNATURE)


def of_cluster(start: bytes) -> bool:
    """Whether a file that begins so was written by pg_dumpall."""
    return start.startswith(CLUSTER)


def read(script: Script) -> ArchiveFacts:
    """Read a plain dump to its end, which must be there: the sequence values stand near it."""
    dump = Dump(script.path)
    for part in script.parts():
        dump.take(part, backslash_escapes=script.backslash_escapes)
    return dump.facts()


class Dump:
    """What has been learnt from a plain dump so far.

    Entries come from pg_dump's comments; where the statement below tells a table or sequence exactly, it wins, since
    comments show a newline as a blank. A comment that can be read in two ways makes no entry.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[ArchiveEntry] = []
        self.sequence_sets: list[SequenceSet] = []
        self.codec = encoding.codec(b"")
        self.database: bytes | None = None
        self.versions: dict[bytes, str] = {}
        self.complete = False

    def take(self, part: Statement | Comment | Command, *, backslash_escapes: bool) -> None:
        """Learn from one part of the script; raises ArchiveError at what pg_dump never writes."""
        match part:
            case Comment(text):
                self._comment(text)
            case Command(text):
                self._command(text)
            case Statement():
                self._statement(part, backslash_escapes=backslash_escapes)

    def facts(self) -> ArchiveFacts:
        """Sum up; raises ArchiveError where the dump's last line is missing."""
        if not self.complete:
            raise stream.damaged(self.path, 'its last line, "PostgreSQL database dump complete", is missing')
        if sum(entry.kind == "SEQUENCE SET" for entry in self.entries) != len(self.sequence_sets):
            raise stream.damaged(self.path, "a sequence value that it announces is missing")
        return ArchiveFacts(
            path=self.path,
            format="plain",
            version=None,
            database=None if self.database is None else self.codec.text(self.database),
            server_version=self.versions.get(b"from database"),
            dump_version=self.versions.get(b"by pg_dump"),
            created_at=None,
            entries=tuple(self.entries),
            sequence_sets=tuple(self.sequence_sets),
        )

    def _comment(self, text: bytes) -> None:
        if text == COMPLETE:
            self.complete = True
        elif version := VERSION.fullmatch(text):
            self.versions[version[1]] = self.codec.text(version[2])
        elif text.count(b"; Type: ") == 1 and (heading := HEADING.fullmatch(self._name(text))):
            kind, schema, owner = (heading[key] for key in ("kind", "schema", "owner"))
            self._add(kind, "" if schema == "-" else schema, heading["name"], "" if owner == "-" else owner)

    def _command(self, text: bytes) -> None:
        if not text.startswith(COMMANDS):
            shown = self.codec.text(text[:40])
            raise ArchiveError(
                f"{self.path} uses the psql command {shown!r}, which pg_dump never writes.",
                hint="Name the dump as pg_dump wrote it.",
            )
        if text.startswith(b"\\connect "):
            if self.database is not None:
                raise several_databases(self.path)
            simple = CONNECT.fullmatch(text)
            self.database = simple[1] if simple else text.removeprefix(b"\\connect ")

    def _statement(self, statement: Statement, *, backslash_escapes: bool) -> None:
        text = statement.text.strip()
        if text.startswith(b"SET client_encoding"):
            self.codec = encoding.codec(text)
            if self.codec.label in encoding.CLIENT_ONLY:
                raise ArchiveError(
                    f"{self.path} is a plain dump in {self.codec.label}, whose characters can hide a backslash.",
                    hint="Take it with pg_dump --encoding=UTF8, or with -Fc.",
                )
        elif SETVAL_CALL.match(statement.bare):
            found = setval.parse(self._name(text), backslash_escapes=backslash_escapes) if statement.whole else None
            if found is None:
                raise ArchiveError(
                    f"{self.path} sets a sequence in a way that cannot be understood: {self.codec.text(text[:80])!r}.",
                    hint="Name the dump as pg_dump wrote it; without its sequence values nothing can be judged.",
                )
            self._settle("SEQUENCE SET", found.schema, found.name, definition=self._name(text))
            self.sequence_sets.append(found)
        elif text.startswith((b"COPY ", b"INSERT INTO ")):
            self._rows(statement, text)

    def _rows(self, statement: Statement, text: bytes) -> None:
        table = ROWS_INTO.match(self.codec.text(text[:HEAD]))
        name = setval.qualified_name(table[1]) if table else None
        copies = text.startswith(b"COPY ")
        if name is None or (copies and not (statement.whole and statement.copies)):
            raise ArchiveError(
                f"{self.path} holds rows in a way that pg_dump never writes: {self.codec.text(text[:80])!r}.",
                hint="Name the dump as pg_dump wrote it.",
            )
        self._settle("TABLE DATA", *name, copy=self._name(text) if copies else "")

    def _settle(self, kind: str, schema: str, name: str, *, definition: str = "", copy: str = "") -> None:
        """Give the entry that the comment above announced its exact name; make one where no comment could."""
        last = self.entries[-1] if self.entries else None
        if last is None or last.kind != kind or last.definition or last.copy:
            self._add(kind, schema, name, "")
        self.entries[-1] = dataclasses.replace(
            self.entries[-1], schema=schema, name=name, definition=definition, copy=copy
        )

    def _add(self, kind: str, schema: str, name: str, owner: str) -> None:
        section = "data" if kind in DATA else "post-data" if kind in POST_DATA else "pre-data"
        self.entries.append(ArchiveEntry(len(self.entries) + 1, kind, schema, name, owner, section))

    def _name(self, raw: bytes) -> str:
        try:
            return self.codec.name(raw)
        except UnicodeDecodeError as error:
            raise encoding.foreign(self.path, self.codec) from error


def several_databases(path: Path) -> ArchiveError:
    """Say why a dump of a whole cluster cannot be judged."""
    return ArchiveError(
        f"{path} holds several databases, and one name may stand for a sequence in each of them.",
        hint="Take a dump of the one database with pg_dump.",
    )
