"""A stamp of a backup: two equal ones prove that nobody wrote to the file between, without reading it."""

from __future__ import annotations

from pathlib import Path


def stamp(path: Path) -> str:
    """Tell which file it is and when it was changed last; of a directory, that of each file in it.

    The time of the last change of an inode is the kernel's, and cannot be set back as the time of the content can.
    Raises OSError.
    """
    files = sorted(path.iterdir()) if path.is_dir() else []
    return " ".join(_of(each) for each in (path, *files))


def _of(path: Path) -> str:
    told = path.stat()
    return f"{told.st_dev}:{told.st_ino}:{told.st_size}:{told.st_mtime_ns}:{told.st_ctime_ns}"
