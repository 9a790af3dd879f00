"""Open a connection to a target, or say in one sentence why there is none."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any

from runner.errors import ConnectError
from runner.sql.quoting import quote_literal

if TYPE_CHECKING:
    from psycopg import Connection, Error

_NAME_BYTES = 63
"""PostgreSQL cuts ``application_name`` to NAMEDATALEN - 1 bytes."""
SETTINGS = ("PGOPTIONS", "PGDATESTYLE", "PGTZ", "PGGEQO")
"""Variables by which libpq would bring settings of this terminal into a session: what was approved would mean something
else, or triggers would not fire."""
_KEEPALIVES = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_NO_SLOT = "The server has no free connection slot"
_WAIT_FOR_SLOT = "Wait, or end sessions that are not needed."
_NO_SERVER = "No server listens at {where}"
_START_IT = "Is PostgreSQL running there, and is the port right?"
_NO_HOST = "The host name of {where} is not known"
_SLOW = "{where} did not answer in time"
_NETWORK = "Check the network and the firewall."
_CAUSES = (
    ("password authentication failed", "The password of {user} was refused", "Check ~/.pgpass or the service file."),
    (
        "no password supplied",
        "The server at {where} asks for a password and none was given",
        "Put it into ~/.pgpass (chmod 600) or the service file; never into the command line.",
    ),
    (r"pg_hba\.conf", "The server does not let {user} in from this machine", "It needs a line in its pg_hba.conf."),
    (
        'database ".*" does not exist',
        "There is no database {dbname} on {where}",
        "Check dbname of the target; psql -l lists them.",
    ),
    (
        'role ".*" (does not exist|is not permitted)',
        "There is no role {user} on {where}, or it may not log in",
        "Check the user of the target or URI; where it names none, that is PGUSER, else the login of this machine.",
    ),
    ("too many clients", _NO_SLOT, _WAIT_FOR_SLOT),
    ("remaining connection slots", _NO_SLOT, _WAIT_FOR_SLOT),
    ("too many connections", "The limit of connections of this role or database is reached", _WAIT_FOR_SLOT),
    ("starting up", "The server is starting up", "Wait until it takes connections, then try again."),
    ("shutting down", "The server is shutting down", "Wait until it is up again."),
    (
        "server does not support SSL",
        "The server at {where} offers no TLS and the target demands it",
        "Set sslmode of the target to what the server offers, if the network is trusted.",
    ),
    ("certificate", "The TLS certificate of {where} was not accepted", "Check sslrootcert and host of the target."),
    ("SSL", "TLS with {where} failed", "Check sslmode and the certificates of the target."),
    ("could not translate host name", _NO_HOST, "Check host of the target."),
    ("failed to resolve host", _NO_HOST, "Check host of the target."),
    ("Connection refused", _NO_SERVER, _START_IT),
    ("No such file or directory", _NO_SERVER, _START_IT),
    ("timeout", _SLOW, _NETWORK),
    ("timed out", _SLOW, _NETWORK),
    ("definition of service", "There is no {where}", "It is looked for in ~/.pg_service.conf."),
)
"""A pattern in libpq's or the server's message, what it means, what to do; the first that fits."""
_SESSION = """
set_config('application_name', {}, false), set_config('idle_session_timeout', '0', false),
set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
set_config('tcp_keepalives_count', '3', false)"""
_WATCH = ", set_config('client_connection_check_interval', '1s', false)"


def connect(
    target_conninfo: str,
    *,
    application_name: str,
    connect_timeout: int = 10,
    options: str = "",
    made: type[Connection[Any]] | None = None,
) -> Connection[Any]:
    """Open a connection in autocommit, which notices a dead network and whose statements end with this program.

    ``connect_timeout`` counts seconds and each address of a host for itself; ``options`` are command-line settings,
    as ``-c statement_timeout=5s``; ``made`` is the class to make it of. Raises ConnectError.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    given: dict[str, Any] | None
    try:
        given = conninfo_to_dict(target_conninfo)
    except psycopg.ProgrammingError:
        given = None
    if given is None or _torn(given):
        raise ConnectError(
            "The target's connection string cannot be read.",
            hint="Write postgresql://user@host:port/dbname or host=… dbname=…; a password may stand in ~/.pgpass. "
            "Within a URI its / @ : are written %2F %40 %3A.",
        )
    for name in SETTINGS:  # nothing in a conninfo keeps libpq from sending them
        os.environ.pop(name, None)
    settings: dict[str, Any] = {"connect_timeout": connect_timeout, **_KEEPALIVES} | given
    settings["application_name"] = short_name(application_name)
    settings["client_encoding"] = "UTF8"  # as every statement is sent, whatever the database or the environment says
    settings["options"] = " ".join(part for part in (str(given.get("options") or ""), options) if part)
    try:
        connection = (made or psycopg.Connection[Any]).connect(make_conninfo("", **settings), autocommit=True)
        connection.prepare_threshold = None  # behind a pooler the next transaction may be another server session's
    except psycopg.OperationalError as error:
        raise _worded(error, given) from None
    try:
        _begin_session(connection, application_name)
    except psycopg.Error as error:
        connection.close()
        raise _worded(error, given) from None
    return connection


