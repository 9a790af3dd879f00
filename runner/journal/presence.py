"""Who is looking at a request now: a courtesy between terminals, no part of the record.

A reviewer holds a lock on a small file beside the journal, or a connection of that name to a team's journal; both go
with their program, however it ends. What somebody merely looked at stands in no chain: what they attest is in what
they sign.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from runner.errors import ShisaError
from runner.journal.sqlite import SqliteJournal

if TYPE_CHECKING:
    from runner.journal.postgres.store import PostgresJournal
    from runner.journal.record import Journal

_CONNECTION = "shisa/look/"
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")


@contextlib.contextmanager
def looking(journal: Journal | None, request: str, person: str) -> Iterator[None]:
    """Show to the operator, as long as the ``with`` lasts, that a person looks at a request; never fails."""
    with contextlib.ExitStack() as stack:
        if _PLAIN.fullmatch(request) and _PLAIN.fullmatch(person):
            if isinstance(journal, SqliteJournal):
                stack.enter_context(_locking(journal.path.with_name(_file(journal.path, request) + person)))
            elif journal is not None and is_team_journal(journal):
                with contextlib.suppress(ShisaError):
                    stack.enter_context(journal.present(f"{_CONNECTION}{request}/{person}"))
        yield


@contextlib.contextmanager
def _locking(path: Path) -> Iterator[None]:
    descriptor = _held(path)
    try:
        yield
    finally:
        if descriptor is not None:
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(descriptor)


def lookers(journal: Journal, request: str) -> tuple[str, ...]:
    """Tell who looks at a request now; nobody where this journal has no such place."""
    if is_team_journal(journal):
        with contextlib.suppress(ShisaError):
            return journal.names(f"{_CONNECTION}{request}/")
    if not isinstance(journal, SqliteJournal):
        return ()
    prefix = _file(journal.path, request)
    with contextlib.suppress(OSError):
        found = sorted(each for each in journal.path.parent.iterdir() if each.name.startswith(prefix))
        return tuple(each.name.removeprefix(prefix) for each in found if _is_held(each))
    return ()


def is_team_journal(journal: Journal) -> TypeGuard[PostgresJournal]:
    """Whether a journal is in a database; without importing what serves one."""
    return journal.assurance == "db+signed"


def _file(journal: Path, request: str) -> str:
    return f"{journal.name}.looking.{request}."


def _held(path: Path) -> int | None:
    with contextlib.suppress(OSError, ImportError):
        import fcntl

        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o664)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # the same person looks in another terminal
            os.close(descriptor)
        else:
            return descriptor
    return None


def _is_held(path: Path) -> bool:
    """Whether somebody's program holds the file; what was left behind by a kill is not."""
    with contextlib.suppress(ImportError):
        import fcntl

        try:
            unhindered = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # also where somebody put a pipe there
            descriptor = os.open(path, os.O_RDONLY | unhindered)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
    return False
