r"""The rows of one table out of a backup, as the lines of its COPY, one after the other in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from checks.base import ArchiveEntry
from runner.archive import plain, stream
from runner.archive.read import open_backup
from runner.archive.script import Script, Statement
from runner.errors import ArchiveError


def copy_rows(path: Path, entry: ArchiveEntry) -> Iterator[bytes]:
    r"""Yield the rows of a ``TABLE DATA`` entry of ``read_archive(path)``.

    A row is a line of COPY's text format, escaped, in the dump's encoding, without its newline and the closing ``\.``;
    ``entry.copy`` names the columns. Only one row is held in memory. Raises ArchiveError where the rows are missing,
    break off, or were dumped as INSERT statements.
    """
    if not entry.copy:
        raise ArchiveError(
            f"{path} holds the rows of {entry.schema}.{entry.name} as INSERT statements, or none.",
            hint="Take the backup without --inserts: only rows written by COPY can be compared.",
        )
    opened = open_backup(path)
    if isinstance(opened, Script):
        yield from _lines(_plain(opened, entry))
        return
    packed, algorithm = opened.packed_rows(opened.contents(), entry)
    for line in _lines(stream.unpack(path, packed, algorithm)):
        if line == b"\\.":
            return
        yield line
    raise stream.damaged(path, f"the rows of {entry.schema}.{entry.name} break off")


def _plain(script: Script, entry: ArchiveEntry) -> Iterator[bytes]:
    dump = plain.Dump(script.path)
    for part in script.parts():
        dump.take(part, backslash_escapes=script.backslash_escapes)
        if isinstance(part, Statement) and part.copies and dump.entries[-1].dump_id == entry.dump_id:
            yield from script.rows()
            return
    raise stream.damaged(script.path, f"the rows of {entry.schema}.{entry.name} are missing")


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []
    for block in blocks:
        head, newline, rest = block.partition(b"\n")
        begun.append(head)
        if newline:
            yield b"".join(begun)
            *whole, last = rest.split(b"\n")
            yield from whole
            begun = [last]
