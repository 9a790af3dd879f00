"""Connections that a run keeps from step to step: a ``with`` gives them back instead of closing them."""

from __future__ import annotations

import time
from typing import Any, Self

import psycopg
from psycopg.generators import fetch_many
from psycopg.pq import ExecStatus, TransactionStatus

from runner.errors import TargetLostError
from runner.postgres.connect import opening
from runner.postgres.lock import Lock, owns

_A_WHILE = 1.0
"""Seconds; on the wall's clock, for another one may stand still while the machine sleeps."""


class Held(psycopg.Connection[Any]):
    """A session that holds the locks of a run on a target, and stays as it is until ``close``.

    It is asked for its locks; for a short while after that it is enough that the note before an intent goes over this
    very session.
    """

    target = ""
    _seen = 0.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.locks: set[Lock] = set()

    def __exit__(self, *_: object) -> None:
        """Leave everything as it is."""

    def was_asked(self) -> bool:
        """Whether it told a short while ago that it holds everything."""
        return 0 <= time.time() - self._seen < _A_WHILE

    def holds_all(self) -> bool:
        """Ask whether it is there and holds everything."""
        found = owns(self, self.locks)
        self._seen = time.time() if found else 0.0
        return found

    def is_answered_by(self, backend: int) -> None:
        """Make sure that a session answered that is still this one. Raises TargetLostError."""
        if backend != self.info.backend_pid:
            raise self.lost()

    def lost(self) -> TargetLostError:
        """Say that the target may have been another run's meanwhile; the next look takes the locks anew."""
        self._seen = 0.0
        return TargetLostError(
            f"the lock on target {self.target} got lost, so another run may have been at work there",
            hint="nothing of the step was begun; find out who ends this run's sessions there, then go on",
        )


class Kept(psycopg.Connection[Any]):
    """A session that forgets at the end of a ``with`` what was set, prepared or made in it; a broken one is closed.

    Nobody waits for that, nor for a step's name: the one is answered when the next step takes the session, the other
    goes along with the step's first words. Who has not answered for a while is asked by itself: it may be gone.
    """

    system_identifier: str | None = None
    """Which cluster it is a session of, as soon as that is known."""
    _opening = ""
    _forgetting = False
    _watched: bool | None = None
    _given_back = 0.0

    def take(self, application_name: str) -> bool:
        """Be a fresh session under a step's name; False where this one is gone."""
        try:
            self._forget()
            if self._watched is None:
                row = self.execute("SELECT current_setting('client_connection_check_interval') <> '0'").fetchone()
                self._watched = row is not None and row[0]
            self._opening = opening(application_name, watched=self._watched)
            if not 0 <= time.time() - self._given_back < _A_WHILE:
                self._open()
        except psycopg.Error:
            self.close()
            return False
        return not self.closed

    def first_words(self) -> str:
        """Give what has to be selected before anything else, to somebody who selects it along with something."""
        words, self._opening = self._opening, ""
        return words

    def cursor(self, *args: Any, **options: Any) -> Any:
        """Make a cursor, behind the first words."""
        self._open()
        return super().cursor(*args, **options)

    def transaction(self, *args: Any, **options: Any) -> Any:
        """Begin a transaction, behind the first words: they must outlast it."""
        self._open()
        return super().transaction(*args, **options)

    def __enter__(self) -> Self:
        """Let psycopg prepare nothing by itself: the server would forget it at the end, and psycopg would not."""
        self.prepare_threshold = None
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Make a fresh session of it; end it where it is not at rest."""
        if error is not None or self.closed or self.info.transaction_status is not TransactionStatus.IDLE:
            self.close()
            return
        try:
            self.pgconn.send_query(b"DISCARD ALL")
            self.pgconn.flush()
            self._forgetting, self._given_back = True, time.time()
        except psycopg.Error:
            self.close()

    def _open(self) -> None:
        if words := self.first_words():
            self.execute(f"SELECT {words}".encode())

    def _forget(self) -> None:
        """Hear that everything is forgotten. Raises psycopg.Error where it is not."""
        if self._forgetting:
            self._forgetting = False
            for result in self.wait(fetch_many(self.pgconn)):
                if result.status != ExecStatus.COMMAND_OK:
                    raise psycopg.OperationalError(result.get_error_message())
            for _ in range(2):  # the server's last words, then the end that it put to the session
                self.pgconn.consume_input()
                self.pgconn.is_busy()
