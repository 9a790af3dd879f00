"""Incident 2 on a real server: a restore by hand resets what customers saved since the backup, and nobody is told.

Source: the operations talk of August 2019 retold in docs/why.md. The question was "do they use the feature?", the
answer "they plan to, but have not started", and settings that had been saved were taken for settings that nobody has.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import UsageError
from runner.postgres.connect import connect

if TYPE_CHECKING:
    from psycopg import Connection

    from runner.demo.server import Server

TENANT = 42
_LOST = 30
"""Expenses that the tenant deleted by mistake after the backup."""
_BUILD = """
CREATE TABLE tenants (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO tenants VALUES (7, 'Nanairo Trading'), (19, 'Hokuto Works'), (42, 'ACME K.K.');
CREATE TABLE expenses (
  id serial PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, amount int NOT NULL, memo text NOT NULL);
CREATE TABLE settings (
  tenant_id int NOT NULL REFERENCES tenants, name text NOT NULL, value text NOT NULL, PRIMARY KEY (tenant_id, name));
INSERT INTO expenses (tenant_id, amount, memo)
SELECT t.id, n * 100, 'taxi ' || n FROM tenants t, generate_series(1, 60) n;
INSERT INTO settings SELECT t, 'workflow ' || n, 'as delivered' FROM unnest(ARRAY[7, 19]) t, generate_series(0, 9) n;
"""
_SAVE = """
INSERT INTO settings
SELECT (ARRAY[42, 7, 19])[1 + n %% 3], 'workflow ' || n / 3, 'as the customer wants it'
  FROM generate_series(0, %s - 1) n
ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value"""
_DELETE = "DELETE FROM expenses WHERE id IN (SELECT id FROM expenses WHERE tenant_id = %s ORDER BY id DESC LIMIT %s)"
_BY_HAND = "TRUNCATE expenses, settings"
_SAVED = "SELECT tenant_id, name, value FROM settings"


@dataclasses.dataclass(frozen=True, slots=True)
class Incident:
    """One database in which the accident is about to happen, and the backup taken before customers saved settings."""

    server: Server
    database: str
    backup: Path

    @property
    def conninfo(self) -> str:
        """Where the database is; the password stands in the server's passfile."""
        return self.server.dsn(self.database)

    def saved(self) -> frozenset[tuple[int, str, str]]:
        """Read every setting that a customer has saved."""
        with self._connect() as connection:
            return frozenset(connection.execute(_SAVED).fetchall())

    def expenses(self) -> int:
        """Count the expenses of the tenant that asked."""
        return self._one("SELECT count(*) FROM expenses WHERE tenant_id = %s", TENANT)

    def name_of(self, tenant: str | None) -> str:
        """Give a tenant's name."""
        with self._connect() as connection:
            row = connection.execute("SELECT name FROM tenants WHERE id::text = %s", (tenant,)).fetchone()
        return "" if row is None else str(row[0])

    def _one(self, query: str, *values: int) -> int:
        with self._connect() as connection:
            row = connection.execute(query.encode(), values).fetchone()
        if row is None:
            raise UsageError("the demo's database gave no answer")
        return int(row[0])

    def _connect(self) -> Connection[Any]:
        return connect(self.conninfo, application_name="customer")


@dataclasses.dataclass(frozen=True, slots=True)
class Without:
    """What happened without shisa, measured."""

    rows_restored: int
    settings_reset: int
    """Settings that customers had saved and that are gone, or back to what they were."""
    tenants_hit: int
    error: str | None
    """What anybody was told."""


def build(server: Server, database: str, folder: Path, *, saved_after_backup: int) -> Incident:
    """Build the service, back it up, and let customers work: settings are saved, one tenant deletes too much."""
    with connect(server.dsn(), application_name="shisa/demo") as connection:
        connection.execute(f'CREATE DATABASE "{database}"'.encode())
    incident = Incident(server, database, folder / f"{database}.dump")
    with connect(incident.conninfo, application_name="customer") as connection:
        connection.execute(_BUILD)
        server.run("pg_dump", "-Fc", "-f", incident.backup, dbname=database)
        connection.execute(_SAVE, (saved_after_backup,))
        connection.execute(_DELETE, (TENANT, _LOST))
    return incident


def without(incident: Incident) -> Without:
    """Bring the rows back by hand, the way it was done: both tables out of the backup, and nobody is told."""
    before, had = incident.saved(), incident.expenses()
    with connect(incident.conninfo, application_name="by hand") as connection:
        connection.execute(_BY_HAND)
    tables = ("-t", "expenses", "-t", "settings")
    incident.server.run("pg_restore", "-a", *tables, "-d", incident.database, incident.backup)
    gone = before - incident.saved()
    return Without(incident.expenses() - had, len(gone), len({tenant for tenant, _, _ in gone}), None)
