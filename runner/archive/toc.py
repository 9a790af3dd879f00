"""The header and the table of contents of an archive (src/bin/pg_dump/pg_backup_archiver.c, ReadHead and ReadToc)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Iterator

from checks.base import ArchiveEntry
from runner.archive import encoding, stream
from runner.archive.binary import Reader
from runner.errors import ArchiveError

VERSIONS = {(1, 14), (1, 15), (1, 16)}
SECTIONS = {1: "none", 2: "pre-data", 3: "data", 4: "post-data"}
COMPRESSIONS = {0: "none", 1: "gzip", 2: "lz4", 3: "zstd"}
Place = int | str | None
"""Where an entry's rows are: an offset, a file's name, or not said."""


@dataclasses.dataclass(frozen=True, slots=True)
class Header:
    """What stands before the table of contents."""

    version: tuple[int, int]
    compression: str
    created_at: str
    database: bytes
    server_version: str
    dump_version: str


@dataclasses.dataclass(frozen=True, slots=True)
class Toc:
    """An archive's header, its entries, and where their rows are."""

    header: Header
    database: str
    entries: tuple[ArchiveEntry, ...]
    places: dict[int, Place]
    backslash_escapes: bool
    """Whether the dump was written with standard_conforming_strings off."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Raw:
    dump_id: int
    kind: bytes
    schema: bytes
    name: bytes
    owner: bytes
    section: str
    definition: bytes
    copy: bytes
    depends_on: tuple[int, ...]


def read(reader: Reader, place: Callable[[Reader], Place]) -> Toc:
    """Read header and entries; ``place`` reads what the format adds to each entry."""
    header = _header(reader)
    raw: list[_Raw] = []
    places: dict[int, Place] = {}
    for _ in range(reader.integer()):
        entry = _entry(reader, header.version)
        if entry.dump_id in places:
            raise stream.damaged(reader.path, f"two entries of its table of contents have the number {entry.dump_id}")
        places[entry.dump_id] = place(reader)
        raw.append(entry)
    settings = {e.kind: e.definition for e in raw if e.kind in {b"ENCODING", b"STDSTRINGS"}}
    codec = encoding.codec(settings.get(b"ENCODING", b""))
    return Toc(
        header=header,
        database=codec.text(header.database),
        entries=tuple(_decoded(reader, raw, codec)),
        places=places,
        backslash_escapes=b"'off'" in settings.get(b"STDSTRINGS", b""),
    )


def _header(reader: Reader) -> Header:
    magic, version = reader.take(5), (reader.byte(), reader.byte())
    reader.byte()  # the revision, always 0
    if magic != b"PGDMP":
        raise stream.damaged(reader.path, "its table of contents does not begin with PGDMP")
    if version not in VERSIONS:
        major, minor = version
        raise ArchiveError(
            f"{reader.path} is an archive of format {major}.{minor}, and 1.14 to 1.16 can be read.",
            hint="Take the backup with pg_dump 14 to 18.",
        )
    reader.sizes()
    reader.byte()  # the format; a folder's toc.dat says tar
    if version >= (1, 15):
        compression = COMPRESSIONS.get(number := reader.byte())
        if compression is None:
            raise stream.damaged(reader.path, f"its header names an unknown compression, {number}")
    else:
        compression = "gzip" if reader.integer() else "none"
    second, minute, hour, day, month, year, _dst = (reader.integer() for _ in range(7))
    try:
        created = dt.datetime(year + 1900, month + 1, day, hour, minute, min(second, 59))  # noqa: DTZ001 - no zone
    except (ValueError, OverflowError) as error:
        raise stream.damaged(reader.path, "its header holds an impossible date") from error
    database, server, dump = (reader.string() or b"" for _ in range(3))
    lax = encoding.codec(b"").text
    return Header(version, compression, created.isoformat(sep=" "), database, lax(server), lax(dump))


def _entry(reader: Reader, version: tuple[int, int]) -> _Raw:
    dump_id = reader.integer()
    reader.integer()  # whether rows belong to it
    if dump_id <= 0:
        raise stream.damaged(reader.path, f"an entry of its table of contents has the number {dump_id}")
    _catalogue_oid, _oid = reader.string(), reader.string()
    name, kind = reader.string() or b"", reader.string() or b""
    section = SECTIONS.get(number := reader.integer())
    if section is None:
        raise stream.damaged(reader.path, f"entry {dump_id} lies in an unknown section, {number}")
    definition, _drop, copy, schema = (reader.string() or b"" for _ in range(4))
    _tablespace, _access_method = reader.string(), reader.string()
    if version >= (1, 16):
        reader.integer()  # relkind
    owner, _with_oids = reader.string() or b"", reader.string()
    depends_on = tuple(_dependencies(reader))
    return _Raw(dump_id, kind, schema, name, owner, section, definition, copy, depends_on)


def _dependencies(reader: Reader) -> Iterator[int]:
    while (text := reader.string()) is not None:
        if not re.fullmatch(rb"\d{1,10}", text):
            raise stream.damaged(reader.path, f"a dependency that is no number stands at byte {reader.position}")
        yield int(text)


def _decoded(reader: Reader, raw: list[_Raw], codec: encoding.Codec) -> Iterator[ArchiveEntry]:
    section = "none"
    for entry in raw:
        section = entry.section if entry.section != "none" else section
        try:
            kind, schema, name, owner = (codec.name(b) for b in (entry.kind, entry.schema, entry.name, entry.owner))
        except UnicodeDecodeError as error:
            raise encoding.foreign(reader.path, codec) from error
        yield ArchiveEntry(
            entry.dump_id,
            kind,
            schema,
            name,
            owner,
            section,
            codec.text(entry.definition),
            codec.text(entry.copy),
            entry.depends_on,
        )
