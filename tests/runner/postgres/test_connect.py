"""A connection notices a dead network; one that fails is told in a sentence with a hint, without the password."""

import socket

import psycopg
import pytest

from runner.errors import ConnectError
from runner.postgres.connect import connect, short_name
from runner.postgres.identity import MARKER, identify
from tests.runner.postgres.test_clients import AMBIENT


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]  # bound and not listening: refused for as long as the test runs


def refused(conninfo):
    with pytest.raises(ConnectError) as error:
        connect(conninfo, application_name="shisa/test", connect_timeout=3)
    assert error.value.exit_code == 2
    assert error.value.hint
    assert error.value.__cause__ is None
    return error.value


def test_no_server(free_port):
    error = refused(f"postgresql://u:geheim@127.0.0.1:{free_port}/db")
    assert error.message == f"No server listens at 127.0.0.1:{free_port}."
    assert "geheim" not in f"{error.message}{error.hint}"


def test_a_session_that_cannot_be_set_up_is_refused_and_ended(database):
    database.execute(
        "CREATE SCHEMA odd;"
        "CREATE FUNCTION odd.set_config(text, text, bool) RETURNS text LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE 'not here'; END $$;"
        f"ALTER DATABASE {database.connect().info.dbname} SET search_path = odd, pg_catalog"
    )
    assert refused(database.dsn).message.endswith(": not here")
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shisa/test'"
    assert database.connect().execute(left).fetchone() == (0,)


def test_the_environment_brings_no_settings_into_a_session(database, monkeypatch):
    names = {"PGOPTIONS": "session_replication_role", "PGDATESTYLE": "DateStyle", "PGTZ": "TimeZone", "PGGEQO": "geqo"}
    plain = connect(database.dsn, application_name="shisa/test")
    due = [plain.execute(f"SHOW {name}").fetchone() for name in names.values()]
    for name, value in {**AMBIENT, "PGGEQO": "off"}.items():
        monkeypatch.setenv(name, value)
    session = connect(database.dsn, application_name="shisa/test")
    assert [session.execute(f"SHOW {name}").fetchone() for name in names.values()] == due
    plain.close()
    session.close()


def test_no_such_database(server):
    assert refused(server.dsn("gone")).message.startswith("There is no database gone on ")


def test_a_refused_role_is_told_by_the_name_that_libpq_took_where_none_was_given(server, monkeypatch):
    monkeypatch.setenv("PGUSER", "nobody_here")
    parts = psycopg.conninfo.conninfo_to_dict(server.dsn())
    error = refused(psycopg.conninfo.make_conninfo("", **{**parts, "user": None}))
    assert error.message == "The password of nobody_here was refused."  # as with SCRAM of any role that is not there


def test_a_wrong_password(server):
    parts = psycopg.conninfo.conninfo_to_dict(server.dsn())
    parts.pop("passfile", None)
    error = refused(psycopg.conninfo.make_conninfo("", **{**parts, "password": "geheim"}))
    assert error.message == f"The password of {parts['user']} was refused."
    assert "geheim" not in f"{error.message}{error.hint}"


def test_no_password(server, monkeypatch):
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    monkeypatch.delenv("PGPASSWORD", raising=False)
    parts = psycopg.conninfo.conninfo_to_dict(server.dsn())
    for name in ("passfile", "password"):
        parts.pop(name, None)
    assert "asks" in refused(psycopg.conninfo.make_conninfo("", **parts)).message


def test_a_server_without_tls(server):
    assert "offers no TLS" in refused(f"{server.dsn()}&sslmode=require").message


def test_no_free_connection(database):
    with psycopg.connect(database.dsn, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
        admin.execute("DROP ROLE IF EXISTS limited")
        admin.execute("CREATE ROLE limited LOGIN")
        try:
            verifier = admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname = current_user").fetchone()[0]
            admin.execute(f"ALTER ROLE limited PASSWORD '{verifier}'")
            error = refused(database.server.dsn(database.name, user="limited"))
        finally:
            admin.execute("DROP ROLE limited")
    assert error.message == "The limit of connections of this role or database is reached."


@pytest.mark.parametrize("conninfo", ["nonsense", "postgresql://h ost/db", "bogus=1"])
def test_a_connection_string_that_cannot_be_read(conninfo):
    assert refused(conninfo).message == "The target's connection string cannot be read."


def test_a_service_that_is_not_defined():
    assert refused("service=shisa_has_no_such_service").message == "There is no service shisa_has_no_such_service."


def test_a_host_that_is_not_known():
    assert "is not known" in refused("host=shisa.invalid").message


def test_the_session_is_named_and_watched(database):
    with connect(database.dsn, application_name="shisa/run/step") as connection:
        assert connection.autocommit
        assert connection.execute("SHOW application_name").fetchone() == ("shisa/run/step",)
        assert connection.execute("SHOW client_connection_check_interval").fetchone() == ("1s",)
        assert connection.info.get_parameters()["keepalives_idle"] == "30"


def test_options_of_the_target_are_kept(database):
    dsn = f"{database.dsn}&options=-c%20lock_timeout%3D7s"
    with connect(dsn, application_name="x", options="-c statement_timeout=9s") as connection:
        assert connection.execute("SHOW lock_timeout").fetchone() == ("7s",)
        assert connection.execute("SHOW statement_timeout").fetchone() == ("9s",)


@pytest.mark.parametrize(
    ("name", "length"), [("short", 5), ("x" * 63, 63), ("x" * 64, 63), ("é" * 60, 63), ("日" * 40, 63)]
)
def test_a_long_name_is_cut_to_what_postgresql_keeps(name, length):
    short = short_name(name)
    assert length - 2 <= len(short.encode()) <= length
    assert short_name(f"{name}2") != short


def test_a_database_is_told_by_what_stays(database, server):
    with connect(database.dsn, application_name="x") as connection:
        found = identify(connection)
        again = identify(connection)
        connection.execute(f"ALTER DATABASE {database.name} SET {MARKER} = 'staging'")
    assert found == again
    assert (found.database, found.in_recovery, found.read_only, found.environment) == (
        database.name,
        False,
        False,
        None,
    )
    assert found.timeline == 1
    with connect(database.dsn, application_name="x", options="-c default_transaction_read_only=on") as connection:
        marked = identify(connection)
    assert (marked.environment, marked.read_only, marked.fingerprint) == ("staging", True, found.fingerprint)
    with connect(server.dsn(), application_name="x") as connection:
        other = identify(connection)
    assert other.system_identifier == found.system_identifier
    assert other.fingerprint != found.fingerprint
    assert found.as_json()["fingerprint"] == found.fingerprint


def test_an_ordinary_role_may_ask_for_the_identity(database):
    with connect(database.dsn, application_name="x") as connection:
        owner = identify(connection)
        connection.execute("SET ROLE pg_monitor")
        monitor = identify(connection)
        connection.execute("SET ROLE pg_signal_backend")
        ordinary = identify(connection)
    assert (monitor.role, ordinary.role) == ("pg_monitor", "pg_signal_backend")
    assert owner.fingerprint == monitor.fingerprint == ordinary.fingerprint
