"""What an SQLite failure means for the person whose journal it is."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from runner.errors import JournalError

TAMPERED = "Run `shisa verify` to see what is wrong, and do not write to it before you know."
_COPY = "Put a copy in its place and verify that; keep the file as it is, for whoever looks into it."
_MEANINGS: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: ("cannot grow: the disk is full", "Free some space, then `shisa resume` the run."),
    sqlite3.SQLITE_READONLY: (
        "cannot be written by this user",
        "The file and its folder must both be writable; for several users make the folder setgid and group-writable.",
    ),
    sqlite3.SQLITE_BUSY: (
        "is locked by another process for too long",
        "Look for a stopped or hanging program that has the file open, then try again.",
    ),
    sqlite3.SQLITE_NOTADB: ("is not an SQLite database", "Check `journal:` in shisa.yaml. " + _COPY),
    sqlite3.SQLITE_CORRUPT: ("is damaged", _COPY),
    sqlite3.SQLITE_CONSTRAINT: ("refused a line that does not follow from the one before", TAMPERED),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "Check that its folder exists and that this user may use it."),
    sqlite3.SQLITE_PERM: ("cannot be opened by this user", "Check the permissions of the file and its folder."),
    sqlite3.SQLITE_IOERR: (
        "could not be made durable: the disk reported an error",
        "Look at the disk before anything else; whether the last line was kept is not known.",
    ),
}
_UNFINISHED = (
    "was left in the middle of a write, which this user may not finish",
    "Let its owner look at it once, with `shisa runs`.",
)
_MEANINGS[sqlite3.SQLITE_LOCKED] = _MEANINGS[sqlite3.SQLITE_BUSY]


def primary_code(error: sqlite3.Error) -> int:
    """Tell SQLite's primary result code; 0 where the error has none."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def from_sqlite(path: Path, error: sqlite3.Error) -> JournalError:
    """Say in one sentence what SQLite's refusal means."""
    meaning, hint = _MEANINGS.get(primary_code(error), (f"cannot be used: {error}", TAMPERED))
    extended = getattr(error, "sqlite_errorcode", None)
    if extended == sqlite3.SQLITE_READONLY_ROLLBACK:
        meaning, hint = _UNFINISHED
    elif extended == sqlite3.SQLITE_READONLY_DBMOVED:
        return moved(path)
    return JournalError(f"The journal {path} {meaning}.", hint=hint)


def moved(path: Path) -> JournalError:
    """Say that what stands under the journal's name is not what this program has open."""
    return JournalError(
        f"The journal {path} is not the file any more that this program writes to: somebody moved, removed or replaced"
        " it.",
        hint="Put that file back; what the last step did, `shisa resume` finds out by it.",
    )


def from_os(path: Path, error: OSError) -> JournalError:
    """Say in one sentence what the file system's refusal means."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        meaning, hint = _MEANINGS[sqlite3.SQLITE_FULL]
        return JournalError(f"The journal {path} {meaning}.", hint=hint)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        meaning, hint = _MEANINGS[sqlite3.SQLITE_READONLY]
        return JournalError(f"The journal {path} {meaning}.", hint=hint)
    return JournalError(
        f"The journal {path} cannot be opened: {error.strerror}.", hint="Check `journal:` in shisa.yaml."
    )
