"""Tell what kind of backup a path is, and read what it says of itself."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

from checks.base import ArchiveFacts
from runner.archive import containers, plain, stream, tar
from runner.archive.script import Script
from runner.errors import ArchiveError


def read_archive(path: Path) -> ArchiveFacts:
    """Read the table of contents and the sequence values of a backup that pg_dump 14 to 18 wrote.

    Rows are never unpacked, except that a plain SQL file is read through, in bounded memory. Raises ArchiveError when
    the file is missing, empty, truncated, damaged, foreign, or of a version that is not known.
    """
    opened = open_backup(path)
    facts = plain.read(opened) if isinstance(opened, Script) else containers.read(path, opened)
    return dataclasses.replace(facts, modified_at=stream.modified_at(path))


def open_backup(path: Path) -> Script | containers.Container:
    """Tell by its first bytes what a backup is; raises ArchiveError where it is none."""
    if path.is_dir():
        return containers.Directory(path)
    start = stream.peek(path)
    if start.startswith(b"PGDMP"):
        return containers.Custom(path)
    if tar.signed(start):
        return containers.Tar(path)
    algorithm = stream.algorithm_of(start)
    blocks = stream.unpack(path, stream.file_blocks(path), algorithm)
    first = b""
    while len(first) < stream.START and (block := next(blocks, b"")):
        first += block
    if plain.signed(first):
        return Script(path, itertools.chain([first], blocks))
    if algorithm != "none" and (first.startswith(b"PGDMP") or tar.signed(first)):
        raise ArchiveError(
            f"{path} is an archive that was packed again with {algorithm}.",
            hint="Unpack it first: pg_restore cannot read it either.",
        )
    if plain.of_cluster(first):
        raise plain.several_databases(path)
    raise ArchiveError(
        f"{path} is not a backup written by pg_dump.",
        hint="Name a file of pg_dump -Fc, -Ft or -Fp, or a folder of pg_dump -Fd.",
    )
