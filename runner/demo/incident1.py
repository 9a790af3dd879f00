"""Incident 1 on a real server: environments by inheritance, one shared sequence, an online backup, life going on.

Source: the operations talk of August 2019 retold in docs/why.md; reproduced on PostgreSQL 15, 16 and 18.
"""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from runner.errors import UsageError
from runner.postgres.connect import connect

if TYPE_CHECKING:
    from psycopg import Connection

    from runner.demo.server import Server

SEQUENCE = "base.customer_id_seq"
_BUILD = """
CREATE SCHEMA base;
CREATE TABLE base.customer (id serial PRIMARY KEY, name text NOT NULL, signed_up timestamptz NOT NULL DEFAULT now());
CREATE SCHEMA env_a;
CREATE TABLE env_a.customer (PRIMARY KEY (id)) INHERITS (base.customer);
"""
_COPY = """
CREATE SCHEMA env_b;
CREATE TABLE env_b.customer (LIKE env_a.customer INCLUDING ALL) INHERITS (base.customer);
"""
_DUPLICATES = "SELECT count(*) FROM (SELECT id FROM base.customer GROUP BY id HAVING count(*) > 1) AS twice"
_CLIENTS = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Incident:
    """One database in which the accident is about to happen, and the backup taken before life went on."""

    server: Server
    database: str
    backup: Path

    @property
    def conninfo(self) -> str:
        """Where the database is; the password stands in the server's passfile."""
        return self.server.dsn(self.database)

    def connect(self) -> Connection[Any]:
        """Open a connection of a customer."""
        return connect(self.conninfo, application_name="customer")

    def sequence(self) -> int:
        """Tell the shared sequence's last value."""
        with self.connect() as connection:
            return _one(connection, f"SELECT last_value FROM {SEQUENCE}")  # noqa: S608 - a constant

    def duplicates(self) -> int:
        """Count the ids that stand more than once in the whole tree."""
        with self.connect() as connection:
            return _one(connection, _DUPLICATES)


@dataclasses.dataclass(frozen=True, slots=True)
class Without:
    """What happened without shisa, measured."""

    sequence_before: int
    sequence_after: int
    duplicate_ids: int
    silent_inserts: int
    """Customers that signed up in the copy without any error."""
    sqlstate: str | None
    error: str | None
    """What the next customer of the original environment was told."""

    def as_json(self) -> dict[str, Any]:
        """Give the figures for ``shisa demo --format json``."""
        return dataclasses.asdict(self)


def build(server: Server, database: str, folder: Path, *, rows: int, rows_after_backup: int) -> Incident:
    """Build the environments, back them up online, and let the live system move on."""
    with connect(server.dsn(), application_name="shisa/demo") as connection:
        connection.execute(f'CREATE DATABASE "{database}"'.encode())
    backup = folder / f"{database}.dump"
    incident = Incident(server, database, backup)
    with incident.connect() as connection:
        connection.execute(_BUILD)
        _sign_up(connection, "env_a", rows)
        server.run("pg_dump", "-Fc", "-n", "base", "-n", "env_a", "-f", backup, dbname=database)
        _sign_up(connection, "env_a", rows_after_backup)
    return incident


def without(incident: Incident) -> Without:
    """Clone by hand, the way it was done: the restore rewinds the sequence, and nobody is told."""
    before = incident.sequence()
    with incident.connect() as connection:
        connection.execute(_COPY)
    incident.server.run("pg_restore", "-a", "-n", "base", "-d", incident.database, incident.backup)
    after = incident.sequence()
    silent = max(1, (before - after) // 10)
    sqlstate = error = None
    with incident.connect() as connection:
        _sign_up(connection, "env_b", silent)
        try:
            _sign_up(connection, "env_a", 1)
        except Exception as failed:  # noqa: BLE001 - whatever the customer is told is the point
            sqlstate, error = getattr(failed, "sqlstate", None), str(failed).splitlines()[0]
    return Without(before, after, incident.duplicates(), silent, sqlstate, error)


class Customers:
    """Four clients that sign up customers in the original environment, from ``begin`` to the end of the block."""

    def __init__(self, incident: Incident) -> None:
        self._incident = incident
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.errors: list[str] = []
        """What customers were told who were refused."""

    def begin(self) -> None:
        """Let them come."""
        self._threads = [threading.Thread(target=self._sign_up, daemon=True) for _ in range(_CLIENTS)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _sign_up(self) -> None:
        try:
            with self._incident.connect() as connection:
                while not self._stop.wait(0.01):
                    _sign_up(connection, "env_a", 1)
        except Exception as failed:  # noqa: BLE001 - every error of a customer is reported
            self.errors.append(str(failed).splitlines()[0])


def move_in(incident: Incident, count: int) -> None:
    """Let customers sign up in the copy and in the original afterwards; raises where one is refused."""
    with incident.connect() as connection:
        for schema in ("env_b", "env_a"):
            _sign_up(connection, schema, count)


def _sign_up(connection: Connection[Any], schema: str, count: int) -> None:
    insert = f"INSERT INTO {schema}.customer (name) SELECT 'customer ' || n FROM generate_series(1, {count}) AS n"  # noqa: S608
    connection.execute(insert.encode())


def _one(connection: Connection[Any], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    if row is None:
        raise UsageError("the demo's database gave no answer")
    return int(row[0])
