"""The SHA-256 of a backup: of its file, or of the names and contents of all files in its folder."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

from runner.archive import stream
from runner.archive.stamp import stamp
from runner.errors import ArchiveError


@dataclasses.dataclass(frozen=True, slots=True)
class Fingerprint:
    """Which bytes a backup is made of."""

    sha256: str
    """Of a file as ``sha256sum`` prints it; of a folder, that of the lines that ``sha256sum *`` prints inside it."""
    size_bytes: int


Heard = Callable[[int, int], None]
"""Is told, block by block, how many bytes were read of how many."""


def fingerprint(path: Path, heard: Heard = lambda _read, _whole: None) -> Fingerprint:
    """Read a backup's bytes and sum them up. Raises ArchiveError where they cannot be read."""
    try:
        files = sorted(each for each in path.iterdir() if not each.is_dir()) if path.is_dir() else [path]
        whole = sum(each.stat().st_size for each in files)
    except OSError as error:
        raise stream.unreadable(path, error) from error
    if not all(each.is_file() for each in files):  # a pipe tells each reader what it likes
        raise ArchiveError(
            f"{path} holds more than files, so nobody knows its bytes.", hint="Copy the backup into files."
        )
    found: list[tuple[str, Fingerprint]] = []
    read = 0
    for each in files:
        found.append((each.name, _file(each, heard, read, max(whole, 1))))
        read += found[-1][1].size_bytes
    if files == [path]:
        return found[0][1]
    lines = "".join(f"{each.sha256}  {name}\n" for name, each in found)
    return Fingerprint(hashlib.sha256(lines.encode()).hexdigest(), sum(each.size_bytes for _, each in found))


class Summed:
    """Fingerprints that are kept for as long as the stamp of their backup stays what it was before it was read.

    A stamp proves that no ordinary write came between. It proves nothing against root, a file system that keeps no
    times, or a page of memory that was mapped for writing: who must be sure forgets what is kept, and reads again.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self._known: dict[Path, tuple[str, Fingerprint]] = {}

    def of(self, path: Path, heard: Heard = lambda _read, _whole: None) -> Fingerprint:
        """Sum a backup up, unless it is known. Raises ArchiveError where it cannot be read."""
        try:
            before = stamp(path)
        except OSError as error:
            raise stream.unreadable(path, error) from error
        known = self._known.get(path)
        if known is not None and known[0] == before:
            return known[1]
        found = fingerprint(path, heard)
        self._known[path] = before, found
        return found

    def forget(self, path: Path) -> None:
        """Let the next look read every byte."""
        self._known.pop(path, None)


def _file(path: Path, heard: Heard, before: int, whole: int) -> Fingerprint:
    summed, size = hashlib.sha256(), 0
    for block in stream.file_blocks(path):
        summed.update(block)
        size += len(block)
        heard(before + size, whole)
    return Fingerprint(summed.hexdigest(), size)
