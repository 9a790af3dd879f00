r"""The rows of one table out of a backup, as the lines of its COPY, in blocks and in bounded memory."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

from checks.base import ArchiveEntry
from runner.archive import containers, encoding, plain, stream, toc
from runner.archive.read import open_backup
from runner.archive.script import Script, Statement
from runner.errors import ArchiveError

BLOCK = 1 << 18
"""Bytes of whole lines that are handed out at once, 256 KiB; one row may be longer."""


class Rows:
    """A backup opened for the rows of any of its tables."""

    def __init__(self, path: Path) -> None:
        """Look what kind of backup it is; raises ArchiveError like ``read_archive``."""
        self._path = path
        opened = open_backup(path)
        self._container: containers.Container | None = None if isinstance(opened, Script) else opened

    @functools.cached_property
    def encoding(self) -> str:
        """PostgreSQL's name of the encoding that names and rows are written in."""
        if self._container is None:
            return next(filter(None, map(_encoding_set, self._script().parts())), "UTF8")
        setting = next((each.definition for each in self._contents.entries if each.kind == "ENCODING"), "")
        return encoding.codec(setting.encode()).label

    def blocks(self, entry: ArchiveEntry) -> Iterator[bytes]:
        r"""Yield the rows of a ``TABLE DATA`` entry, whole lines at a time, without the closing ``\.``.

        A row is a line of COPY's text format, escaped, in the dump's encoding; ``entry.copy`` names the columns.
        Raises ArchiveError where the rows are missing, break off, or were dumped as INSERT statements.
        """
        if not entry.copy:
            raise ArchiveError(
                f"{self._path} holds the rows of {entry.schema}.{entry.name} as INSERT statements, or none.",
                hint="Take the backup without --inserts: only rows written by COPY can be compared.",
            )
        if self._container is None:
            yield from _whole_lines(self._plain(entry))
            return
        packed, algorithm = self._container.packed_rows(self._contents, entry)
        for block in _whole_lines(stream.unpack(self._path, packed, algorithm)):
            end = 0 if block.startswith(b"\\.\n") else block.find(b"\n\\.\n") + 1
            if end or block.startswith(b"\\.\n"):
                if end:
                    yield block[:end]
                return
            yield block
        raise stream.damaged(self._path, f"the rows of {entry.schema}.{entry.name} break off")

    @functools.cached_property
    def _contents(self) -> toc.Toc:
        if self._container is None:
            raise AssertionError
        return self._container.contents()

    def _script(self) -> Script:
        opened = open_backup(self._path)
        if not isinstance(opened, Script):
            raise stream.damaged(self._path, "it was replaced while it was read")
        return opened

    def _plain(self, entry: ArchiveEntry) -> Iterator[bytes]:
        script, dump = self._script(), plain.Dump(self._path)
        for part in script.parts():
            dump.take(part, backslash_escapes=script.backslash_escapes)
            if isinstance(part, Statement) and part.copies and dump.entries[-1].dump_id == entry.dump_id:
                yield from script.rows()
                return
        raise stream.damaged(self._path, f"the rows of {entry.schema}.{entry.name} are missing")


def copy_rows(path: Path, entry: ArchiveEntry) -> Iterator[bytes]:
    """Yield the rows of one entry of ``read_archive(path)`` one by one, without their newline; see ``Rows.blocks``."""
    for block in Rows(path).blocks(entry):
        yield from block[:-1].split(b"\n")


def _encoding_set(part: object) -> str:
    text = part.text.strip() if isinstance(part, Statement) else b""
    return encoding.codec(text).label if text.startswith(b"SET client_encoding") else ""


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size, wanted = 0, BLOCK
    for block in blocks:
        held.append(block)
        size += len(block)
        if size >= wanted:
            text = b"".join(held)
            end = text.rfind(b"\n") + 1
            if end:
                yield text[:end]
            held, size = [text[end:]], len(text) - end
            wanted = BLOCK if end else 2 * size
    text = b"".join(held)
    if text.endswith(b"\n"):
        yield text
