"""Waiting for somebody else's line: LISTEN on a connection of its own as a hint, a look at the head as the truth."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runner.errors import ConnectError
from runner.postgres.connect import connect

if TYPE_CHECKING:
    from psycopg import Connection

_LOOK_S = 0.5
"""Seconds between two looks: a pooler in transaction mode drops LISTEN without a word."""
_AGAIN_S = 10.0
"""Seconds before a listening connection that was lost is tried again."""


class Wake:
    """Listens from the first wait on."""

    _connection: Connection[Any] | None = None

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._lock = threading.Lock()
        self._next_try = 0.0

    def wait(self, changed: Callable[[], bool], seconds: float) -> bool:
        """Wait until ``changed`` says so, at most so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            if changed():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._doze(min(left, _LOOK_S))

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()

    def __del__(self) -> None:
        self.close()

    def _doze(self, seconds: float) -> None:
        import psycopg

        with self._lock:
            connection = self._listening()
            if connection is not None:
                with contextlib.suppress(psycopg.Error):
                    for _ in connection.notifies(timeout=seconds, stop_after=1):
                        pass
                    return
                connection.close()
                self._connection = None
        time.sleep(seconds)

    def _listening(self) -> Connection[Any] | None:
        import psycopg

        if self._connection is None and time.monotonic() >= self._next_try:
            self._next_try = time.monotonic() + _AGAIN_S
            with contextlib.suppress(ConnectError, psycopg.Error):
                made = connect(self._conninfo, application_name="shisa/journal/wake")
                made.execute("LISTEN shisa_journal")
                self._connection = made
        return self._connection
