"""Connections that a run keeps from step to step: a ``with`` gives them back instead of closing them."""

from __future__ import annotations

from typing import Any, Self

import psycopg
from psycopg.pq import TransactionStatus


class Held(psycopg.Connection[Any]):
    """A session that stays as it is until ``close``, with the locks that it holds."""

    def __exit__(self, *_: object) -> None:
        """Leave everything as it is."""


class Kept(psycopg.Connection[Any]):
    """A session that forgets at the end of a ``with`` what was set, prepared or made in it; a broken one is closed."""

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
            self.execute("DISCARD ALL")
        except psycopg.Error:
            self.close()
