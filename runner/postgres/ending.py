"""End what a connection's backend does: ask, look, and only then terminate."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

_PATIENCE = 2.0
"""Seconds between the cancel request and the end of the backend."""


def end_backend(connection: Connection[Any]) -> None:
    """Cancel what a backend runs (libpq's cancel request); end it where its transaction goes on all the same.

    A cancel request that comes between two statements hits nothing, so the transaction's state decides, not the
    request's success. Called from another thread than the one that uses the connection.
    """
    import psycopg
    from psycopg.pq import TransactionStatus

    going_on = {TransactionStatus.ACTIVE, TransactionStatus.INTRANS}
    try:
        if connection.info.transaction_status not in going_on:
            return
        pid, conninfo = connection.info.backend_pid, _conninfo(connection)
        connection.cancel_safe(timeout=_PATIENCE)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if connection.closed or connection.info.transaction_status not in going_on:
                return
            time.sleep(0.02)
        with psycopg.connect(conninfo, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (pid,))
    except psycopg.Error:
        connection.close()


def _conninfo(connection: Connection[Any]) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo(connection.info.dsn, password=connection.info.password)