def short_name(application_name: str) -> str:
    """Cut a name to what PostgreSQL keeps, with a hash of the whole so that two long names stay two."""
    name = application_name.encode()
    if len(name) <= _NAME_BYTES:
        return application_name
    mark = "~" + hashlib.sha256(name).hexdigest()[:8]
    return name[: _NAME_BYTES - len(mark)].decode(errors="ignore") + mark


def where(given: dict[str, Any]) -> str:
    """Name a server without its password: ``host:port``, or the service."""
    if given.get("service"):
        return f"service {given['service']}"
    host = given.get("host") or given.get("hostaddr") or "the local socket"
    return f"{host}:{given.get('port') or 5432}"


def _torn(given: dict[str, Any]) -> bool:
    """Whether a password with a slash tore a URI apart: a part of it would be shown as the port or the database."""
    port, dbname = str(given.get("port") or ""), str(given.get("dbname") or "")
    return (bool(port) and not port.replace(",", "").isdecimal()) or ("@" in dbname and not given.get("user"))


def opening(application_name: str, *, watched: bool) -> str:
    """Write what to select to name a session, and let the server end it when this program is gone, and not before.

    ``watched`` lets the server look each second while a statement runs, where it can tell (not on every system).
    """
    return _SESSION.format(quote_literal(short_name(application_name))) + (_WATCH if watched else "")


def _begin_session(connection: Connection[Any], application_name: str) -> None:
    """Send a fresh session its ``opening``. Raises psycopg.Error."""
    import psycopg

    try:
        connection.execute(f"SELECT {opening(application_name, watched=True)}".encode())
    except (psycopg.errors.InvalidParameterValue, psycopg.errors.UndefinedObject):
        connection.execute(f"SELECT {opening(application_name, watched=False)}".encode())


def _worded(error: Error, given: dict[str, Any]) -> ConnectError:
    text = str(error)
    refused = re.search(r'(?:role|user) "([^"]+)"', text)
    names = {
        "user": given.get("user") or (refused[1] if refused else "of that name"),
        "dbname": given.get("dbname") or "of that name",
    }
    sentences = {"where": where(given), **names}
    for pattern, meaning, hint in _CAUSES:
        if re.search(pattern, text):
            return ConnectError(meaning.format_map(sentences) + ".", hint=hint)
    last = error.diag.message_primary or (text.strip().splitlines() or ["no reason was given"])[-1]
    secret = given.get("password")
    shown = last.replace(str(secret), "…") if secret else last
    return ConnectError(f"No connection to {where(given)}: {shown}", hint="psql with the same settings tells more.")
