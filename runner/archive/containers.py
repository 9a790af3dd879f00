"""The three archive formats: where each keeps its table of contents and its rows, and what must be there."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from checks.base import ArchiveEntry, ArchiveFacts, SequenceSet
from runner.archive import setval, stream, tar, toc
from runner.archive.binary import Reader
from runner.errors import ArchiveError

ROWS, LARGE_OBJECTS = 1, 3
ROW_BLOCKS = {ROWS, LARGE_OBJECTS}


class Container(Protocol):
    """One format of archive, opened."""

    format: str

    def contents(self) -> toc.Toc:
        """Read the table of contents, and check that what it promises is there."""

    def packed_rows(self, contents: toc.Toc, entry: ArchiveEntry) -> tuple[Iterator[bytes], str]:
        """Return the blocks of an entry's rows and how they are packed."""


class Custom:
    """A file of ``pg_dump -Fc``: the table of contents, then blocks of rows."""

    format = "custom"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows_start = 0

    def contents(self) -> toc.Toc:
        """Check too that rows begin where the table of contents ends, which no damaged count of entries survives."""
        reader = Reader(self.path, stream.file_blocks(self.path))
        read = toc.read(reader, Reader.offset)
        offsets = [place for place in read.places.values() if isinstance(place, int)]
        known = [offset for offset in offsets if offset >= 0]
        if known and max(known) >= self.path.stat().st_size:
            raise stream.damaged(self.path, "it ends before the rows that its table of contents announces")
        if offsets and not reader.at_end:
            self.rows_start, begins = reader.position, min(known, default=reader.position) == reader.position
            begins = begins and reader.byte() in ROW_BLOCKS and reader.integer() in read.places
        else:
            begins = not offsets and reader.at_end
        if not begins:
            raise stream.damaged(self.path, "its rows do not begin where its table of contents ends")
        return read

    def packed_rows(self, contents: toc.Toc, entry: ArchiveEntry) -> tuple[Iterator[bytes], str]:
        """Seek to an entry's block, or search for it where the dump went into a pipe."""
        offset = contents.places[entry.dump_id]
        start = offset if isinstance(offset, int) and offset >= 0 else self.rows_start
        return self._chunks(entry, start), contents.header.compression

    def _chunks(self, entry: ArchiveEntry, start: int) -> Iterator[bytes]:
        reader = Reader(self.path, stream.file_blocks(self.path, start=start))
        while not reader.at_end:
            kind, dump_id = reader.byte(), reader.integer()
            if kind not in ROW_BLOCKS:
                break
            if dump_id == entry.dump_id:
                yield from reader.chunks()
                return
            while kind == LARGE_OBJECTS and reader.integer():
                collections.deque(reader.chunks(), maxlen=0)
            if kind == ROWS:
                collections.deque(reader.chunks(), maxlen=0)
        raise stream.damaged(self.path, f"the rows of {entry.schema}.{entry.name} are missing")


class Directory:
    """A folder of ``pg_dump -Fd``: toc.dat and one file of rows for each table."""

    format = "directory"

    def __init__(self, path: Path) -> None:
        self.path = path

    def contents(self) -> toc.Toc:
        """Check too that each table's file is there."""
        for suffix, algorithm in stream.SUFFIXES.items():
            file = self.path / f"toc.dat{suffix}"
            if file.is_file():
                stream.peek(file)
                reader = Reader(file, stream.unpack(file, stream.file_blocks(file), algorithm))
                read = toc.read(reader, Reader.string_place)
                must_end(reader)
                for entry, name in files(read):
                    if self.rows_file(name) is None:
                        raise lacks(self.path, entry, name)
                return read
        raise ArchiveError(
            f"{self.path} is a folder without toc.dat, so it is no backup of pg_dump -Fd.",
            hint="Name the folder that pg_dump -Fd wrote, or the dump file itself.",
        )

    def packed_rows(self, contents: toc.Toc, entry: ArchiveEntry) -> tuple[Iterator[bytes], str]:
        """Read the entry's file; its suffix tells how it is packed."""
        name = contents.places[entry.dump_id]
        found = self.rows_file(str(name))
        if found is None:
            raise lacks(self.path, entry, str(name))
        return stream.file_blocks(found[0]), found[1]

    def rows_file(self, name: str) -> tuple[Path, str] | None:
        """Find a table's file of rows and how it is packed; None where it is missing."""
        for suffix, algorithm in stream.SUFFIXES.items():
            if (file := self.path / f"{name}{suffix}").is_file():
                return file, algorithm
        return None


class Tar:
    """A file of ``pg_dump -Ft``: the folder format as a tar archive, never packed."""

    format = "tar"

    def __init__(self, path: Path) -> None:
        self.path = path

    def contents(self) -> toc.Toc:
        """Check too that each table's member is there, whole."""
        members = tar.members(self.path)
        if "toc.dat" not in members:
            raise ArchiveError(
                f"{self.path} is a tar archive without toc.dat, so it is no backup of pg_dump -Ft.",
                hint="If it holds a folder of pg_dump -Fd, unpack it and name the folder.",
            )
        start, size = members["toc.dat"]
        reader = Reader(self.path, stream.file_blocks(self.path, start=start, length=size))
        read = toc.read(reader, Reader.string_place)
        must_end(reader)
        for entry, name in files(read):
            if name not in members:
                raise lacks(self.path, entry, name)
        return read

    def packed_rows(self, contents: toc.Toc, entry: ArchiveEntry) -> tuple[Iterator[bytes], str]:
        """Read the entry's member."""
        start, size = tar.members(self.path)[str(contents.places[entry.dump_id])]
        return stream.file_blocks(self.path, start=start, length=size), "none"


def read(path: Path, container: Container) -> ArchiveFacts:
    """Read an archive's facts; each SEQUENCE SET must be understood and say what its entry says."""
    contents = container.contents()
    header = contents.header
    return ArchiveFacts(
        path=path,
        format=container.format,
        version=".".join(map(str, header.version)),
        database=contents.database,
        server_version=header.server_version,
        dump_version=header.dump_version,
        created_at=header.created_at,
        entries=contents.entries,
        sequence_sets=tuple(_sequence_sets(path, contents)),
    )


def _sequence_sets(path: Path, contents: toc.Toc) -> Iterator[SequenceSet]:
    for entry in contents.entries:
        if entry.kind == "SEQUENCE SET":
            found = setval.parse(entry.definition, backslash_escapes=contents.backslash_escapes)
            if found is None or (found.schema, found.name, "data") != (entry.schema, entry.name, entry.section):
                raise ArchiveError(
                    f"{path} sets the sequence {entry.schema}.{entry.name} in a way that cannot be understood.",
                    hint="Take the backup again with pg_dump 14 to 18; its sequence values are needed.",
                )
            yield found


def files(contents: toc.Toc) -> Iterator[tuple[ArchiveEntry, str]]:
    """Yield the entries that have rows, with the file's name."""
    for entry in contents.entries:
        name = contents.places[entry.dump_id]
        if entry.kind == "TABLE DATA" and isinstance(name, str):
            yield entry, name


def must_end(reader: Reader) -> None:
    """Raise ArchiveError if anything follows: then the count of entries is wrong."""
    if not reader.at_end:
        raise stream.damaged(reader.path, "its table of contents goes on behind its last entry")


def lacks(path: Path, entry: ArchiveEntry, name: str) -> ArchiveError:
    """Say that a table's rows are missing."""
    return stream.damaged(path, f"the rows of {entry.schema}.{entry.name} ({name}) are missing")
