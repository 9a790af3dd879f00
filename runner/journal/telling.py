"""Whose turn it is to tell people of a run: one program at a time, so that two beside each other tell nobody twice.

The lock goes with its program, however that ends; what that had sent and not journaled is sent again.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from runner.errors import ShisaError
from runner.journal.presence import is_team_journal
from runner.journal.sqlite import SqliteJournal

if TYPE_CHECKING:
    from pathlib import Path

    from runner.journal.record import Journal

_PATIENCE_S = 30.0
"""How long another program is waited for; longer than a sink may take."""
_LOOK_S = 0.1


@contextlib.contextmanager
def telling(journal: Journal, run: str) -> Iterator[bool]:
    """Take the turn for one message; False where another program has had it all the time.

    Where there can be no lock everybody has the turn: people are told twice rather than never.
    """
    with contextlib.ExitStack() as stack:
        yield _soon(_turn_of(journal, run, stack))


def _turn_of(journal: Journal, run: str, stack: contextlib.ExitStack) -> Callable[[], bool]:
    if is_team_journal(journal):
        with contextlib.suppress(ShisaError):
            return stack.enter_context(journal.turn(f"shisa/notify/{run}"))
    elif isinstance(journal, SqliteJournal):
        with contextlib.suppress(OSError, ImportError):
            return stack.enter_context(_of_file(journal.path.with_name(f"{journal.path.name}.telling")))
    return lambda: True


@contextlib.contextmanager
def _of_file(path: Path) -> Iterator[Callable[[], bool]]:
    import fcntl

    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o664)

    def mine() -> bool:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    try:
        yield mine
    finally:
        os.close(descriptor)


def _soon(mine: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE_S
    while not mine():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_S)
    return True
