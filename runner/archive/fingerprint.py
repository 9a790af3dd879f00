"""The SHA-256 of a backup: of its file, or of the names and contents of all files in its folder."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from runner.archive import stream


@dataclasses.dataclass(frozen=True, slots=True)
class Fingerprint:
    """Which bytes a backup is made of."""

    sha256: str
    """Of a file as ``sha256sum`` prints it; of a folder, that of the lines that ``sha256sum *`` prints inside it."""
    size_bytes: int


def fingerprint(path: Path) -> Fingerprint:
    """Read a backup's bytes and sum them up. Raises ArchiveError where they cannot be read."""
    if not path.is_dir():
        return _file(path)
    try:
        files = sorted(each for each in path.iterdir() if each.is_file())
    except OSError as error:
        raise stream.unreadable(path, error) from error
    found = [(each.name, _file(each)) for each in files]
    lines = "".join(f"{each.sha256}  {name}\n" for name, each in found)
    return Fingerprint(hashlib.sha256(lines.encode()).hexdigest(), sum(each.size_bytes for _, each in found))


def _file(path: Path) -> Fingerprint:
    summed, size = hashlib.sha256(), 0
    for block in stream.file_blocks(path):
        summed.update(block)
        size += len(block)
    return Fingerprint(summed.hexdigest(), size)
