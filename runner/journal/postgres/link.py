"""One connection to the team journal that comes back: a restart or a fail-over of its server is waited for."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from runner.errors import ConnectError, JournalError, ShisaError
from runner.journal.postgres.faults import passes, worded
from runner.postgres.connect import connect
from runner.postgres.reach import shown

if TYPE_CHECKING:
    from psycopg import Connection

Answer = TypeVar("Answer")
PATIENCE_S = 20.0
"""How long a journal that went away is waited for."""
_PAUSES = (0.0, 0.1, 0.3, 1.0)


class Link:
    """A connection in autocommit, used by one thread at a time."""

    _connection: Connection[Any] | None = None

    def __init__(
        self,
        conninfo: str,
        *,
        readonly: bool = False,
        patience_s: float = PATIENCE_S,
        greet: Callable[[Connection[Any]], None] = lambda _: None,
    ) -> None:
        """Connect at once; ``greet`` looks at every new connection before it is used.

        Raises ConnectError, and what ``greet`` raises.
        """
        self.where = shown(conninfo)
        self._conninfo = conninfo
        self._readonly = readonly
        self._patience_s = patience_s
        self._greet = greet
        self._lock = threading.RLock()
        with self._worded():
            self._connected()

    def ask(self, question: Callable[[Connection[Any]], Answer]) -> Answer:
        """Put a question that may be put twice; a lost connection is made anew.

        Raises JournalError where the journal stays away or cannot be used, and what else the database refuses.
        """
        import psycopg

        with self._lock:
            deadline, tries = time.monotonic() + self._patience_s, 0
            while True:
                try:
                    return question(self._connected())
                except (psycopg.Error, ConnectError) as error:
                    self._go_on(error, again=time.monotonic() < deadline)
                time.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
                tries += 1

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._drop()

    def __del__(self) -> None:
        self._drop()  # a command's journal goes with the process; psycopg warns of what is not closed

    def _go_on(self, error: Any, *, again: bool) -> None:
        """Raise what an error means, unless another connection may do better."""
        if isinstance(error, ConnectError):
            if not again:
                raise JournalError(f"The team journal is away: {error.message}", hint=error.hint) from error
            return
        if not passes(error):
            raise worded(self.where, error) from error
        self._drop()
        if not again:
            lost = worded(self.where, error) if error.sqlstate else _away(self.where, error)
            raise lost from error

    def _connected(self) -> Connection[Any]:
        if self._connection is None or self._connection.closed:
            made = connect(self._conninfo, application_name="shisa/journal")
            try:
                made.execute("SELECT set_config('default_transaction_read_only', %s, false)", (str(self._readonly),))
                self._greet(made)
            except BaseException:
                made.close()
                raise
            self._connection = made
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
        self._connection = None

    @contextlib.contextmanager
    def _worded(self) -> Iterator[None]:
        import psycopg

        try:
            yield
        except ConnectError as error:
            raise ConnectError(f"The team journal cannot be opened: {error.message}", hint=error.hint) from None
        except psycopg.Error as error:
            raise worded(self.where, error) from error


def _away(where: str, error: Exception) -> ShisaError:
    first = (str(error).strip().splitlines() or ["no reason was given"])[0]
    return JournalError(
        f"The team journal at {where} went away: {first}",
        hint="Whether the last line was kept is told by `shisa show`; `shisa resume` goes on when the server is back.",
    )
