"""A backup read through to its end: every row and large object unpacked and thrown away, in bounded memory."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from checks.base import ArchiveEntry, ReadFacts
from runner.archive import plain, stream, tar, toc
from runner.archive.binary import Reader
from runner.archive.containers import LARGE_OBJECTS, ROWS, Custom, Directory, Tar, files
from runner.archive.read import open_backup
from runner.archive.script import Script, Statement
from runner.errors import ArchiveError

_END = b"\n\\.\n\n\n"
"""What pg_dump writes behind the last row of a table that it copies."""


@dataclasses.dataclass(slots=True)
class _Tally:
    """What has been read so far, and until when reading may go on."""

    path: Path
    deadline: float
    tables: int = 0
    rows: int = 0
    size: int = 0
    large_objects: int = 0

    def drain(self, blocks: Iterable[bytes]) -> tuple[int, bytes]:
        """Read blocks to their end; the lines in them, and the last bytes."""
        lines, tail = 0, b"\n"
        for block in blocks:
            self.size += len(block)
            lines += block.count(b"\n")
            tail = (tail + block)[-len(_END) :]
            self.in_time()
        return lines, tail

    def in_time(self) -> None:
        """Raise ArchiveError where the time is up."""
        if time.monotonic() > self.deadline:
            raise ArchiveError(f"{self.path} could not be read to its end in time.", hint="Allow more time.")

    def table(self, entry: ArchiveEntry, blocks: Iterable[bytes]) -> None:
        """Read the rows of one table; those that were copied must end as pg_dump ends them."""
        lines, tail = self.drain(blocks)
        if entry.copy:
            if tail != _END:
                raise stream.damaged(self.path, f"the rows of {entry.schema}.{entry.name} break off")
            self.rows += lines - (_END.count(b"\n") - 1)
        self.tables += 1

    def facts(self) -> ReadFacts:
        """Sum up."""
        return ReadFacts(self.tables, self.rows, self.size, self.large_objects)


def read_through(path: Path, *, seconds: float) -> ReadFacts:
    """Read everything that a backup holds. Raises ArchiveError where that cannot be done, or not in time."""
    tally = _Tally(path, time.monotonic() + seconds)
    opened = open_backup(path)
    if isinstance(opened, Script):
        _script(opened, tally)
        return tally.facts()
    contents = opened.contents()
    if isinstance(opened, Custom):
        _custom(opened, contents, tally)
    elif isinstance(opened, Directory | Tar):
        _files(opened, contents, tally)
    return tally.facts()


def _script(script: Script, tally: _Tally) -> None:
    dump = plain.Dump(script.path)
    for part in script.parts():
        dump.take(part, backslash_escapes=script.backslash_escapes)
        tally.in_time()
        if isinstance(part, Statement) and part.copies:
            for block in script.rows():
                tally.rows += block.count(b"\n")
                tally.size += len(block)
                tally.in_time()
    tally.tables = len({(entry.schema, entry.name) for entry in dump.facts().entries if entry.kind == "TABLE DATA"})


def _custom(custom: Custom, contents: toc.Toc, tally: _Tally) -> None:
    """Read the blocks in the file's order, so that a dump that went into a pipe is read only once."""
    by_id = {entry.dump_id: entry for entry in contents.entries if contents.places[entry.dump_id] is not None}
    if not by_id:
        return
    reader = Reader(custom.path, stream.file_blocks(custom.path, start=custom.rows_start))
    algorithm = contents.header.compression
    missing = set(by_id)
    while missing or not reader.at_end:
        if reader.at_end:
            lost = by_id[min(missing)]
            raise stream.damaged(custom.path, f"the rows of {lost.schema}.{lost.name} are missing")
        kind, entry = reader.byte(), by_id.get(reader.integer())
        if entry is None or entry.dump_id not in missing:
            raise stream.damaged(custom.path, f"a block of no known table stands before byte {reader.position}")
        missing.discard(entry.dump_id)
        if kind == ROWS:
            tally.table(entry, stream.unpack(custom.path, reader.chunks(), algorithm))
        elif kind == LARGE_OBJECTS:
            while reader.integer():
                tally.drain(stream.unpack(custom.path, reader.chunks(), algorithm))
                tally.large_objects += 1
        else:
            raise stream.damaged(custom.path, f"a block of unknown kind {kind} stands before byte {reader.position}")


def _files(opened: Directory | Tar, contents: toc.Toc, tally: _Tally) -> None:
    for entry, _ in files(contents):
        packed, algorithm = opened.packed_rows(contents, entry)
        tally.table(entry, stream.unpack(opened.path, packed, algorithm))
    for entry in contents.entries:
        if entry.kind != "BLOBS":
            continue
        names = (str(contents.places[entry.dump_id]), f"blobs_{entry.dump_id}.toc", "blobs.toc")
        text = b"".join(_member(opened, *(names[:1] if isinstance(opened, Directory) else names[1:])))
        for line in text.decode("ascii", errors="backslashreplace").splitlines():
            tally.drain(_member(opened, line.partition(" ")[2]))
            tally.large_objects += 1


def _member(opened: Directory | Tar, *names: str) -> Iterator[bytes]:
    """Unpack the first of these files that is there; where the archive names one and none is, that is damage."""
    if isinstance(opened, Directory):
        for file, algorithm in filter(None, (opened.rows_file(name) for name in names if "/" not in name)):
            return stream.unpack(opened.path, stream.file_blocks(file), algorithm)
    else:
        members = tar.members(opened.path)
        for start, length in (members[name] for name in names if name in members):
            return stream.file_blocks(opened.path, start=start, length=length)
    raise stream.damaged(opened.path, f"{names[0]}, which holds large objects, is missing")
