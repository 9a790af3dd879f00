"""How a journal file comes to be: whole or not at all, and readable by nobody it is not meant for."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from importlib.resources import files
from pathlib import Path

from runner.errors import JournalError
from runner.journal.sqlite_faults import from_os, from_sqlite
from runner.on_disk import sync

APPLICATION_ID = int.from_bytes(b"shsa", "big")
"""Stands in the file's header, so that another SQLite database is never taken for a journal."""
SCHEMA_VERSION = 1
OBJECTS = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"


def exists(path: Path) -> bool:
    """Tell whether there is a file; raises JournalError where this user may not know."""
    try:
        return path.exists()
    except OSError as error:
        raise from_os(path, error) from error


def create(path: Path) -> None:
    """Make an empty journal unless there is one.

    The folder is made 0700 and the file 0600; in a folder that is already setgid and group-writable the file is
    0660, for several OS users. The file appears under its name with its schema in it, so a journal of no bytes
    is always a truncated one. Raises JournalError.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        draft = Path(name)
        try:
            os.fchmod(handle, mode_for(path.parent))
            _install(draft)
            os.fsync(handle)
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.close(handle)
            draft.unlink()
        sync(path.parent)
    except OSError as error:
        raise from_os(path, error) from error
    except sqlite3.Error as error:
        raise from_sqlite(path, error) from error


def identity(path: Path) -> tuple[int, int] | None:
    """Tell which file stands under a journal's name; None where that cannot be told."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def mode_for(folder: Path) -> int:
    """Tell the permissions of a new file in a journal's folder."""
    bits = folder.stat().st_mode
    shared = bits & stat.S_ISGID and bits & stat.S_IWGRP
    return 0o660 if shared else 0o600


def check_identity(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that is not a journal, or one of a version that this shisa does not know."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        emptied = path.stat().st_size == 0
        found = "is empty, which no journal ever is" if emptied else "is an SQLite database, but not a shisa journal"
        hint = "It was truncated; look for a copy." if emptied else "Check `journal:` in shisa.yaml."
        raise JournalError(f"The journal {path} {found}.", hint=hint)
    if version != SCHEMA_VERSION:
        raise JournalError(
            f"The journal {path} has format {version}, and this shisa knows format {SCHEMA_VERSION}.",
            hint="Use the version of shisa that wrote it.",
        )


def expected_objects() -> set[tuple[str, str, str]]:
    """Tell the type, name and definition of everything that stands in a journal's schema."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.executescript(_schema())
        return set(connection.execute(OBJECTS))
    finally:
        connection.close()


def _install(draft: Path) -> None:
    connection = sqlite3.connect(draft, isolation_level=None)
    try:
        connection.executescript(_schema())
    finally:
        connection.close()


def _schema() -> str:
    return files("runner.journal").joinpath("sqlite.sql").read_text(encoding="utf-8")
