"""Reach a target from outside a run: a connection and where it really leads, or one sentence why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.errors import ConnectError, UsageError
from runner.postgres.connect import connect, where
from runner.postgres.identity import Identity, identify

if TYPE_CHECKING:
    from psycopg import Connection


def reach(
    conninfo: str, *, application_name: str, made: type[Connection[Any]] | None = None
) -> tuple[Connection[Any], Identity]:
    """Connect, by a connection of a class, and ask the server what it is.

    Raises ConnectError where either fails; then nothing stays open.
    """
    import psycopg

    connection = connect(conninfo, application_name=application_name, made=made)
    try:
        return connection, identify(connection)
    except psycopg.Error as error:
        connection.close()
        first = (str(error).strip().splitlines() or ["no reason was given"])[0]
        raise ConnectError(
            f"The server does not tell what it is: {first}", hint="The role needs the functions that PUBLIC may call."
        ) from None


def shown(conninfo: str) -> str:
    """Name a connection string for people: role, server and database, never its password or its options.

    Raises UsageError where it cannot be read.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        given = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        raise UsageError(
            "The target's connection string cannot be read.",
            hint="Write postgresql://user@host:port/dbname; a password may stand in ~/.pgpass.",
        ) from None
    user = f"{given['user']}@" if given.get("user") else ""
    database = f"/{given['dbname']}" if given.get("dbname") else ""
    return f"{user}{where(given)}{database}"
