"""``shisa journal init``: install a team journal, or bring it up to the format and the functions of this version."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from runner.errors import JournalError, UsageError
from runner.journal.postgres import CODE, FORMAT, script
from runner.journal.postgres.faults import worded
from runner.journal.writers import writers
from runner.postgres.connect import connect
from runner.postgres.reach import shown

if TYPE_CHECKING:
    from psycopg import Connection

_OLDEST = 140000
_ABOUT = (
    "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), pg_is_in_recovery(),"
    " rolsuper OR (rolcreaterole AND pg_has_role(datdba, 'MEMBER'))"
    " FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Installed:
    """What an installation did."""

    where: str
    before: int
    """The format that was found; 0 where there was no journal."""
    now: int


def install(conninfo: str) -> Installed:
    """Install a team journal in one transaction; where there is one its lines stay, and its functions are renewed.

    Raises ConnectError, UsageError for a database or role that will not do, and JournalError for a newer journal.
    """
    import psycopg

    where = shown(conninfo)
    with connect(conninfo, application_name="shisa/journal init") as connection:
        _demand(connection, where)
        try:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(hashtext('shisa journal init'))")
                connection.execute(script("roles").encode())
                connection.execute("SET LOCAL ROLE shisa_owner")
                before = _tables(connection)
                for name in (*CODE, "always", "grants"):
                    connection.execute(script(name).encode())
                connection.execute("DELETE FROM shisa.writer")
                connection.cursor().executemany("INSERT INTO shisa.writer VALUES (%s, %s)", writers())
        except psycopg.Error as error:
            raise worded(where, error) from error
    return Installed(where, before, FORMAT)


def _tables(connection: Connection[Any]) -> int:
    """Bring the tables to the newest format; tell which they had."""
    before = 0
    if connection.execute("SELECT to_regclass('shisa.version') IS NOT NULL").fetchone() == (True,):
        ((before,),) = connection.execute("SELECT format FROM shisa.version").fetchall()
    if before > FORMAT:
        raise JournalError(
            f"The team journal has format {before}, and this shisa knows format {FORMAT}.",
            hint="Use the version of shisa that wrote it.",
        )
    for number in range(before + 1, FORMAT + 1):
        connection.execute(script(f"tables-{number}").encode())
        connection.execute("UPDATE shisa.version SET format = %s", (number,))
    return before


def _demand(connection: Connection[Any], where: str) -> None:
    ((version, encoding, standby, may),) = connection.execute(_ABOUT).fetchall()
    if version < _OLDEST:
        raise UsageError(f"{where} is PostgreSQL {version // 10000}; a team journal needs 14 or newer.")
    if encoding != "UTF8":
        raise UsageError(
            f"The database {where} is in {encoding}; a journal's text is Unicode.",
            hint="CREATE DATABASE shisa ENCODING 'UTF8' TEMPLATE template0",
        )
    if standby:
        raise UsageError(f"{where} is a standby, and takes no journal.", hint="Name the primary.")
    if not may:
        raise UsageError(
            f"The role that connects to {where} may not install a journal.",
            hint="It takes a superuser, or the owner of the database with CREATEROLE.",
        )
